/**
 * Who runs what. New work looks for its best slot; a slot that came free looks for its best work: of the job whose turn it is
 * (policies/fairness.ts), first what it holds loaded, then what its store holds, then the oldest. Work whose input is loaded
 * elsewhere moves only when waiting would cost more than loading.
 */
import { adoptions } from './adoption.ts';
import { beginAttempt } from './attempts.ts';
import { isBefore, nextOf } from './authors.ts';
import { QUEUE_LOOKAHEAD, STEAL_GAIN_MS, STEAL_LOOKAHEAD } from './constants.ts';
import { scheduleWake } from './deadlines.ts';
import { localOffer, nextLocalTask } from './local-worker.ts';
import { dequeue, enqueue, jobsOf, mayLease } from './queue.ts';
import { recall } from './recall.ts';
import { homeOf, loadMs } from './residents.ts';
import { secondsDue } from './second-attempts.ts';
import { specOf } from './spec.ts';
import { runMs, waitMs } from './speeds.ts';
import { type Attempt, type Core, isEligible, type Job, type Slot, type Task, type Worker } from './state.ts';
import { note } from './stories.ts';

export function dispatch(core: Core): void {
  core.stealAtMs = Number.POSITIVE_INFINITY;
  for (const { job, task, slot, was } of adoptions(core)) {
    const { id } = lease(core, job, task, slot);
    note(core, id, 'attemptAdopted', `it has run there as ${was} since before the session`, [job.id, slot.worker.workerId]);
  }
  do {
    giveOut(core);
  } while (relieve(core));
  for (const { first, slot, why } of secondsDue(core, (task, at) => shuns(core, task, at.worker)))
    lease(core, first.job, first.task, slot, why);
}

function giveOut(core: Core): void {
  do {
    const waiting = nextLocalTask(core);
    if (waiting) lease(core, waiting.offer.job, waiting.task, waiting.offer.slot);
    for (const task of core.fresh.splice(0)) if (task.state === 'ready') offer(core, task);
    for (let leases = 0; leases < core.limits.leasesPerSlot; leases++) fill(core, leases);
    core.freed.clear();
  } while (core.fresh.length > 0);
  spread(core);
}

/** Slots with this many leases get one more each, while there is work for them. */
function fill(core: Core, leases: number): void {
  const slots = core.free[leases];
  if (!slots || core.readyJobs.size === 0) return;
  for (const slot of core.freed) if (slots.has(slot)) give(core, slot);
  let refusals = 0;
  for (const slot of slots) {
    if (refusals >= STEAL_LOOKAHEAD || !hasPlain(core)) return;
    if (slot.attempts.size === leases && !give(core, slot)) refusals++;
  }
}

function hasPlain(core: Core): boolean {
  for (const job of core.readyJobs) if (job.queue.plain.size > 0 && mayLease(job)) return true;
  return false;
}

/** Jobs with work that may have another slot, the one whose turn it is first. */
function* fairly(core: Core): Generator<Job> {
  if (core.readyJobs.size === 1) {
    for (const job of core.readyJobs) if (mayLease(job)) yield job;
    return;
  }
  const jobs = new Set([...core.readyJobs].filter(mayLease));
  for (let next = nextOf(core, jobs); next; next = nextOf(core, jobs)) {
    jobs.delete(next);
    yield next;
  }
}

function give(core: Core, slot: Slot): boolean {
  for (const job of fairly(core)) {
    const task = pick(core, job, slot);
    if (!task) continue;
    lease(core, job, task, slot);
    return true;
  }
  return false;
}

function pick(core: Core, job: Job, slot: Slot): Task | undefined {
  const { home, store, plain } = job.queue;
  for (const local of [home.get(slot), store.get(slot.worker.store.id)]) {
    for (const task of local ?? []) if (!shuns(core, task, slot.worker)) return task;
  }
  let looked = 0;
  for (const task of plain) {
    if (looked++ >= QUEUE_LOOKAHEAD) return undefined;
    if (shuns(core, task, slot.worker)) continue;
    const better = homeOf(core, task);
    if (!better || better === slot) return task;
    // Its input has been loaded somewhere since it became ready.
    dequeue(core, task);
    enqueue(core, task);
  }
  return undefined;
}

