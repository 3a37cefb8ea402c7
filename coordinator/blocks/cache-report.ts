/** Where blocks live, put together from what the core, the catalogue and the relay know. */
import type { BlockId, JobId, SessionId, StoreId, WorkerId } from '../../shared/ids.ts';
import type {
  CacheJson,
  DatasetCache,
  Held,
  JobCache,
  LoadedPart,
  RelationCache,
  StorePart,
  TabPart,
} from '../../shared/rest/cache.ts';
import type { DatasetRecord } from '../catalog/types.ts';
import type { CachedBlock, CacheView, LoadedTable, ResidentRun } from '../core/cache-view.ts';

export interface CacheTab {
  readonly workerId: string;
  readonly sessionId: SessionId;
  readonly name?: string;
}

/** A settled job's kept result; after a restart the core knows nothing of it. */
export interface KeptResult {
  readonly blockId: BlockId;
  readonly bytes: number;
}

export interface CacheFacts {
  readonly view: CacheView;
  readonly coordinator: CacheJson['coordinator'];
  readonly datasets: readonly DatasetRecord[];
  readonly tabs: readonly CacheTab[];
  /** Blocks that were sent to a session from the coordinator's own. */
  readonly served: (sessionId: SessionId) => ReadonlySet<BlockId>;
  /** Whether the asker may see what belongs to this author. */
  readonly mayRead: (owner: string) => boolean;
  readonly mayChange: (owner: string) => boolean;
  /** The asker's jobs, newest first. */
  readonly jobs: readonly { readonly jobId: JobId; readonly result: readonly KeptResult[] }[];
  readonly onCoordinator: (blockId: BlockId) => boolean;
}

/** Sums that are still being added to. */
class Sum implements Held {
  blocks = 0;
  bytes = 0;

  add(bytes: number): void {
    this.blocks++;
    this.bytes += bytes;
  }
}

export function cacheReport(facts: CacheFacts): CacheJson {
  const { jobs, others, reusable } = jobParts(facts);
  const runs = new Map<string, ResidentRun[]>();
  for (const run of facts.view.residents) {
    const version = run.residentKey.slice(0, run.residentKey.indexOf('/'));
    const found = runs.get(version);
    if (found) found.push(run);
    else runs.set(version, [run]);
  }
  const datasets = facts.datasets.map((dataset) => datasetPart(dataset, runs.get(dataset.version) ?? [], facts));
  return { coordinator: facts.coordinator, datasets, relations: relationParts(facts), jobs, others, reusable };
}

function datasetPart(dataset: DatasetRecord, runs: readonly ResidentRun[], { tabs, served }: CacheFacts): DatasetCache {
  const total = new Sum();
  let diskBytes = 0;
  const bytesOf = new Map<BlockId, number>();
  for (const { columns } of dataset.chunks) {
    for (const { blockId, bytes, storedBytes } of columns) {
      // Equal columns are one block.
      if (bytesOf.has(blockId)) continue;
      bytesOf.set(blockId, bytes);
      total.add(bytes);
      diskBytes += storedBytes;
    }
  }
  const parts = tabs.map(({ workerId, sessionId, name }): TabPart => {
    const own = runs.filter((run) => run.workerId === workerId);
    const loaded = sumOf(loadedBlocks(dataset, own), bytesOf);
    const fetched = sumOf(served(sessionId), bytesOf);
    return { workerId, ...(name !== undefined && { name }), loaded, fetched };
  });
  return { name: dataset.name, total, diskBytes, tabs: parts.filter((part) => part.loaded.blocks + part.fetched.blocks > 0) };
}

function sumOf(blocks: ReadonlySet<BlockId>, bytesOf: ReadonlyMap<BlockId, number>): Held {
  const sum = new Sum();
  for (const blockId of blocks) {
    const bytes = bytesOf.get(blockId);
    if (bytes !== undefined) sum.add(bytes);
  }
  return sum;
}

/** Chunks that are loaded in any slot of a tab, each once. */
function loadedBlocks(dataset: DatasetRecord, runs: readonly ResidentRun[]): ReadonlySet<BlockId> {
  const blocks = new Set<BlockId>();
  for (const { residentKey, ordinals } of runs) {
    for (const chunk of chunksOf(residentKey, dataset.chunks.length)) {
      for (const ordinal of ordinals) {
        const block = dataset.chunks[chunk]?.columns[ordinal];
        if (block) blocks.add(block.blockId);
      }
    }
  }
  return blocks;
}

/**
 * Chunk indices of a resident key, as far as there are `chunks` of them: `version/first-last`, and after a colon which of these where
 * some were skipped (`0-2,5`). Where that list was too long to be a name, a hash stands there and nothing is counted.
 */
