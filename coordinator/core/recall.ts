/**
 * Leases that wait behind another one in their slot are given to an idle slot when that takes far longer than expected: an author's
 * endless loop must not hold up whoever was leased behind it.
 */
import { RECALL_MS, STEAL_GAIN_MS, STEAL_LOOKAHEAD } from './constants.ts';
import { takeBack } from './failures.ts';
import { isMuchSooner } from './policies/speculation.ts';
import { loadMs } from './residents.ts';
import { learnedRunMs, runMs } from './speeds.ts';
import type { Attempt, Core, Job, Slot, Task } from './state.ts';

/**
 * Takes back the lease that waits longest in vain, if `slot` is better for it; the task is as if it was never leased. Undefined: none yet,
 * and the core wakes when the first may be due.
 */
export function recall(
  core: Core,
  slot: Slot,
  shuns: (task: Task) => boolean,
): { readonly job: Job; readonly task: Task } | undefined {
  if (slot.worker.traits.local) return undefined;
  let looked = 0;
  for (const attempt of core.behind) {
    if (looked++ >= STEAL_LOOKAHEAD) return undefined;
    const { job, task } = attempt;
    if (attempt.startedAtMs !== undefined || attempt.slot.worker.traits.local || shuns(task)) continue;
    const dueAtMs = recallAtMs(core, attempt, slot);
    if (core.now < dueAtMs) {
      core.stealAtMs = Math.min(core.stealAtMs, dueAtMs);
      continue;
    }
    const { workerId } = attempt.worker;
    const message = `it waited behind a task that runs long on ${workerId}, and another slot was idle`;
    takeBack(core, attempt, 'recalled', message);
    return { job, task };
  }
  return undefined;
}

/** Twice what was ahead of it should have taken, and what moving it costs; at once where the idle slot is known to be sooner done by far. */
function recallAtMs(core: Core, attempt: Attempt, slot: Slot): number {
  let aheadMs = 0;
  for (const other of attempt.slot.attempts) {
    if (other === attempt) break;
    aheadMs += runMs(core, other.task, other.worker) + core.paceMs;
  }
  const movingMs = Math.max(0, loadMs(attempt.task, slot) - loadMs(attempt.task, attempt.slot)) + STEAL_GAIN_MS;
  const { task, worker, leasedAtMs } = attempt;
  const here = learnedRunMs(core, task, worker);
  const there = learnedRunMs(core, task, slot.worker);
  const leftMs = here === undefined ? undefined : leasedAtMs + aheadMs + here - core.now;
  const isSooner = isMuchSooner(leftMs, there === undefined ? undefined : movingMs + there);
  return leasedAtMs + Math.max(RECALL_MS, isSooner ? 0 : 2 * aheadMs + movingMs);
}
