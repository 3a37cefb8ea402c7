/** Attempts begin and end here, and nowhere else: records, leases and slots change together. */
import type { AttemptId } from '../../shared/ids.ts';
import type { AttemptCosts } from '../../shared/plan/task.ts';
import { charge } from './authors.ts';
import { appended } from './few.ts';
import { writeLease } from './journal.ts';
import type { AttemptCause, AttemptRecord } from './records.ts';
import { noteAlone } from './second-attempts.ts';
import type { Attempt, Core, Job, Slot, Task, Worker } from './state.ts';
import { isEligible } from './state.ts';
import { note } from './stories.ts';

/** Of tasks that nobody runs, which is most of them. */
export const NO_ATTEMPTS: ReadonlySet<Attempt> = new Set();

/** `second`: why there is one beside the task's first. */
export function beginAttempt(core: Core, job: Job, task: Task, slot: Slot, second?: string): Attempt {
  const id = `a-${core.idSeed}-${++core.attemptsMade}` as AttemptId;
  const record = newRecord(job, task, id, slot.worker, second);
  const attempt: Attempt = {
    id,
    number: core.attemptsMade,
    task,
    worker: slot.worker,
    slot,
    leasedAtMs: core.now,
    visibility: slot.worker.traits.visibility,
    job,
    record,
    expiresAtMs: core.now + core.limits.leaseMs,
  };
  task.state = 'leased';
  task.attempts = task.attempts.size === 0 ? new Set([attempt]) : new Set([...task.attempts, attempt]);
  if (task.attempts.size > 1) core.pairs++;
  core.attempts.set(id, attempt);
  setFree(core, slot, () => slot.attempts.add(attempt));
  core.behind.add(attempt);
  markHead(core, slot);
  for (const each of task.attempts) noteAlone(core, each);
  slot.worker.attempts.add(attempt);
  charge(core, job, 1);
  job.startedAtMs ??= core.now;
  writeLease(core, attempt);
  note(core, id, 'attemptLeased', record.why, [job.id, slot.worker.workerId, task.blockId], {
    cause: record.cause,
    jobId: job.id,
    workerId: slot.worker.workerId,
    stage: record.stage,
    slot: slot.index,
  });
  return attempt;
}

/** Charges an attempt to a job; also when the job that had it went and another still wants it. */
function newRecord(job: Job, task: Task, attemptId: AttemptId, { traits }: Worker, second?: string): AttemptRecord {
  let cause: AttemptCause = 'planned';
  let why = 'its inputs are there';
  if (second !== undefined) {
    cause = 'speculation';
    why = second;
  } else if (task.known.includes(job.id)) {
    cause = task.rerunWhy === undefined ? 'retry' : 'recompute';
    why = task.rerunWhy ?? task.history.at(-1)?.message ?? 'an earlier attempt ended';
  } else {
    task.known = appended(task.known, job.id);
  }
  if (second === undefined) delete task.rerunWhy;
  const ref = task.refs.find((r) => r.stage.job === job);
  const stage = ref?.stage.index ?? 0;
  const record: AttemptRecord = { attemptId, blockId: task.blockId, stage, cause, why, ...(traits.local && { local: true }) };
  job.records.push(record);
  return record;
}

/** `how`: succeeded, a failure's reason, or cancelled. The slot is free at once. */
export function endAttempt(core: Core, attempt: Attempt, how: string, why: string, costs?: AttemptCosts): void {
  const { task, slot, worker, record } = attempt;
  core.attempts.delete(attempt.id);
  if (how !== 'succeeded') rememberEnded(core, attempt);
  if (task.attempts.size > 1) core.pairs--;
  task.attempts = task.attempts.size > 1 ? new Set([...task.attempts].filter((other) => other !== attempt)) : NO_ATTEMPTS;
  setFree(core, slot, () => slot.attempts.delete(attempt));
  core.behind.delete(attempt);
  core.alone.delete(attempt);
  markHead(core, slot);
  for (const other of task.attempts) noteAlone(core, other);
  worker.attempts.delete(attempt);
  core.freed.add(slot);
  charge(core, attempt.job, -1);
  record.how = how;
  if (costs) record.costs = costs;
  const jobId = attempt.job.id;
  const detail = { how, jobId, workerId: worker.workerId, stage: record.stage, ...costs };
  note(core, attempt.id, 'attemptEnded', why, [jobId, worker.workerId, task.blockId], detail);
}

/** Its report may still come. */
function rememberEnded(core: Core, { id, task, worker, number }: Attempt): void {
  core.ended.set(id, { storeId: worker.store.id, blockId: task.blockId, salted: task.salted, number });
  if (core.ended.size <= core.limits.endedAttempts) return;
  const oldest = core.ended.keys().next().value;
  if (oldest !== undefined) core.ended.delete(oldest);
}

/** Ends it without a result and tells its tab. */
export function cancelAttempt(core: Core, attempt: Attempt, why: string): void {
  endAttempt(core, attempt, 'cancelled', why);
  core.out.push({ type: 'cancelAttempt', sessionId: attempt.worker.sessionId, attemptId: attempt.id, why });
}

function markHead(core: Core, slot: Slot): void {
  const [head] = slot.attempts;
  if (!head) return;
  core.behind.delete(head);
  if (head.headAtMs !== undefined) return;
  head.headAtMs = core.now;
  noteAlone(core, head);
}

/** The job that the attempt was charged to is let go while another still wants the task. */
export function handOver(core: Core, attempt: Attempt, to: Job): void {
  const second = attempt.record.cause === 'speculation' && attempt.task.attempts.size > 1 ? attempt.record.why : undefined;
  attempt.record.how = 'handedOver';
  charge(core, attempt.job, -1);
  attempt.job = to;
  charge(core, to, 1);
  to.startedAtMs ??= core.now;
  attempt.record = newRecord(to, attempt.task, attempt.id, attempt.worker, second);
  writeLease(core, attempt);
}

/** Keeps the slot under the right number of leases in `core.free` while `change` alters that number. */
export function setFree(core: Core, slot: Slot, change: () => void): void {
  core.free[slot.attempts.size]?.delete(slot);
  change();
  if (isEligible(slot.worker) && slot.index < slot.worker.traits.slots) core.free[slot.attempts.size]?.add(slot);
}