export function* chunksOf(residentKey: string, chunks: number): Generator<number> {
  const [run = '', list = run] = residentKey.slice(residentKey.indexOf('/') + 1).split(':');
  for (const range of list.split(',')) {
    const match = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(range);
    if (!match) return;
    const last = Math.min(Number(match[2] ?? match[1]), chunks - 1);
    for (let chunk = Number(match[1]); chunk <= last; chunk++) yield chunk;
  }
}

function relationParts({ view, tabs, mayRead, mayChange }: CacheFacts): RelationCache[] {
  const workersOf = workersByStore(view);
  const own = view.relations.filter((relation) => mayRead(relation.owner)).reverse();
  return own.map(({ blocks, loaded: tables, ...relation }) => {
    const sums: BlockSums = newSums();
    const lost = new Sum();
    let rows = 0;
    let remakeMs = 0;
    let copies = Number.POSITIVE_INFINITY;
    for (const block of blocks) {
      const places = block.stores.length + (block.onCoordinator ? 1 : 0);
      countBlock(sums, block);
      if (places === 0) lost.add(block.bytes);
      copies = Math.min(copies, places);
      rows += block.rows;
      remakeMs += block.runMs;
    }
    const { total, coordinator } = sums;
    const stores = storeParts(sums, workersOf);
    const mayLetGo = mayChange(relation.owner);
    const loaded = loadedParts(tables, tabs);
    const copiesOfRarest = blocks.length > 0 ? copies : 0;
    return { ...relation, rows, total, lost, coordinator, stores, loaded, copies: copiesOfRarest, remakeMs, mayLetGo };
  });
}

function loadedParts(tables: readonly LoadedTable[], tabs: readonly CacheTab[]): LoadedPart[] {
  return tabs.flatMap(({ workerId, name }) => {
    const own = tables.filter((table) => table.workerId === workerId);
    if (own.length === 0) return [];
    const slots = new Set(own.map(({ slot }) => slot)).size;
    const bytes = own.reduce((sum, table) => sum + table.bytes, 0);
    return [{ workerId, ...(name !== undefined && { name }), slots, bytes }];
  });
}

function workersByStore({ stores }: CacheView): ReadonlyMap<StoreId, readonly WorkerId[]> {
  return new Map(stores.map(({ storeId, workerIds }) => [storeId, workerIds]));
}

function storeParts({ stores }: BlockSums, workersOf: ReadonlyMap<StoreId, readonly WorkerId[]>): StorePart[] {
  return [...stores].map(([storeId, sum]) => ({ workerIds: workersOf.get(storeId) ?? [], ...sum }));
}

interface BlockSums {
  readonly total: Sum;
  readonly coordinator: Sum;
  readonly stores: Map<StoreId, Sum>;
}

function newSums(): BlockSums {
  return { total: new Sum(), coordinator: new Sum(), stores: new Map() };
}

function jobParts({ view, jobs, mayRead, onCoordinator }: CacheFacts): Pick<CacheJson, 'jobs' | 'others' | 'reusable'> {
  const sums = new Map<JobId, BlockSums>();
  for (const { jobId } of jobs) sums.set(jobId, newSums());
  const others = new Sum();
  const reusable = new Sum();
  const known = new Set<BlockId>();
  for (const block of view.blocks) {
    known.add(block.blockId);
    const isOwn = block.jobs.some((jobId) => sums.has(jobId)) || block.keptFor.some(mayRead);
    if (block.jobs.length + block.keptFor.length === 0) reusable.add(block.bytes);
    else if (!isOwn) others.add(block.bytes);
    for (const jobId of block.jobs) countBlock(sums.get(jobId), block);
  }
  for (const { jobId, result } of jobs) {
    for (const { blockId, bytes } of result) {
      if (known.has(blockId) || !onCoordinator(blockId)) continue;
      countBlock(sums.get(jobId), { bytes, onCoordinator: true, stores: [] });
    }
  }
  const workersOf = workersByStore(view);
  const parts = [...sums].filter(([, { total }]) => total.blocks > 0);
  return {
    others,
    reusable,
    jobs: parts.map(([jobId, sums]): JobCache => {
      return { jobId, total: sums.total, coordinator: sums.coordinator, stores: storeParts(sums, workersOf) };
    }),
  };
}

function countBlock(sums: BlockSums | undefined, block: Pick<CachedBlock, 'bytes' | 'onCoordinator' | 'stores'>): void {
  if (!sums) return;
  sums.total.add(block.bytes);
  if (block.onCoordinator) sums.coordinator.add(block.bytes);
  for (const storeId of block.stores) {
    const store = sums.stores.get(storeId) ?? new Sum();
    store.add(block.bytes);
    sums.stores.set(storeId, store);
  }
}
