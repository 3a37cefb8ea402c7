/**
 * Stores over their cap (design, section 5, "Keeping them"): what nobody needs is dropped, sole copies that are needed go to the
 * coordinator first, meanwhile the store's workers get no leases; and when nothing runs and nothing fits anywhere, a job fails.
 */
import type { JobError } from '../../shared/failure.ts';
import { SHED_TO } from './constants.ts';
import type { CoreEvent, CoreEventOf } from './events.ts';
import { collect, dropFrom } from './inventory.ts';
import { isNeeded } from './lineage.ts';
import { copiesLost, isStoreGoing } from './losses.ts';
import { cheapestFirst } from './pins.ts';
import { hasReady } from './queue.ts';
import { type Block, type Core, isGoing, type Job, type StageState, type Store, type Worker } from './state.ts';
import { note } from './stories.ts';
import { alterAll, capStore } from './workers.ts';

/** After these nothing that a full store holds has become superfluous. */
const QUIET: readonly CoreEvent['type'][] = ['heartbeatReceived', 'attemptStarted', 'residentsChanged', 'timePassed'];

export function storeChanged(core: Core, event: CoreEventOf<'storeChanged'>): void {
  const worker = core.workers.get(event.sessionId);
  if (!worker) return;
  const { store } = worker;
  store.toldBytes = event.outputBytes;
  worker.capBytes = event.capBytes;
  capStore(core, store);
  // Somebody may have made room since: it costs one copy to find out.
  if (isOver(store)) core.noRoom = undefined;
}

/**
 * By the tab's own word, unless what we know of it says otherwise: its word may be older than what it was told to drop since, and
 * outputs that the coordinator holds anyway may only be in its memory.
 */
export function isOver(store: Store): boolean {
  return store.toldBytes > store.capBytes && store.heldBytes > SHED_TO * store.capBytes;
}

/** True when something changed that may let stages go on. */
export function relieveStores(core: Core, after: CoreEvent['type']): boolean {
  if (core.fullStores.size > 0 && !QUIET.includes(after)) for (const store of core.fullStores) core.crowded.add(store);
  let isChanged = false;
  for (const store of core.crowded) {
    // Dropping blocks puts the store here again.
    core.crowded.delete(store);
    if (core.stores.get(store.id) !== store) continue;
    if (isOver(store)) relieve(core, store);
    if (setFull(core, store, isOver(store))) isChanged = true;
  }
  return isChanged;
}

function relieve(core: Core, store: Store): void {
  const least = SHED_TO * store.capBytes;
  const isSafe = (other: Store): boolean => !isOver(other) && !isStoreGoing(core, other);
  const isElsewhere = (block: Block): boolean => block.onCoordinator || [...block.stores.keys()].some(isSafe);
  drop(core, store, least, isElsewhere, 'its store was full, and there is another copy');
  drop(core, store, least, (block) => core.reusable.has(block.id), 'its store was full, and no job needs it');
  const isIdle = (block: Block): boolean => !isWanted(core, block) && block.keeps === 0;
  drop(core, store, least, isIdle, 'its store was full, and no task is left that needs it');
  const isOnlyKept = (block: Block): boolean => !isWanted(core, block) && block.keeps > 0;
  drop(core, store, least, isOnlyKept, 'its store was full, and it can be made again', cheapestFirst(store.blocks));
  if (core.noRoom !== undefined) return;
  let left = store.heldBytes - least;
  for (const block of store.blocks) {
    if (left <= 0) return;
    left -= block.bytes;
    collect(core, block);
  }
}

/** In the given order; as a rule the blocks that came first go first. */
function drop(
  core: Core,
  store: Store,
  least: number,
  mayGo: (block: Block) => boolean,
  why: string,
  order: Iterable<Block> = store.blocks,
): void {
  if (store.heldBytes <= least) return;
  const going: Block[] = [];
  let left = store.heldBytes - least;
  for (const block of order) {
    if (left <= 0) break;
    if (core.collecting.has(block.id) || !mayGo(block)) continue;
    going.push(block);
    left -= block.bytes;
  }
  for (const block of going) dropFrom(core, store, block.id);
  copiesLost(
    core,
    going.map((block) => [block, store] as const),
    why,
  );
}

