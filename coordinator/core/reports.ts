/** What tabs report about attempts. A report that comes late changes no task; its block is one line of that tab's inventory. */
import { cancelAttempt, endAttempt } from './attempts.ts';
import { bucketCount } from './buckets.ts';
import { scheduleWake } from './deadlines.ts';
import type { CoreEventOf } from './events.ts';
import { failAttempt } from './failures.ts';
import { acceptBlock } from './inventory.ts';
import { writeAcceptance } from './journal.ts';
import { storeOf } from './local-worker.ts';
import { blockCame } from './losses.ts';
import { jobsOf } from './queue.ts';
import { refuse, reportedLate } from './returning.ts';
import { noteRun } from './second-attempts.ts';
import { learn, learnFromUnfinished } from './speeds.ts';
import type { Attempt, Core } from './state.ts';
import { note } from './stories.ts';

export function attemptStarted(core: Core, { sessionId, attemptId }: CoreEventOf<'attemptStarted'>): void {
  const attempt = core.attempts.get(attemptId);
  if (attempt?.worker.sessionId !== sessionId || attempt.startedAtMs !== undefined) return;
  attempt.startedAtMs = core.now;
  attempt.expiresAtMs = core.now + core.limits.leaseMs;
  scheduleWake(core, attempt.worker);
}

export function attemptSucceeded(core: Core, event: CoreEventOf<'attemptSucceeded'>): void {
  const attempt = core.attempts.get(event.attemptId);
  if (attempt?.worker.sessionId !== event.sessionId) {
    reportedLate(core, event);
    return;
  }
  const { task, worker, record } = attempt;
  if (task.blockId !== event.blockId || event.buckets.length !== bucketCount(task.partitioning)) {
    const message = `${worker.workerId} reported another block, or other buckets, than it was asked for`;
    failAttempt(core, attempt, { reason: 'resource', code: 'wrong-block', message });
    if (event.blockId !== task.blockId) refuse(core, event, worker, core.blocks.get(event.blockId), message);
    return;
  }
  if (!event.inline && !storeOf(worker)) {
    failAttempt(core, attempt, { reason: 'resource', code: 'not-kept', message: `${worker.workerId} could not keep the block` });
    return;
  }
  learn(core, attempt, event.costs);
  if (event.log !== undefined) noteLog(core, attempt, event.log);
  noteRun(core, attempt);
  const how = event.merged ? 'the coordinator merged a few rows itself, without an engine' : 'it reported its block';
  endAttempt(core, attempt, 'succeeded', how, event.costs);
  for (const other of task.attempts) outrun(core, other, attempt);
  worker.tasksDone++;
  if (record.cause === 'recompute') worker.recomputed++;
  const before = core.blocks.get(event.blockId)?.digest;
  const block = acceptBlock(core, event.blockId, task.salted, event);
  if (!block) {
    // A copy of the accepted bytes is there after all, so these others are not wanted.
    refuse(core, event, worker, core.blocks.get(event.blockId), 'another digest is accepted and held');
    const held = core.blocks.get(event.blockId);
    if (held) blockCame(core, held, undefined);
    return;
  }
  if (before !== undefined && before !== block.digest)
    note(core, block.id, 'digestChanged', 'a rerun gave other bytes', [worker.workerId]);
  worker.rows += block.rows;
  const { fetchMs, loadMs, computeMs, packMs } = event.costs;
  block.runMs = fetchMs + loadMs + computeMs + packMs;
  writeAcceptance(core, block, task, attempt);
  if (event.inline) block.onCoordinator = true;
  blockCame(core, block, storeOf(worker));
}

/** Its task is done by another one. */
function outrun(core: Core, attempt: Attempt, { worker }: Attempt): void {
  learnFromUnfinished(core, attempt);
  cancelAttempt(core, attempt, `${worker.workerId} was first`);
}

/** A line for each job that the attempt serves: who may see a line is decided by the job that it names. */
function noteLog(core: Core, { id, task, worker }: Attempt, log: string): void {
  for (const { id: jobId } of jobsOf(task)) note(core, id, 'guestLogged', log, [jobId, worker.workerId], { jobId });
}

export function attemptFailed(core: Core, { sessionId, attemptId, failure }: CoreEventOf<'attemptFailed'>): void {
  const attempt = core.attempts.get(attemptId);
  if (attempt?.worker.sessionId !== sessionId) {
    note(core, attemptId, 'reportIgnored', `its attempt is not known: ${failure.message}`);
    return;
  }
  failAttempt(core, attempt, failure);
}
