/** Ready tasks, by job and by where they had best run. A task that several jobs want stands in each one's queue. */
import type { StoreId } from '../../shared/ids.ts';
import { keptInputs } from './kept-inputs.ts';
import { OldestFirstSet } from './oldest-first.ts';
import { homeOf } from './residents.ts';
import type { Block, Core, Job, Slot, Store, Task } from './state.ts';

export interface ReadyQueue {
  /** Ready tasks whose input is resident in no slot. */
  readonly plain: OldestFirstSet<Task>;
  /** Ready tasks by the slot that holds their input. */
  readonly home: Map<Slot, Set<Task>>;
  /** Those of `plain` by the store that holds most of their input. */
  readonly store: Map<StoreId, Set<Task>>;
}

export function newQueue(): ReadyQueue {
  return { plain: new OldestFirstSet(), home: new Map(), store: new Map() };
}

export function jobsOf(task: Task): readonly Job[] {
  const [first] = task.refs;
  if (task.refs.length === 1 && first) return [first.stage.job];
  return [...new Set(task.refs.map((ref) => ref.stage.job))];
}

export function hasReady(job: Job): boolean {
  return job.queue.plain.size > 0 || job.queue.home.size > 0;
}

export function mayLease(job: Job): boolean {
  return !job.isHeld && job.leases < (job.options.slotsMax ?? Number.POSITIVE_INFINITY);
}

export function enqueue(core: Core, task: Task): void {
  task.state = 'ready';
  task.readyAtMs = core.now;
  task.inputBytes = inputBytes(core, task);
  task.kept = keptInputs(core, task);
  place(core, task);
}

/** Chooses the task's home anew and puts it into its jobs' queues. */
function place(core: Core, task: Task): void {
  const home = homeOf(core, task);
  const store = home ? undefined : storeWithMost(core, task);
  if (home) {
    task.home = home;
    home.backlog++;
    home.backlogBytes += task.inputBytes;
  }
  if (store) task.preferredStore = store.id;
  for (const job of jobsOf(task)) addToQueue(core, job, task);
  core.fresh.push(task);
}

export function addToQueue(core: Core, job: Job, task: Task): void {
  const { queue } = job;
  if (task.home) addTo(queue.home, task.home, task);
  else queue.plain.add(task);
  if (task.preferredStore) addTo(queue.store, task.preferredStore, task);
  core.readyJobs.add(job);
}

export function removeFromQueue(core: Core, job: Job, task: Task): void {
  const { queue } = job;
  if (task.home) removeFrom(queue.home, task.home, task);
  else queue.plain.delete(task);
  if (task.preferredStore) removeFrom(queue.store, task.preferredStore, task);
  if (!hasReady(job)) core.readyJobs.delete(job);
}

export function dequeue(core: Core, task: Task): void {
  for (const job of jobsOf(task)) removeFromQueue(core, job, task);
  if (task.home) {
    task.home.backlog--;
    task.home.backlogBytes -= task.inputBytes;
  }
  delete task.home;
  delete task.preferredStore;
}

/** The slot no longer is a home (its worker went or paused, or its tables were dropped): its tasks look for another. */
export function rehome(core: Core, slot: Slot): void {
  const tasks = new Set<Task>();
  for (const job of core.readyJobs) for (const task of job.queue.home.get(slot) ?? []) tasks.add(task);
  for (const task of tasks) {
    dequeue(core, task);
    place(core, task);
  }
}

/** Its inputs are there, so their sizes are known. */
function inputBytes(core: Core, task: Task): number {
  let bytes = 0;
  for (const source of task.sources) {
    if (source.kind === 'chunks') bytes += source.bytes;
    else if (source.kind === 'group')
      for (const producer of source.group.producers) bytes += bytesOf(core.blocks.get(producer.blockId), source.buckets);
  }
  return bytes;
}

function bytesOf(block: Block | undefined, buckets: readonly number[]): number {
  let bytes = 0;
  for (const bucket of buckets) bytes += block?.buckets[bucket]?.bytes ?? 0;
  return bytes;
}

/** The store that holds most of what the task reads, counting only what the coordinator does not hold. */
function storeWithMost(core: Core, task: Task): Store | undefined {
  const held = new Map<Store, number>();
  for (const source of task.sources) {
    if (source.kind !== 'group') continue;
    for (const producer of source.group.producers) {
      const block = core.blocks.get(producer.blockId);
      if (!block || block.onCoordinator) continue;
      const bytes = bytesOf(block, source.buckets);
      for (const store of block.stores.keys()) held.set(store, (held.get(store) ?? 0) + bytes);
    }
  }
  let most: Store | undefined;
  for (const [store, bytes] of held) if (bytes > 0 && bytes > (most ? (held.get(most) ?? 0) : 0)) most = store;
  return most;
}

function addTo<K>(sets: Map<K, Set<Task>>, key: K, task: Task): void {
  const set = sets.get(key);
  if (set) set.add(task);
  else sets.set(key, new Set([task]));
}

function removeFrom<K>(sets: Map<K, Set<Task>>, key: K, task: Task): void {
  const set = sets.get(key);
  if (!set) return;
  set.delete(task);
  if (set.size === 0) sets.delete(key);
}
