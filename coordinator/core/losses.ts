/** Copies of blocks come and go; what that means for the tasks that made them. */

import type { Failure, JobError } from '../../shared/failure.ts';
import type { BlockId } from '../../shared/ids.ts';
import { addHolder, collect, forgetIfGone, isHeld, releaseBlock, removeHolder } from './inventory.ts';
import { copied } from './keeping.ts';
import { isNeeded, loseOutput, markDone, requeue, stop } from './lineage.ts';
import { jobsOf } from './queue.ts';
import { collectAhead } from './results.ts';
import { type Attempt, type Block, type Core, isGoing, isResult, type Store, type Task } from './state.ts';
import { note } from './stories.ts';

/** Readers of an indeterminate output may only start once the coordinator has it: a rerun would give other rows. */
function isServable(task: Task, block: Block): boolean {
  return task.determinacy === 'indeterminate' ? block.onCoordinator : isHeld(block);
}

/** A copy has turned up in a store, with the accepted digest. */
export function blockCame(core: Core, block: Block, store: Store | undefined): void {
  if (store) addHolder(core, block, store);
  if (store && block.keeps > 0) copied(core, block.id, store);
  const task = core.tasks.get(block.id);
  if (!task) {
    releaseBlock(core, block);
    return;
  }
  if (block.onCoordinator) resultCame(core, task);
  if (isServable(task, block)) {
    markDone(core, task);
    // Made by an attempt that a going tab was left to finish.
    if (store && isSole(core, block) && isNeeded(task)) collect(core, block, 'urgent');
    else collectAhead(core, task);
    return;
  }
  if (task.state !== 'lost') {
    stop(core, task, 'its block only has to be copied');
    task.state = 'pinning';
  }
  collect(core, block);
}

/** Jobs that waited for the coordinator's copy go on. */
export function resultCame(core: Core, task: Task): void {
  for (const { stage } of task.refs) if (stage.job.uncollected.has(task.blockId)) core.dirtyStages.add(stage);
}

/** The stores no longer hold these blocks. All copies are taken off before any task reacts. */
export function copiesLost(core: Core, lost: readonly (readonly [Block, Store])[], why: string): void {
  const affected = new Set<Block>();
  for (const [block, store] of lost) if (removeHolder(core, block, store)) affected.add(block);
  for (const block of affected) afterLoss(core, block, why);
}

export function coordinatorCopyLost(core: Core, id: BlockId, why: string): void {
  const block = core.blocks.get(id);
  // Found on the disk after a restart, and claimed by nobody yet: nobody shall.
  if (core.restart?.copies.delete(id) && !block) {
    note(core, id, 'copyLost', why);
    return;
  }
  if (!block) {
    core.lostChunks.add(id);
    note(core, id, 'chunkLost', why);
    return;
  }
  if (!block.onCoordinator) return;
  block.onCoordinator = false;
  if (block.keeps > 0) core.keeping.isThin = true;
  afterLoss(core, block, why);
  if (block.pins > 0) collect(core, block);
  for (const { stage } of core.tasks.get(id)?.refs ?? []) {
    // A result that is ready but for other blocks waits for this one again.
    if (!isResult(stage) || stage.state !== 'successful') continue;
    stage.job.uncollected.add(id);
    core.dirtyStages.add(stage);
  }
  const task = core.tasks.get(id);
  if (task) collectAhead(core, task);
}

function afterLoss(core: Core, block: Block, why: string): void {
  const task = core.tasks.get(block.id);
  if (!task) {
    forgetIfGone(core, block);
    return;
  }
  if (isServable(task, block)) return;
  if (task.state === 'pinning') {
    if (isHeld(block)) return;
    task.rerunWhy = why;
    requeue(core, task);
  } else if (task.state === 'done' && task.determinacy === 'indeterminate') {
    loseIndeterminate(core, task, block, why);
  } else {
    loseOutput(core, task, why);
  }
}

/** Copied anew where a tab still has it; made anew only if nobody can have read the old rows. */
function loseIndeterminate(core: Core, task: Task, block: Block, why: string): void {
  const wasRead = task.feeds.some(
    (group) => [...group.users].some((user) => user.attempts.size > 0) || group.consumers > group.users.size,
  );
  if (!isHeld(block) && wasRead && isNeeded(task)) {
    const error: JobError = {
      code: 'indeterminate-lost',
      title: 'Part of the work is gone and cannot be repeated',
      detail: `${task.title} gives other rows each time it runs, later stages have read some of them, and its output is lost (${why}).`,
      hint: 'Submit the job again.',
    };
    for (const job of jobsOf(task)) core.doomed.set(job, error);
    return;
  }
  loseOutput(core, task, why);
  // Not a rerun yet: if a tab has the block, it only has to be copied again.
  if (isHeld(block)) blockCame(core, block, undefined);
}

/** An attempt could not get slices: their copies older than its lease count as lost. Returns slices we believed in. */
export function slicesMissing(core: Core, attempt: Attempt, failure: Failure): { strays: number; gone: string | undefined } {
  const lost: [Block, Store][] = [];
  let strays = 0;
  let gone: string | undefined;
  for (const { blockId, why } of failure.slices ?? []) {
    const id = blockId as BlockId;
    const block = core.blocks.get(id);
    if (core.lostChunks.has(id)) gone = id;
    if (!block || block.onCoordinator) strays++;
    else for (const [store, since] of block.stores) if (since <= attempt.leasedAtMs) lost.push([block, store]);
    note(core, id, 'sliceMissed', why, [attempt.worker.workerId], { attemptId: attempt.id });
  }
  if (!failure.slices?.length) strays++;
  copiesLost(core, lost, `${failure.message} (told by ${attempt.worker.workerId})`);
  return { strays, gone };
}

/** All its tabs are about to go. */
export function isStoreGoing(core: Core, store: Store): boolean {
  for (const sessionId of store.sessions) {
    const worker = core.workers.get(sessionId);
    if (worker && !isGoing(worker)) return false;
  }
  return true;
}

/** Nobody will have it when those who are about to go are gone. */
function isSole(core: Core, block: Block): boolean {
  return !block.onCoordinator && [...block.stores.keys()].every((store) => isStoreGoing(core, store));
}

/** What of this store's blocks would be lost and made again. */
export function soleCopies(core: Core, store: Store): Block[] {
  return [...store.blocks].filter((block) => {
    const task = core.tasks.get(block.id);
    return isSole(core, block) && (block.keeps > 0 || (task !== undefined && isNeeded(task)));
  });
}
