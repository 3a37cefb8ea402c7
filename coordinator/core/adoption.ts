/**
 * Attempts that run on in a tab whose session was lost, or whose coordinator died. The tab tells of them when it is back; as long as
 * nobody else has the task, it is leased to that very slot, where the lease follows what runs already.
 */
import type { AttemptId } from '../../shared/ids.ts';
import type { CoreEventOf } from './events.ts';
import { jobsOf, mayLease } from './queue.ts';
import { type Core, isEligible, type Job, type Slot, type Task, type Worker } from './state.ts';

export interface Announced {
  readonly attemptId: AttemptId;
  readonly slot: number;
}

export interface Adoption {
  readonly job: Job;
  readonly task: Task;
  readonly slot: Slot;
  readonly was: AttemptId;
}

export function attemptsAnnounced(core: Core, { sessionId, attempts }: CoreEventOf<'attemptsAnnounced'>): void {
  const worker = core.workers.get(sessionId);
  if (!worker || worker.traits.local) return;
  for (const { attemptId, blockId, slot } of attempts) worker.announced.set(blockId, { attemptId, slot });
  if (worker.announced.size > 0) core.announcers.add(worker);
}

/** Those that can be leased where they run; the caller leases each at once. */
export function* adoptions(core: Core): Generator<Adoption> {
  for (const worker of core.announcers) {
    if (isEligible(worker)) yield* adoptionsOf(core, worker);
    if (worker.announced.size === 0) core.announcers.delete(worker);
  }
}

function* adoptionsOf(core: Core, worker: Worker): Generator<Adoption> {
  for (const [blockId, { attemptId, slot: index }] of worker.announced) {
    const task = core.tasks.get(blockId);
    const slot = worker.slots[index];
    if (!isWaiting(core, task) || !slot || index >= worker.traits.slots) {
      worker.announced.delete(blockId);
      continue;
    }
    const job = task?.state === 'ready' ? jobsOf(task).find(mayLease) : undefined;
    if (!task || !job || slot.attempts.size >= core.limits.leasesPerSlot) continue;
    worker.announced.delete(blockId);
    yield { job, task, slot, was: attemptId };
  }
}

/** It may still be leased to whoever runs it. */
function isWaiting(core: Core, task: Task | undefined): boolean {
  return task ? task.state === 'ready' || task.state === 'blocked' : core.restart !== undefined;
}
