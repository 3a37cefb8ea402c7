/** Copies to the coordinator that were asked for came, or failed. */
import type { JobError } from '../../shared/failure.ts';
import type { BlockId } from '../../shared/ids.ts';
import { collect, isHeld, isPinned, releaseBlock } from './inventory.ts';
import { markDone } from './lineage.ts';
import { copiesLost, resultCame } from './losses.ts';
import { isWanted } from './overflow.ts';
import { jobsOf } from './queue.ts';
import { collectAhead } from './results.ts';
import { type Block, type Core, isResult, type Store, type Task } from './state.ts';
import { note } from './stories.ts';
import { isInTabs, makeRoom } from './yielding.ts';

export function collected(core: Core, id: BlockId, digest: string): void {
  core.collecting.delete(id);
  const block = core.blocks.get(id);
  if (!block || block.digest !== digest) {
    note(core, id, 'copyIgnored', block ? 'its digest is not the accepted one' : 'no such block');
    if (!block) core.discards.push(id);
    else if (!block.onCoordinator) collectFailed(core, id, 'the copy has another digest than the accepted one');
    return;
  }
  block.onCoordinator = true;
  block.collectsFailed = 0;
  core.noRoom = undefined;
  note(core, id, 'blockCollected', 'the coordinator has a copy');
  const task = core.tasks.get(id);
  if (task && task.state !== 'done') markDone(core, task);
  if (task) resultCame(core, task);
  if (!isPinned(core, block)) releaseBlock(core, block);
}

/** Those who were asked are taken to have lost it, unless there was no room; after a few rounds the cause is not with them. */
export function collectFailed(core: Core, id: BlockId, why: string, noRoom = false): void {
  const asked = core.collecting.get(id);
  const stores = asked?.stores ?? [];
  core.collecting.delete(id);
  const block = core.blocks.get(id);
  if (!block) return;
  const reason = noRoom ? `the coordinator has no room: ${why}` : collectReason(core, stores, why);
  note(core, id, 'collectFailed', reason);
  const task = core.tasks.get(id);
  if (noRoom) {
    const isForJobs = isMissed(core, block);
    if (isForJobs && makeRoom(core, block)) {
      collect(core, block, asked?.urgency);
      return;
    }
    // Only for later jobs: no reason to hold up those that run.
    if (!isForJobs && block.keeps > 0) {
      core.keeping.noRoom = true;
      return;
    }
    core.noRoom = why;
  }
  // A copy that only makes room in a tab may be tried for ever: failStuck knows when that is in vain.
  if (noRoom && !isCopyWanted(task)) return;
  block.collectsFailed++;
  if (task && block.collectsFailed >= core.limits.collectsPerBlock) {
    const error: JobError = {
      code: 'result-not-collected',
      title: 'The result could not be copied to the coordinator',
      detail: `${block.collectsFailed} copies of a block of ${block.bytes} bytes failed, the last one because: ${reason}.`,
      hint: "Look at the coordinator's free disk space and its log, then submit the job again.",
    };
    for (const job of jobsOf(task)) core.doomed.set(job, error);
    return;
  }
  if (noRoom) {
    collect(core, block);
    return;
  }
  copiesLost(
    core,
    stores.map((store) => [block, store] as const),
    reason,
  );
  if (isHeld(block) && isCopyWanted(core.tasks.get(id))) collect(core, block);
  else if (task) collectAhead(core, task);
}

/**
 * Why a copy failed, in words for people. The shell names sessions, people know workers. A copy often fails just before its
 * tab's session is found to be closed, so nobody can tell yet whether the tab went.
 */
function collectReason(core: Core, asked: readonly Store[], why: string): string {
  const names = new Set<string>();
  let cause = why;
  for (const sessionId of asked.flatMap((store) => [...store.sessions])) {
    const worker = core.workers.get(sessionId);
    if (!worker || !cause.includes(sessionId)) continue;
    names.add(worker.workerId);
    cause = cause.replaceAll(sessionId, worker.workerId);
  }
  if (names.size === 0) return `a copy to the coordinator failed: ${why}`;
  const who = [...names].join(' and ');
  return `${who} could not give the block to the coordinator: closed meanwhile, or no longer has it (${cause})`;
}

/** A job that runs, or whoever reads a result, needs the coordinator's copy: also where nobody waits for it, there is no other safe one. */
function isMissed(core: Core, block: Block): boolean {
  if (!isWanted(core, block)) return false;
  const isOfResult = core.tasks.get(block.id)?.refs.some(({ stage }) => isResult(stage)) ?? false;
  return block.pins > 0 || isOfResult || isCopyWanted(core.tasks.get(block.id)) || !isInTabs(core, block);
}

/** Somebody waits for the coordinator's copy itself. */
function isCopyWanted(task: Task | undefined): boolean {
  if (!task) return false;
  return task.state === 'pinning' || task.refs.some((ref) => ref.stage.job.uncollected.has(task.blockId));
}
