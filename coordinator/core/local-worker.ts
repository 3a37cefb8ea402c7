/**
 * The coordinator's own slot, a worker without a page: what is left of a job when its last stage reads a few rows that the
 * coordinator holds anyway is done there, without a way to a tab and back. It takes nothing from the queues, so it is no slot in
 * any other count, and it keeps no blocks: what it makes is on the coordinator.
 */
import type { StoreId, WorkerId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import { STEAL_LOOKAHEAD } from './constants.ts';
import type { WorkerTraits } from './events.ts';
import { jobsOf, mayLease } from './queue.ts';
import type { Core, Job, Slot, Store, Task, Worker } from './state.ts';

/** As attempts name it; no tab's id has this form. */
export const LOCAL_WORKER = 'coordinator' as WorkerId;
export const LOCAL_STORE = 'coordinator' as StoreId;
export const LOCAL_TRAITS: WorkerTraits = {
  slots: 1,
  visibility: 'headless',
  paused: false,
  share: 1,
  memoryPerSlotBytes: LIMITS.localSlotBytes,
  local: true,
};

export interface LocalOffer {
  readonly job: Job;
  readonly slot: Slot;
}

/** The free slot of the coordinator, and the job to charge, if the task may run there. */
export function localOffer(core: Core, task: Task): LocalOffer | undefined {
  const slot = freeSlot(core);
  if (!slot || task.avoid.includes(slot.worker.workerId)) return undefined;
  const job = jobsOf(task).find((each) => mayLease(each) && isOfLastStage(each, task));
  return job && readsLittle(core, task) ? { job, slot } : undefined;
}

/** What it may take of the waiting tasks when it has just come free or joined. */
export function nextLocalTask(core: Core): { readonly task: Task; readonly offer: LocalOffer } | undefined {
  const slot = freeSlot(core);
  if (!slot || !core.freed.has(slot)) return undefined;
  for (const job of core.readyJobs) {
    // Only a last stage that was cut can have tasks that wait.
    if (job.stages.at(-1)?.state === 'unresolved') continue;
    let looked = 0;
    for (const task of job.queue.plain) {
      if (looked++ >= STEAL_LOOKAHEAD) break;
      const offer = localOffer(core, task);
      if (offer) return { task, offer };
    }
  }
  return undefined;
}

/** Where the worker's outputs stay; nowhere for the coordinator's own. */
export function storeOf(worker: Worker): Store | undefined {
  return worker.traits.local ? undefined : worker.store;
}

/** Workers that people brought: tabs and headless processes. */
export function joinedWorkers(core: Core): number {
  return core.workers.size - (core.local ? 1 : 0);
}

function freeSlot(core: Core): Slot | undefined {
  const worker = core.local;
  if (!worker || worker.traits.paused || worker.draining || worker.leaving) return undefined;
  return worker.slots.find((slot) => slot.attempts.size === 0 && slot.index < worker.traits.slots);
}

function isOfLastStage(job: Job, task: Task): boolean {
  const last = job.stages.length - 1;
  return task.refs.some(({ stage }) => stage.job === job && stage.index === last);
}

/**
 * Outputs of earlier stages only, all on the coordinator and few. A task without inputs may compute anything, and so may a guest: tabs
 * do that.
 */
function readsLittle(core: Core, task: Task): boolean {
  if (task.sources.length === 0 || task.fragment.steps.some((step) => step.kind === 'guest')) return false;
  let bytes = 0;
  for (const source of task.sources) {
    if (source.kind !== 'group') return false;
    for (const producer of source.group.producers) {
      const block = core.blocks.get(producer.blockId);
      if (!block?.onCoordinator) return false;
      for (const bucket of source.buckets) bytes += block.buckets[bucket]?.bytes ?? 0;
      if (bytes > core.limits.localTaskBytes) return false;
    }
  }
  return true;
}
