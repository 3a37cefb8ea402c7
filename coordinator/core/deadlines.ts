/**
 * What time alone changes: leases run out, attempts run too long, jobs miss their deadline. One heap entry a worker and job,
 * corrected when it comes up, so that heartbeats cost nothing here.
 */
import { heapPop, heapPush } from './heap.ts';
import type { Attempt, Core, Job, Worker } from './state.ts';

/** An attempt that never started waits behind others; it may wait this many times the longest run. */
const WAIT_RUNS = 3;

/** When the attempt is taken back unless something happens. */
export function dueAtMs(core: Core, attempt: Attempt): number {
  return Math.min(attempt.expiresAtMs, runDueAtMs(core, attempt));
}

export function runDueAtMs(core: Core, attempt: Attempt): number {
  const { maxRunMs } = core.limits;
  return attempt.startedAtMs === undefined ? attempt.leasedAtMs + WAIT_RUNS * maxRunMs : attempt.startedAtMs + maxRunMs;
}

function workerDueAtMs(core: Core, worker: Worker): number {
  let due = Number.POSITIVE_INFINITY;
  for (const attempt of worker.attempts) due = Math.min(due, dueAtMs(core, attempt));
  return due;
}

/** Call when one of the worker's attempts may now end sooner than known. */
export function scheduleWake(core: Core, worker: Worker): void {
  const due = workerDueAtMs(core, worker);
  if (due >= worker.wakeAtMs) return;
  worker.wakeAtMs = due;
  heapPush(core.wakes, { at: due, who: worker });
}

export function scheduleJob(core: Core, job: Job): void {
  const { deadlineMs } = job.options;
  if (deadlineMs !== undefined) heapPush(core.wakes, { at: job.submittedAtMs + deadlineMs, who: job });
}

/** Moves early entries to their true time and drops dead ones, until the first is right. */
function settleTop(core: Core): void {
  for (let top = core.wakes[0]; top; top = core.wakes[0]) {
    const { who, at } = top;
    if ('stages' in who) {
      if (who.state === 'live') return;
      heapPop(core.wakes);
      continue;
    }
    const isCurrent = who.wakeAtMs === at && core.workers.get(who.sessionId) === who;
    if (isCurrent && workerDueAtMs(core, who) === at) return;
    heapPop(core.wakes);
    if (!isCurrent) continue;
    who.wakeAtMs = Number.POSITIVE_INFINITY;
    scheduleWake(core, who);
  }
}

export function nextWakeMs(core: Core): number {
  settleTop(core);
  return Math.min(core.wakes[0]?.at ?? Number.POSITIVE_INFINITY, core.stealAtMs);
}

/** Takes what is due by now off the heap: in order of time, then of name, whatever the heap's inner order. */
export function takeDue(core: Core): (Worker | Job)[] {
  const due: Core['wakes'] = [];
  for (settleTop(core); (core.wakes[0]?.at ?? Number.POSITIVE_INFINITY) <= core.now; settleTop(core)) {
    const top = heapPop(core.wakes);
    if (!top) break;
    if (!('stages' in top.who)) top.who.wakeAtMs = Number.POSITIVE_INFINITY;
    due.push(top);
  }
  due.sort((a, b) => a.at - b.at || (nameOf(a.who) < nameOf(b.who) ? -1 : 1));
  return due.map(({ who }) => who);
}

function nameOf(who: Worker | Job): string {
  return 'stages' in who ? who.id : who.sessionId;
}
