/**
 * Who holds what, as far as anyone has said so: the core may believe nobody to hold a block who never claimed those very bytes, nor a store that
 * has just said it does not; and while somebody holds the bytes that were accepted, no others may take their place.
 */
import type { BlockId, SessionId, StoreId } from '../../../shared/ids.ts';
import type { CoreEvent, CoreEventOf } from '../../core/events.ts';
import type { Scheduler } from '../../core/scheduler.ts';
import type { Watcher } from '../observed-core.ts';
import { must } from './violation.ts';

interface Known {
  readonly digest: string | undefined;
  readonly isHeld: boolean;
}

const COORDINATOR = 'the coordinator';

export class HolderBook implements Watcher {
  /** Store, block and digest, as claimed. */
  readonly #claims = new Set<string>();
  readonly #stores = new Map<SessionId, StoreId>();
  readonly #before = new Map<BlockId, Known>();

  readonly before = (event: CoreEvent, scheduler: Scheduler): void => {
    if (event.type === 'workerJoined') this.#stores.set(event.sessionId, event.storeId);
    this.#before.clear();
    if (event.type === 'journalRestored')
      for (const { blockId, digest } of event.copies) this.#claim(COORDINATOR, blockId, digest);
    for (const { blockId, digest } of linesOf(event)) {
      const { onCoordinator, sessions } = scheduler.holders(blockId);
      this.#before.set(blockId, { digest: scheduler.blockInfo(blockId)?.digest, isHeld: onCoordinator || sessions.length > 0 });
      if ('sessionId' in event) this.#claim(this.#stores.get(event.sessionId) ?? event.sessionId, blockId, digest);
      if (event.type === 'blockCollected' || (event.type === 'attemptSucceeded' && event.inline))
        this.#claim(COORDINATOR, blockId, digest);
    }
  };

  readonly after = (event: CoreEvent, _commands: unknown, scheduler: Scheduler): void => {
    if (event.type === 'blocksDropped') this.#mustBeGone(event, scheduler);
    for (const [blockId, { digest, isHeld }] of this.#before) {
      const info = scheduler.blockInfo(blockId);
      if (!info) continue;
      const isKept = !isHeld || digest === undefined || digest === info.digest;
      must(isKept, 'one-accepted', () => `${blockId} was ${digest}, held, and became ${info.digest}`);
      const { onCoordinator, sessions } = scheduler.holders(blockId);
      if (onCoordinator) this.#mustHaveClaimed(COORDINATOR, blockId, info.digest);
      for (const sessionId of sessions) this.#mustHaveClaimed(this.#stores.get(sessionId) ?? sessionId, blockId, info.digest);
    }
  };

  #claim(who: string, blockId: BlockId, digest: string): void {
    this.#claims.add(`${who} ${blockId} ${digest}`);
  }

  #mustBeGone({ storeId, blockIds }: CoreEventOf<'blocksDropped'>, scheduler: Scheduler): void {
    for (const blockId of blockIds) {
      const still = scheduler.holders(blockId).sessions.some((sessionId) => this.#stores.get(sessionId) === storeId);
      must(!still, 'dropped', () => `${storeId} said that it has ${blockId} no longer, and is still to hold it`);
    }
  }

  #mustHaveClaimed(who: string, blockId: BlockId, digest: string): void {
    must(
      this.#claims.has(`${who} ${blockId} ${digest}`),
      'claimed',
      () => `${who} is to hold ${blockId} as ${digest}, and never said so`,
    );
  }
}

function linesOf(event: CoreEvent): readonly { readonly blockId: BlockId; readonly digest: string }[] {
  if (event.type === 'inventoryReported') return event.blocks;
  return event.type === 'attemptSucceeded' || event.type === 'blockCollected' ? [event] : [];
}
