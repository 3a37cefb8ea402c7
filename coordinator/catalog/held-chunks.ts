/** Column chunks by how many hold them: datasets that name them, and jobs that read them. One is deleted with its last holder. */
import type { BlockId } from '../../shared/ids.ts';
import type { BlockStore } from '../blocks/block-store.ts';
import { Turns } from './turns.ts';

export class HeldChunks {
  readonly #store: BlockStore;
  readonly #holders = new Map<BlockId, number>();
  /** A chunk's file is moved in and deleted one after the other: it may come back while it goes. */
  readonly #files = new Turns(1);

  constructor(store: BlockStore) {
    this.#store = store;
  }

  has(blockId: BlockId): boolean {
    return this.#store.has(blockId);
  }

  hold(blockIds: Iterable<BlockId>): void {
    for (const blockId of blockIds) this.#holders.set(blockId, (this.#holders.get(blockId) ?? 0) + 1);
  }

  /** Takes over a finished file; hold the chunk before. @throws BlockError */
  async adopt(blockId: BlockId, path: string): Promise<void> {
    await this.#files.run(blockId, undefined, () => this.#store.adopt(blockId, path));
  }

  /** One holder less; deletes the chunks that nobody holds any more. @throws BlockError */
  async release(blockIds: Iterable<BlockId>): Promise<void> {
    const unheld: BlockId[] = [];
    for (const blockId of blockIds) {
      const left = (this.#holders.get(blockId) ?? 1) - 1;
      if (left > 0) this.#holders.set(blockId, left);
      else {
        this.#holders.delete(blockId);
        unheld.push(blockId);
      }
    }
    for (const blockId of unheld) {
      await this.#files.run(blockId, undefined, async () => {
        if (!this.#holders.has(blockId)) await this.#store.delete([blockId]);
      });
    }
  }
}
