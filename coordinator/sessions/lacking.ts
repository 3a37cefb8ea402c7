/**
 * Tabs of one profile share a store, but each has blocks in its memory that the others can't serve. So a store has lost a block only
 * when all of its sessions said that they lack it.
 */
import type { BlockId, SessionId } from '../../shared/ids.ts';

/** Beyond this the oldest are forgotten: they are asked, and say so, once more. */
const BLOCKS_MOST = 10_000;

export class Lacking {
  readonly #byBlock = new Map<BlockId, Set<SessionId>>();

  /** True: none of the store's sessions has it. */
  note(blockId: BlockId, sessionId: SessionId, ofStore: readonly SessionId[]): boolean {
    const lacking = this.#byBlock.get(blockId) ?? new Set();
    lacking.add(sessionId);
    if (ofStore.every((id) => lacking.has(id))) {
      for (const id of ofStore) lacking.delete(id);
      if (lacking.size === 0) this.#byBlock.delete(blockId);
      return true;
    }
    this.#byBlock.set(blockId, lacking);
    const [oldest] = this.#byBlock.keys();
    if (this.#byBlock.size > BLOCKS_MOST && oldest !== undefined) this.#byBlock.delete(oldest);
    return false;
  }

  /** Those who may have it first; the others may have got it since. */
  inOrder(blockId: BlockId, holders: readonly SessionId[]): readonly SessionId[] {
    const lacking = this.#byBlock.get(blockId);
    if (!lacking) return holders;
    return [...holders.filter((id) => !lacking.has(id)), ...holders.filter((id) => lacking.has(id))];
  }

  gone(sessionId: SessionId): void {
    for (const [blockId, lacking] of this.#byBlock) {
      if (lacking.delete(sessionId) && lacking.size === 0) this.#byBlock.delete(blockId);
    }
  }
}
