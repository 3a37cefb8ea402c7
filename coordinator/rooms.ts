/** Opens what the coordinator consists of, in order, and closes it in reverse. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../shared/clock.ts';
import { loadHashes } from '../shared/hash.ts';
import type { BlockId } from '../shared/ids.ts';
import type { CatalogPort, ResultsPort } from './api/services.ts';
import type { AppOptions } from './app.ts';
import { Guard } from './auth/guard.ts';
import { HostList } from './auth/hosts.ts';
import { Tokens } from './auth/tokens.ts';
import { CoordinatorBlocks } from './blocks/coordinator-blocks.ts';
import { Catalog } from './catalog/catalog.ts';
import { notesOf, openEarlier } from './jobs/earlier.ts';
import type { PlannerPort } from './jobs/ports.ts';
import { JobService } from './jobs/service.ts';
import { LocalSlot } from './local/local-slot.ts';
import { ModuleCompiler } from './modules/compiler.ts';
import { Modules } from './modules/modules.ts';
import { Planner } from './planner/planner.ts';
import { Results } from './results/results.ts';
import { assembleGrid, type Grid, type GridOptions } from './sessions/assemble.ts';
import { nodeClock } from './sessions/node-clock.ts';
import { StoreIds } from './sessions/store-ids.ts';
import { openStore, type Store } from './store/open.ts';

export interface Rooms extends Omit<Grid, 'serve'> {
  readonly guard: Guard;
  readonly tokens: Tokens;
  /** For join links; undefined while only this machine can join. */
  readonly volunteerToken: string | undefined;
  readonly blocks: CoordinatorBlocks;
  readonly catalog: CatalogPort;
  readonly modules: Modules;
  readonly jobs: JobService;
  readonly results: ResultsPort;
  /** What happened at the start, in words for whoever started it. */
  readonly notes: readonly string[];
  /** Closes all sessions; jobs stay accepted. */
  disconnect(): void;
  close(): Promise<void>;
}

type Log = (error: unknown, what: string) => void;

export async function buildRooms(options: AppOptions, log: Log): Promise<Rooms> {
  const { dataDir } = options;
  await loadHashes();
  const hosts = new HostList({
    host: options.host ?? '127.0.0.1',
    lan: options.lan ?? false,
    advertise: options.advertise ?? [],
  });
  const store = await openStore(dataDir);
  let planner: PlannerPort | undefined;
  try {
    const tokens = await Tokens.open({ dataDir, store: store.tokens, adminToken: options.adminToken });
    // Whoever prints a join link reads these from the data directory.
    if (hosts.beyondLoopback) await tokens.joinToken('author');
    const volunteerToken = hosts.beyondLoopback ? await tokens.joinToken('volunteer') : undefined;
    const guard = new Guard({ hosts, tokens, allowOrigins: options.allowOrigins ?? [] });
    await rm(join(dataDir, 'uploads'), { recursive: true, force: true });
    const blocks = await openBlocks(options);
    const catalog = options.parts?.catalog ?? (await openCatalog(options, store, blocks, log));
    const modules = await openModules(options, store, blocks);
    planner = options.parts?.planner ?? (await Planner.start(childEntry(options.childEntries?.planner)));
    const clock = options.clock ?? nodeClock;
    const grid = assembleGrid({
      clock,
      paceMs: options.paceMs ?? 0,
      authorWeights: options.authorWeights ?? {},
      guard,
      blocks,
      storeIds: await StoreIds.open(store.meta),
      breakpoints: options.breakpoints ?? {},
      makeLocalSlot: localSlotOf(options, clock),
      log,
      journal: (records) => store.journal.append(records),
      relay: relayLimits(options),
    });
    store.journal.onFailed(log);
    const { jobs, notes } = await openJobs({ options, store, blocks, catalog, planner, modules, grid, log });
    const results =
      options.parts?.results ??
      (await Results.open({ blocks, tempDir: join(dataDir, 'results'), ...childEntry(options.childEntries?.ingest) }));
    return withClosing(
      { ...grid, volunteerToken, guard, tokens, blocks, catalog, modules, jobs, results, notes },
      planner,
      store,
    );
  } catch (error) {
    await planner?.close();
    await store.close();
    throw error;
  }
}

function openBlocks({ dataDir, limits, parts }: AppOptions): Promise<CoordinatorBlocks> {
  return CoordinatorBlocks.open({
    dir: join(dataDir, 'blocks'),
    ...(limits?.coordinatorDiskBytes !== undefined && { outputsCapBytes: limits.coordinatorDiskBytes }),
    ...(parts?.createFile && { createFile: parts.createFile }),
  });
}

function relayLimits({ limits, parts }: AppOptions): NonNullable<GridOptions['relay']> {
  const { transferIdleMs, relayMemoryBytes, relayDiskBytes } = limits ?? {};
  return {
    ...(transferIdleMs !== undefined && { idleMs: transferIdleMs }),
    ...(relayMemoryBytes !== undefined && { memoryBytes: relayMemoryBytes }),
    ...(relayDiskBytes !== undefined && { diskBytes: relayDiskBytes }),
    ...(parts?.createFile && { createFile: parts.createFile }),
  };
}

