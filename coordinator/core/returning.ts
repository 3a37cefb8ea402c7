/**
 * Blocks that come back: a tab reloads, wakes up, or reports when its attempt was given up long ago. An id proves nothing, so a
 * block counts only with the digest that was accepted for it; what does not count the tab may forget.
 */
import type { BlockId, Digest } from '../../shared/ids.ts';
import { bucketCount } from './buckets.ts';
import { INVENTORY_UNMATCHED } from './constants.ts';
import type { CoreEventOf } from './events.ts';
import { acceptBlock, dropFrom } from './inventory.ts';
import { writeAcceptance } from './journal.ts';
import { storeOf } from './local-worker.ts';
import { blockCame } from './losses.ts';
import type { EndedAttempt } from './records.ts';
import { claim, workerReturned } from './restart.ts';
import type { Block, Core, Store, Task, Worker } from './state.ts';
import { note } from './stories.ts';

type Line = CoreEventOf<'inventoryReported'>['blocks'][number];
type Report = CoreEventOf<'attemptSucceeded'>;

/** Lines that match nothing are kept until the last part: what they name may be accepted meanwhile. */
export function inventoryReported(core: Core, { sessionId, blocks, last }: CoreEventOf<'inventoryReported'>): void {
  const worker = core.workers.get(sessionId);
  const store = worker && storeOf(worker);
  if (!worker || !store) {
    note(core, sessionId, 'eventIgnored', 'an inventory of nobody who keeps blocks');
    return;
  }
  let taken = 0;
  for (const line of blocks) {
    if (takeLine(core, store, line)) taken++;
    else if (worker.unmatched.length < INVENTORY_UNMATCHED) worker.unmatched.push(line);
    else dropUnlessMade(core, store, line.blockId);
  }
  if (blocks.length > 0) {
    const detail = { lines: blocks.length, taken };
    note(core, worker.workerId, 'inventoryReported', `${taken} of ${blocks.length} blocks are as accepted`, [], detail);
  }
  if (!last) return;
  workerReturned(core, worker.workerId);
  for (const line of worker.unmatched.splice(0)) if (!takeLine(core, store, line)) dropUnlessMade(core, store, line.blockId);
}

/** The store holds the block, if the line has its accepted digest. Recomputes of it end. */
function takeLine(core: Core, store: Store, { blockId, digest }: Line): boolean {
  const block = knownBlock(core, blockId, digest);
  if (!block) return false;
  if (!block.stores.has(store)) blockCame(core, block, store);
  return true;
}

/** The block, if this is its accepted digest; one that is only remembered is known again. */
function knownBlock(core: Core, id: BlockId, digest: Digest): Block | undefined {
  const block = core.blocks.get(id);
  if (block) return block.digest === digest ? block : undefined;
  const earlier = core.restart?.blocks.get(id);
  if (earlier) return earlier.digest === digest && !earlier.salted ? claim(core, id) : undefined;
  const remembered = core.remembered.get(id);
  if (remembered?.digest !== digest) return undefined;
  return acceptBlock(core, id, false, remembered);
}

/** A copy that is counted already, or that another tab of the profile is about to report, is left alone. */
function dropUnlessMade(core: Core, store: Store, id: BlockId): void {
  const isMade = [...(core.tasks.get(id)?.attempts ?? [])].some(({ worker }) => worker.store === store);
  if (!isMade && !core.blocks.get(id)?.stores.has(store)) dropFrom(core, store, id);
}

/** A report whose attempt has ended for us. It changes no task; its block is one line of its tab's inventory. */
export function reportedLate(core: Core, event: Report): void {
  const worker = core.workers.get(event.sessionId);
  const ended = core.ended.get(event.attemptId);
  const { blockId } = event;
  if (!worker || ended?.storeId !== worker.store.id || ended.blockId !== blockId || !(event.inline || storeOf(worker))) {
    refuse(core, event, worker, core.blocks.get(blockId), 'its attempt is not known');
    return;
  }
  core.ended.delete(event.attemptId);
  const block = knownBlock(core, blockId, event.digest) ?? firstAccepted(core, event, ended);
  if (!block) {
    refuse(core, event, worker, core.blocks.get(blockId), 'another digest is accepted, or its inputs have changed since');
    return;
  }
  note(core, event.attemptId, 'lateReport', 'counted as inventory', [worker.workerId, blockId]);
  if (event.inline) block.onCoordinator = true;
  blockCame(core, block, storeOf(worker));
}

/**
 * Nothing was accepted under this id yet and a task still wants it. The attempt was ours, given to this very store, and has read
 * what another attempt would read now: its bytes are as good as they would have been in time.
 */
function firstAccepted(core: Core, report: Report, ended: EndedAttempt): Block | undefined {
  const { blockId, buckets } = report;
  const task = core.tasks.get(blockId);
  if (!task || core.blocks.has(blockId) || core.remembered.has(blockId)) return undefined;
  if (buckets.length !== bucketCount(task.partitioning) || !hasReadTheSame(core, task, ended)) return undefined;
  const block = acceptBlock(core, blockId, task.salted, report);
  if (block) writeAcceptance(core, block, task);
  return block;
}

function hasReadTheSame(core: Core, task: Task, ended: EndedAttempt): boolean {
  return task.sources.every(
    (source) =>
      source.kind !== 'group' ||
      source.group.producers.every((p) => (core.blocks.get(p.blockId)?.acceptedAt ?? Number.POSITIVE_INFINITY) < ended.number),
  );
}

/** The tab may forget the block, and the coordinator the bytes that rode along. */
export function refuse(core: Core, event: Report, worker: Worker | undefined, block: Block | undefined, why: string): void {
  note(core, event.attemptId, 'reportIgnored', why, worker ? [worker.workerId] : []);
  if (worker && !block?.stores.has(worker.store)) dropFrom(core, worker.store, event.blockId);
  if (event.inline && !block?.onCoordinator) core.discards.push(event.blockId);
}
