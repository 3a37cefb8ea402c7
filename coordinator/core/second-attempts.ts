/** Second attempts of tasks whose first one takes too long, in slots that are idle. The first to succeed counts, the other is cancelled. */
import { SECOND_LOOK_MS, STEAL_LOOKAHEAD } from './constants.ts';
import { RUN_SAMPLES, SECOND_FLOOR_MS, secondAttempt, secondsMost, usualMs } from './policies/speculation.ts';
import { hasReady, mayLease } from './queue.ts';
import { loadMs } from './residents.ts';
import { learnedRunMs, runMs } from './speeds.ts';
import type { Attempt, Core, Slot, StageState, Task } from './state.ts';

export interface Second {
  readonly first: Attempt;
  readonly slot: Slot;
  readonly why: string;
}

/** A task of which two attempts may run: whichever ends first, the rows are as good, and it runs where people's slots can help. */
export function maySecond({ task, worker }: Attempt): boolean {
  return task.determinacy !== 'indeterminate' && !worker.traits.local;
}

/** Keep `core.alone` right: call when the attempt became the oldest of its slot, or an attempt of its task began or ended. */
export function noteAlone(core: Core, attempt: Attempt): void {
  const isAlone = core.attempts.has(attempt.id) && attempt.task.attempts.size === 1 && attempt.headAtMs !== undefined;
  if (!isAlone || !maySecond(attempt)) {
    core.alone.delete(attempt);
    return;
  }
  core.alone.add(attempt);
  core.lookAtMs = Math.min(core.lookAtMs, core.now + SECOND_FLOOR_MS);
}

/** The attempt succeeded: what it took tells what is usual. */
export function noteRun(core: Core, attempt: Attempt): void {
  const { runs } = stageOf(attempt) ?? {};
  if (!runs) return;
  runs.push({ ms: core.now - (attempt.headAtMs ?? core.now), bytes: attempt.task.inputBytes });
  if (runs.length > RUN_SAMPLES) runs.shift();
  core.lookAtMs = Math.min(core.lookAtMs, core.now + SECOND_LOOK_MS);
}

function stageOf({ job, record }: Attempt): StageState | undefined {
  return job.stages[record.stage];
}

/** Those that are due; the caller leases each at once. Looks at most once in SECOND_LOOK_MS, and the core wakes for the next time. */
export function* secondsDue(core: Core, shuns: (task: Task, slot: Slot) => boolean): Generator<Second> {
  if (core.alone.size === 0 || (core.free[0]?.size ?? 0) === 0) return;
  if (core.now >= core.lookAtMs) yield* look(core, shuns);
  core.stealAtMs = Math.min(core.stealAtMs, core.lookAtMs);
}

function* look(core: Core, shuns: (task: Task, slot: Slot) => boolean): Generator<Second> {
  core.lookAtMs = Number.POSITIVE_INFINITY;
  // Work that waits comes first; when it is done, that is an event.
  for (const job of core.readyJobs) {
    if (!mayLease(job) || !hasReady(job)) continue;
    core.lookAtMs = core.now + SECOND_LOOK_MS;
    return;
  }
  const most = secondsMost(core.liveSlots);
  for (const first of [...core.alone]) {
    const { headAtMs = core.now } = first;
    if (headAtMs + SECOND_FLOOR_MS > core.now || core.pairs >= most) {
      core.lookAtMs = Math.min(core.lookAtMs, Math.max(core.now + SECOND_LOOK_MS, headAtMs + SECOND_FLOOR_MS));
      return;
    }
    // Its inputs may be gone since it was leased: whoever has fetched them goes on alone.
    const isOpen = first.task.blockedOn === 0 && mayLease(first.job);
    const slot = isOpen ? bestSlot(core, first, shuns) : undefined;
    if (!slot) {
      core.lookAtMs = Math.min(core.lookAtMs, core.now + SECOND_LOOK_MS);
      continue;
    }
    const found = judge(core, first, slot);
    if (typeof found === 'string') yield { first, slot, why: found };
    else core.lookAtMs = Math.min(core.lookAtMs, Math.max(core.now + SECOND_LOOK_MS, found));
  }
}

/** Why there is to be a second attempt, or when there may be. */
function judge(core: Core, first: Attempt, slot: Slot): string | number {
  const { task, worker, headAtMs = core.now } = first;
  const stage = stageOf(first);
  const elapsedMs = core.now - headAtMs;
  const usual = stage && usualMs(stage.runs, stage.tasks.length, task.inputBytes);
  const thereMs = learnedRunMs(core, task, slot.worker);
  const { afterMs, why } = secondAttempt({
    elapsedMs,
    usualMs: usual,
    hereMs: learnedRunMs(core, task, worker),
    thereMs: thereMs === undefined ? undefined : thereMs + loadMs(task, slot),
  });
  if (elapsedMs < afterMs) return headAtMs + afterMs;
  const cause =
    why === 'slow'
      ? `which is known to be slow: ${slot.worker.workerId} is done sooner`
      : `its stage’s other tasks took about ${inSeconds(usual ?? 0)}`;
  return `it has been running for ${inSeconds(elapsedMs)} on ${worker.workerId}, ${cause}`;
}

function inSeconds(ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
}

/** Idle, of another worker, and the soonest done by what is known; rows that may differ must not meet in one store. */
function bestSlot(core: Core, { task, worker }: Attempt, shuns: (task: Task, slot: Slot) => boolean): Slot | undefined {
  let best: Slot | undefined;
  let least = Number.POSITIVE_INFINITY;
  let looked = 0;
  for (const slot of core.free[0] ?? []) {
    if (slot.worker.workerId === worker.workerId || shuns(task, slot)) continue;
    if (task.determinacy === 'unordered' && slot.worker.store === worker.store) continue;
    if (looked++ >= STEAL_LOOKAHEAD) break;
    const cost = loadMs(task, slot) + runMs(core, task, slot.worker);
    if (cost < least) {
      best = slot;
      least = cost;
    }
  }
  return best;
}