async function openCatalog(options: AppOptions, store: Store, blocks: CoordinatorBlocks, log: Log): Promise<CatalogPort> {
  const { datasetsMax } = options.limits ?? {};
  const catalog = await Catalog.open({
    store,
    blocks,
    tempDir: join(options.dataDir, 'ingest'),
    ...(datasetsMax !== undefined && { datasetsMax }),
    ...childEntry(options.childEntries?.ingest),
  });
  for (const { name, missingBlocks } of catalog.lost) {
    log(new Error(`${missingBlocks} of its blocks are gone`), `the dataset ${name} is not listed; register its file again`);
  }
  return catalog;
}

function openModules({ childEntries, limits }: AppOptions, store: Store, blocks: CoordinatorBlocks): Promise<Modules> {
  return Modules.open({
    store: store.modules,
    blocks: blocks.modules,
    compiler: new ModuleCompiler(childEntry(childEntries?.compile)),
    ...(limits?.modulesPerOwner !== undefined && { perOwner: limits.modulesPerOwner }),
    ...(limits?.moduleBytesPerOwner !== undefined && { bytesPerOwner: limits.moduleBytesPerOwner }),
  });
}

interface JobParts {
  readonly options: AppOptions;
  readonly store: Store;
  readonly blocks: CoordinatorBlocks;
  readonly catalog: CatalogPort;
  readonly planner: PlannerPort;
  readonly modules: Modules;
  readonly grid: Grid;
  readonly log: Log;
}

async function openJobs({ options, store, blocks, catalog, planner, modules, grid, log }: JobParts) {
  const { jobsQueued, jobsQueuedPerAuthor, jobsKept, resultTtlMs } = options.limits ?? {};
  const earlier = await openEarlier(store, blocks);
  const discard = (blockIds: readonly BlockId[]): Promise<void> =>
    // What the core counts on must stay, whatever an older result's time to live says.
    blocks.discard(blockIds.filter((blockId) => !grid.core.holders(blockId).onCoordinator));
  const { shell, core } = grid;
  // Until the service stands the core has no jobs, so nothing can settle or be discarded before it is served.
  const jobs = new JobService({
    shell,
    core,
    planner,
    datasets: catalog,
    modules,
    results: { persist: (blockIds) => blocks.persist(blockIds), discard },
    arrivals: blocks.arrivals,
    store: store.jobs,
    journal: store.accepted,
    log,
    ...(jobsQueued !== undefined && { jobsQueued }),
    ...(jobsQueuedPerAuthor !== undefined && { jobsQueuedPerAuthor }),
    ...(jobsKept !== undefined && { jobsKept }),
    ...(resultTtlMs !== undefined && { resultTtlMs }),
  });
  blocks.evictWith({
    mayGo: () => {
      const unneeded = new Set(jobs.unneeded(blocks.outputIds()));
      return (blockId) => unneeded.has(blockId) && !core.needs(blockId);
    },
    gone: (blockId) => {
      if (core.countsOnCopy(blockId)) shell.tell({ type: 'coordinatorBlockLost', blockId });
    },
  });
  grid.serve({
    settleJob: (command) => jobs.settle(command),
    discardBlocks: ({ blockIds }) => {
      blocks.discard(jobs.unneeded(blockIds)).catch((error: unknown) => log(error, 'blocks could not be deleted'));
    },
  });
  shell.tell({ type: 'journalRestored', records: earlier.journalled.records, copies: earlier.copies });
  await jobs.restore(earlier.settled, earlier.accepted);
  return { jobs, notes: notesOf(store, earlier) };
}

type Parts = Omit<Rooms, 'close' | 'disconnect'>;

function withClosing(rooms: Parts, planner: PlannerPort, store: Store): Rooms {
  let closed: Promise<void> | undefined;
  const closeAll = async (): Promise<void> => {
    await rooms.local?.close();
    await rooms.jobs.close();
    await rooms.modules.close();
    rooms.shell.close();
    await planner.close();
    await store.close();
  };
  return {
    ...rooms,
    disconnect() {
      // Whoever is here now is expected back by the next run.
      store.journal.stop();
      rooms.sessions.close();
      rooms.relay.close();
    },
    close() {
      closed ??= closeAll();
      return closed;
    },
  };
}

function localSlotOf({ localSlot = true, childEntries, parts }: AppOptions, clock: Clock): (() => LocalSlot) | undefined {
  if (!localSlot) return undefined;
  const { makeLocalSlot } = parts ?? {};
  if (makeLocalSlot) return () => makeLocalSlot(clock);
  const entry = childEntries?.slot;
  return () => new LocalSlot({ clock, ...(entry !== undefined && { entry }) });
}

function childEntry(entry: URL | string | undefined): { readonly childEntry?: URL | string } {
  return entry === undefined ? {} : { childEntry: entry };
}
