/** Where blocks live, read-only: for GET /v1/cache, and for those who must know what is still needed. */
import type { BlockId, JobId, StoreId, WorkerId } from '../../shared/ids.ts';
import type { CacheLevel } from '../../shared/plan/physical.ts';
import { isHeld, isPinned } from './inventory.ts';
import type { Pin } from './keeping.ts';
import type { Core } from './state.ts';

/** A task's output that somebody holds. */
export interface CachedBlock {
  readonly blockId: BlockId;
  readonly bytes: number;
  readonly onCoordinator: boolean;
  readonly stores: readonly StoreId[];
  /** Live jobs whose task it is, and jobs whose result it is. */
  readonly jobs: readonly JobId[];
  /** Authors of cached relations that it is part of; no job and no author: it is kept for reuse. */
  readonly keptFor: readonly string[];
}

/** A run of chunks that a slot has loaded, with the ordinals of the columns that it has of them. */
export interface ResidentRun {
  readonly workerId: WorkerId;
  readonly slot: number;
  readonly residentKey: string;
  readonly ordinals: readonly number[];
}

export interface StoreUse {
  readonly storeId: StoreId;
  readonly workerIds: readonly WorkerId[];
}

/** A relation that is kept for later jobs. */
export interface KeptRelation {
  readonly id: string;
  readonly name: string;
  readonly owner: string;
  readonly level: CacheLevel;
  readonly jobId: JobId;
  /** Each once; those that nobody holds now have no place. */
  readonly blocks: readonly (Pick<CachedBlock, 'blockId' | 'bytes' | 'onCoordinator' | 'stores'> & {
    readonly rows: number;
    readonly runMs: number;
  })[];
  /** Tables of it in slots. */
  readonly loaded: readonly LoadedTable[];
}

export interface LoadedTable {
  readonly workerId: WorkerId;
  readonly slot: number;
  readonly bytes: number;
}

export interface CacheView {
  /** The one used last at the end. */
  readonly relations: readonly KeptRelation[];
  readonly blocks: readonly CachedBlock[];
  readonly residents: readonly ResidentRun[];
  readonly stores: readonly StoreUse[];
}

export function cacheView(core: Core): CacheView {
  const jobsOf = new Map<BlockId, Set<JobId>>();
  const note = (blockId: BlockId, jobId: JobId): void => {
    const jobs = jobsOf.get(blockId);
    if (jobs) jobs.add(jobId);
    else jobsOf.set(blockId, new Set([jobId]));
  };
  for (const task of core.tasks.values()) for (const { stage } of task.refs) note(task.blockId, stage.job.id);
  for (const job of core.jobs.values()) for (const { id } of job.results) note(id, job.id);
  const owners = new Map<BlockId, Set<string>>();
  for (const { owner, blocks } of core.keeping.pins.values())
    for (const { id } of blocks) owners.set(id, (owners.get(id) ?? new Set()).add(owner));
  const blocks: CachedBlock[] = [];
  for (const block of core.blocks.values()) {
    if (!isHeld(block)) continue;
    const { id: blockId, bytes, onCoordinator } = block;
    const stores = [...block.stores.keys()].map((store) => store.id);
    const [jobs, keptFor] = [[...(jobsOf.get(blockId) ?? [])], [...(owners.get(blockId) ?? [])]];
    blocks.push({ blockId, bytes, onCoordinator, stores, jobs, keptFor });
  }
  return {
    relations: keptRelations(core),
    blocks,
    residents: [...residentRuns(core)],
    stores: storeUses(core),
  };
}

function keptRelations(core: Core): KeptRelation[] {
  const { pins, tables } = core.keeping;
  const loaded: (LoadedTable & { readonly blockIds: readonly BlockId[] })[] = [];
  for (const { workerId, slot, residentKey } of tables.size > 0 ? residentRuns(core) : []) {
    const table = tables.get(residentKey);
    if (table) loaded.push({ workerId, slot, ...table });
  }
  return [...pins.values()].map((pin) => {
    const ids = new Set(pin.level === 'memory' ? pin.blocks.map(({ id }) => id) : []);
    const own = loaded.filter(({ blockIds }) => blockIds.every((id) => ids.has(id)));
    return { ...keptRelation(pin), loaded: own.map(({ workerId, slot, bytes }) => ({ workerId, slot, bytes })) };
  });
}

function keptRelation({ id, name, owner, level, jobId, blocks }: Pin): Omit<KeptRelation, 'loaded'> {
  const kept = [...new Set(blocks)].map(({ id: blockId, bytes, rows, runMs, onCoordinator, stores }) => {
    return { blockId, bytes, rows, runMs, onCoordinator, stores: [...stores.keys()].map((store) => store.id) };
  });
  return { id, name, owner, level, jobId, blocks: kept };
}

/** A live job's task makes the block, or it is a result that somebody may still read. */
export function isNeededBlock(core: Core, blockId: BlockId): boolean {
  const block = core.blocks.get(blockId);
  return block ? isPinned(core, block) : core.tasks.has(blockId);
}

function* residentRuns(core: Core): Generator<ResidentRun> {
  for (const { workerId, slots } of core.workers.values()) {
    for (const slot of slots) {
      for (const [residentKey, ordinals] of slot.residents) {
        yield { workerId, slot: slot.index, residentKey, ordinals: [...ordinals] };
      }
    }
  }
}

function storeUses(core: Core): StoreUse[] {
  const workersOf = new Map<StoreId, WorkerId[]>();
  for (const { workerId, store } of core.workers.values()) {
    const workers = workersOf.get(store.id);
    if (workers) workers.push(workerId);
    else workersOf.set(store.id, [workerId]);
  }
  return [...workersOf].map(([storeId, workerIds]) => ({ storeId, workerIds }));
}