/** It failed on this worker before, and there is another that may do better. */
function shuns(core: Core, task: Task, worker: Worker): boolean {
  if (!task.avoid.includes(worker.workerId)) return false;
  for (const other of core.workers.values()) {
    if (isEligible(other) && other.traits.slots > 0 && !task.avoid.includes(other.workerId)) return true;
  }
  return false;
}

function offer(core: Core, task: Task): void {
  const local = localOffer(core, task);
  if (local) lease(core, local.job, task, local.slot);
  else offerNearby(core, task);
}

function offerNearby(core: Core, task: Task): void {
  const slot = nearSlot(core, task);
  if (!slot || shuns(core, task, slot.worker)) return;
  const job = nextOf(core, jobsOf(task).filter(mayLease));
  if (!job) return;
  // Somebody else's turn, though this task has just become ready: the slot looks for its work itself.
  if (isOthersTurn(core, job)) core.freed.add(slot);
  else lease(core, job, task, slot);
}

function isOthersTurn(core: Core, job: Job): boolean {
  if (core.readyJobs.size < 2) return false;
  for (const other of core.readyJobs) if (other.owner !== job.owner && mayLease(other) && isBefore(core, other, job)) return true;
  return false;
}

function nearSlot(core: Core, task: Task): Slot | undefined {
  if (task.home) return core.free[task.home.attempts.size]?.has(task.home) && hasRoom(core, task.home) ? task.home : undefined;
  const store = task.preferredStore === undefined ? undefined : core.stores.get(task.preferredStore);
  for (const sessionId of store?.sessions ?? []) {
    for (const slot of core.workers.get(sessionId)?.slots ?? []) if (core.free[0]?.has(slot)) return slot;
  }
  return undefined;
}

function hasRoom(core: Core, slot: Slot): boolean {
  return slot.attempts.size < core.limits.leasesPerSlot;
}

/** Idle slots take over work that waits elsewhere, if loading its input costs less than waiting on. */
function spread(core: Core): void {
  if (core.readyJobs.size === 0) return;
  let looked = 0;
  for (const slot of core.free[0] ?? []) {
    if (looked++ >= STEAL_LOOKAHEAD) return;
    for (const job of fairly(core)) {
      const task = worthMoving(core, job, slot);
      if (!task) continue;
      lease(core, job, task, slot);
      break;
    }
  }
}

/** Slots that are idle still take over leases that wait behind others for too long. True when one did: its old slot has room then. */
function relieve(core: Core): boolean {
  if (core.behind.size === 0) return false;
  let looked = 0;
  for (const slot of core.free[0] ?? []) {
    if (looked++ >= STEAL_LOOKAHEAD) return false;
    const found = recall(core, slot, (task) => shuns(core, task, slot.worker));
    if (!found) continue;
    if (found.task.state === 'ready') lease(core, found.job, found.task, slot);
    return true;
  }
  return false;
}

function worthMoving(core: Core, job: Job, slot: Slot): Task | undefined {
  let looked = 0;
  for (const [home, tasks] of job.queue.home) {
    if (looked++ >= STEAL_LOOKAHEAD) return undefined;
    const [task] = tasks;
    if (!task || shuns(core, task, slot.worker)) continue;
    const cost = Math.max(0, loadMs(task, slot) - loadMs(task, home)) + STEAL_GAIN_MS;
    // What the last of them waits for, once this one is gone.
    const wait = waitMs(core, home) - runMs(core, task, home.worker);
    // Having waited as long as moving costs, it moves whatever was expected: at worst twice the best choice.
    const movesAtMs = task.readyAtMs + cost;
    if (cost <= wait || core.now >= movesAtMs) return task;
    core.stealAtMs = Math.min(core.stealAtMs, movesAtMs);
  }
  return undefined;
}

function lease(core: Core, job: Job, task: Task, slot: Slot, second?: string): Attempt {
  dequeue(core, task);
  const attempt = beginAttempt(core, job, task, slot, second);
  for (const { stage } of task.refs) if (stage.state === 'resolved') stage.state = 'running';
  scheduleWake(core, slot.worker);
  core.out.push({
    type: 'leaseTask',
    sessionId: slot.worker.sessionId,
    attemptId: attempt.id,
    slot: slot.index,
    jobId: job.id,
    stage: attempt.record.stage,
    task: specOf(core, task, slot),
  });
  return attempt;
}