/** By a job that runs or by whoever reads a result. */
export function isWanted(core: Core, block: Block): boolean {
  const task = core.tasks.get(block.id);
  return block.pins > 0 || (task !== undefined && isNeeded(task));
}

function setFull(core: Core, store: Store, isFull: boolean): boolean {
  if (store.isFull === isFull) return false;
  const workers = [...store.sessions].map((id) => core.workers.get(id)).filter((worker) => worker !== undefined);
  alterAll(core, workers, () => {
    store.isFull = isFull;
  });
  if (isFull) core.fullStores.add(store);
  else core.fullStores.delete(store);
  core.keeping.isThin = true;
  const why = isFull ? `${store.heldBytes} bytes of outputs, its cap is ${store.capBytes}` : 'it has room again';
  for (const { workerId } of workers) note(core, workerId, isFull ? 'storeFull' : 'storeRelieved', why);
  return true;
}

/** Nothing runs, nothing is being copied, and every slot that could take a task belongs to a full store: somebody must give way. */
export function failStuck(core: Core): boolean {
  if (core.fullStores.size === 0 || core.liveSlots > 0 || core.attempts.size > 0 || core.collecting.size > 0) return false;
  if (![...core.workers.values()].some(isHeldBack)) return false;
  let most: { readonly job: Job; readonly stage: StageState; readonly bytes: number; readonly all: number } | undefined;
  for (const job of core.jobs.values()) {
    if (job.state !== 'live') continue;
    const isWaiting = hasReady(job) || job.stages.some((stage) => core.waitingStages.has(stage));
    const share = isWaiting ? biggestStage(core, job) : undefined;
    if (share && share.all > (most?.all ?? 0)) most = { job, ...share };
  }
  if (!most) return false;
  core.doomed.set(most.job, storageError(core, most.stage, most.bytes));
  return true;
}

/** It would get leases if its store had room. */
function isHeldBack(worker: Worker): boolean {
  return worker.store.isFull && !worker.traits.local && !worker.traits.paused && worker.traits.slots > 0 && !isGoing(worker);
}

/** The stage of the job whose outputs take most of the full stores. */
function biggestStage(
  core: Core,
  job: Job,
): { readonly stage: StageState; readonly bytes: number; readonly all: number } | undefined {
  let biggest: { readonly stage: StageState; readonly bytes: number } | undefined;
  let all = 0;
  for (const stage of job.stages) {
    let bytes = 0;
    for (const { blockId } of new Set(stage.tasks)) {
      const block = core.blocks.get(blockId);
      for (const store of block?.stores.keys() ?? []) if (store.isFull) bytes += block?.bytes ?? 0;
    }
    all += bytes;
    if (bytes > (biggest?.bytes ?? 0)) biggest = { stage, bytes };
  }
  return biggest && { ...biggest, all };
}

function storageError(core: Core, { index, plan }: StageState, bytes: number): JobError {
  const caps = [...core.fullStores].reduce((sum, store) => sum + store.capBytes, 0);
  const why = core.noRoom ?? 'it has not taken more';
  return {
    code: 'storage-full',
    title: 'There is no room left for intermediate data',
    detail:
      `The outputs of stage ${index} (${plan.title}) take ${inMiB(bytes)} of the connected tabs' stores, which may keep ` +
      `${inMiB(caps)} together and are full; the coordinator could not take any of it over: ${why}.`,
    stage: index,
    hint: 'Let more tabs join or store more, free disk space where the coordinator keeps its data, or filter earlier and read fewer columns.',
  };
}

function inMiB(bytes: number): string {
  return `${(bytes / (1024 * 1024)).toFixed(1)} MiB`;
}
