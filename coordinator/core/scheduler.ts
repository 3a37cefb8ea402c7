/**
 * The scheduler core: a pure, synchronous state machine (design, section 4). Events in, commands out; no clock, no chance,
 * no input or output. `handle` never throws on odd input: it ignores and notes it.
 */
import type { BlockId, Digest, JobId, SessionId } from '../../shared/ids.ts';
import type { Stage } from '../../shared/plan/physical.ts';
import type { BucketInfo } from '../../shared/plan/task.ts';
import { attemptsAnnounced } from './adoption.ts';
import { type CacheView, cacheView, isNeededBlock } from './cache-view.ts';
import { collected, collectFailed } from './collects.ts';
import type { CoreCommand } from './commands.ts';
import { CORE_DEFAULTS, DROPS_PER_COMMAND } from './constants.ts';
import { nextWakeMs } from './deadlines.ts';
import { followDrains } from './draining.ts';
import type { CoreEvent, CoreEventOf } from './events.ts';
import { checkCore } from './invariants.ts';
import { evictReusable, isHeld, servingSessions } from './inventory.ts';
import { jobCancelled, jobForgotten, jobSubmitted } from './jobs.ts';
import type { JournalRecord } from './journal.ts';
import { newKeeping, notCopied } from './keeping.ts';
import { coordinatorCopyLost, copiesLost } from './losses.ts';
import { OldestFirst } from './oldest-first.ts';
import type { CoreOptions } from './options.ts';
import { failStuck, relieveStores, storeChanged } from './overflow.ts';
import { blockPicture, pictureOf, workerPicture } from './pictures.ts';
import { keptId, keptStages, relationReleased } from './pins.ts';
import { dispatch } from './placement.ts';
import { attemptFailed, attemptStarted, attemptSucceeded } from './reports.ts';
import { endRestart, hasCopy, jobsResumed, journalRestored } from './restart.ts';
import { restoreCore } from './restore.ts';
import { type ResultPart, resultPart } from './results.ts';
import { inventoryReported } from './returning.ts';
import { type Snapshot, snapshotOf } from './snapshot.ts';
import { readsSlice } from './spec.ts';
import { spreadKept } from './spread.ts';
import { advance } from './stages.ts';
import type { Block, Core, Store } from './state.ts';
import { Stories } from './stories.ts';
import { releaseTables } from './tables.ts';
import type { BlockView, JobView, StoryLine, WorkerView } from './views.ts';
import * as workers from './workers.ts';

export type { CoreOptions } from './options.ts';

export class Scheduler {
  readonly #core: Core;

  constructor(options: CoreOptions) {
    this.#core = newCore(options);
  }

  /** Applies one event and returns what the shell must do, in order. */
  handle(event: CoreEvent): readonly CoreCommand[] {
    const core = this.#core;
    core.now = Math.max(core.now, event.atMs);
    apply(core, event);
    endRestart(core);
    advance(core);
    do {
      evictReusable(core);
      while (relieveStores(core, event.type)) {
        advance(core);
        evictReusable(core);
      }
      dispatch(core);
    } while (giveWay(core));
    spreadKept(core);
    releaseTables(core);
    followDrains(core, event.type);
    return takeCommands(core);
  }

  /** What is to be written down since it was last asked, in order; nothing unless made with `journal`. */
  takeJournal(): readonly JournalRecord[] {
    return this.#core.journal?.splice(0) ?? [];
  }

  /** When to send `timePassed`: the next time (on the events' clock) at which time alone changes something. */
  nextDeadline(): number | undefined {
    const at = Math.min(nextWakeMs(this.#core), this.#core.restart?.untilMs ?? Number.POSITIVE_INFINITY);
    return Number.isFinite(at) ? at : undefined;
  }

  /** The transitions of a job, worker, task or block (by block id) or attempt, oldest first; long ones lose their beginning. */
  story(id: string): readonly StoryLine[] {
    return this.#core.stories.of(id);
  }

  /** Lines from `seq` on, as far back as the ring goes; pass `next` in the following call. */
  storiesSince(seq: number): { lines: readonly (StoryLine & { seq: number })[]; next: number } {
    return this.#core.stories.since(seq);
  }

  job(id: JobId): JobView | undefined {
    const job = this.#core.jobs.get(id);
    return job && (job.finalView ?? pictureOf(this.#core, job));
  }

  jobs(): readonly JobView[] {
    return [...this.#core.jobs.values()].map((job) => job.finalView ?? pictureOf(this.#core, job));
  }

  /** Those that people brought; the coordinator's own slot is none of them. */
  workers(): readonly WorkerView[] {
    const joined = [...this.#core.workers.values()].filter((worker) => !worker.traits.local);
    return joined.map((worker) => workerPicture(this.#core, worker));
  }

  *blocks(): Generator<BlockView> {
    for (const block of this.#core.blocks.values()) if (isHeld(block)) yield blockPicture(block);
  }

  /** Where blocks live, and which runs of chunks are loaded where. */
  cache(): CacheView {
    return cacheView(this.#core);
  }

  /** Whether a job still needs the block, or its result is kept. */
  needs(blockId: BlockId): boolean {
    return isNeededBlock(this.#core, blockId);
  }

  /** One part of a live job's result that may be read before the job is over; undefined: not yet, or never (see results.ts). */
  resultPart(jobId: JobId, partition: number): ResultPart | undefined {
    return resultPart(this.#core, jobId, partition);
  }

  /** The stages that made a cached relation, as they were run; undefined: no such relation is kept. */
  keptStages(key: string): readonly Stage[] | undefined {
    return keptStages(this.#core, key);
  }

  /** The id of a cached relation of this author, by what it says; undefined: none is kept. */
  keptId(key: string, owner: string): string | undefined {
    return keptId(this.#core, key, owner);
  }

  /** Who can serve a task's output now. Source chunks are not listed: the coordinator holds them all. */
  holders(blockId: BlockId): { onCoordinator: boolean; sessions: readonly SessionId[] } {
    const { blocks, restart } = this.#core;
    const block = blocks.get(blockId);
    if (block) return { onCoordinator: block.onCoordinator, sessions: servingSessions(block) };
    // After a restart a copy may be on disk that no job has come to ask for yet: it must stay there.
    return { onCoordinator: restart !== undefined && hasCopy(restart, blockId), sessions: [] };
  }

  /** The accepted digest and the buckets of a task's output. */
  blockInfo(blockId: BlockId): { digest: Digest; buckets: readonly BucketInfo[] } | undefined {
    const block = this.#core.blocks.get(blockId);
    return block && { digest: block.digest, buckets: block.buckets };
  }

  /** Whether the core counts on the coordinator's copy, or may yet: after a restart some wait for the jobs that made them. */
  countsOnCopy(blockId: BlockId): boolean {
    return this.#core.blocks.has(blockId) || (this.#core.restart?.copies.has(blockId) ?? false);
  }

  /** May this session fetch this slice now? Only slices that a live lease of it reads, or that it is to copy. */
  leaseOf(sessionId: SessionId, blockId: BlockId, bucket: number): boolean {
    if (this.#core.keeping.spreading.get(blockId) === sessionId) return true;
    for (const attempt of this.#core.workers.get(sessionId)?.attempts ?? []) {
      if (readsSlice(attempt.task, blockId, bucket)) return true;
    }
    return false;
  }

  /** Everything but the story ring and passing settings, as plain JSON. */
  snapshot(): Snapshot {
    return snapshotOf(this.#core);
  }

  static restore(snapshot: unknown, options: CoreOptions): Scheduler {
    const scheduler = new Scheduler(options);
    restoreCore(scheduler.#core, snapshot as Snapshot);
    return scheduler;
  }

  /** Throws InvariantError when the indexes and the states disagree; slow, for tests and the simulator. */
  checkInvariants(): void {
    checkCore(this.#core);
  }
}

function newCore({ paceMs, idSeed, limits, authorWeights = {}, journal = false }: CoreOptions): Core {
  const all = { ...CORE_DEFAULTS, ...limits };
  return {
    paceMs,
    idSeed,
    limits: all,
    now: 0,
    attemptsMade: 0,
    stories: new Stories(all.ringLines, all.storyLines),
    jobs: new Map(),
    authorWeights,
    authorLeases: new Map(),
    tasks: new Map(),
    attempts: new Map(),
    ended: new Map(),
    workers: new Map(),
    draining: new Set(),
    stores: new Map(),
    blocks: new Map(),
    residents: new Map(),
    free: Array.from({ length: all.leasesPerSlot }, () => new Set()),
    liveSlots: 0,
    readyJobs: new Set(),
    waitingStages: new Set(),
    collecting: new Map(),
    reusable: new OldestFirst(),
    reusableBytes: 0,
    keeping: newKeeping(),
    remembered: new Map(),
    rememberedBuckets: 0,
    fullStores: new Set(),
    noRoom: undefined,
    lostChunks: new Set(),
    journal: journal ? [] : undefined,
    restart: undefined,
    announcers: new Set(),
    wakes: [],
    stealAtMs: Number.POSITIVE_INFINITY,
    behind: new Set(),
    alone: new Set(),
    pairs: 0,
    lookAtMs: Number.POSITIVE_INFINITY,
    dirtyStages: new Set(),
    doomed: new Map(),
    fresh: [],
    freed: new Set(),
    crowded: new Set(),
    drops: new Map(),
    discards: [],
    out: [],
  };
}

const HANDLERS: { readonly [T in CoreEvent['type']]: (core: Core, event: CoreEventOf<T>) => void } = {
  jobSubmitted,
  jobCancelled,
  jobForgotten,
  workerJoined: workers.workerJoined,
  workerChanged: workers.workerChanged,
  workerLeaving: workers.workerLeaving,
  workerLost: workers.workerLost,
  workerDrained: workers.workerDrained,
  heartbeatReceived: workers.heartbeatReceived,
  attemptStarted,
  attemptSucceeded,
  attemptFailed,
  residentsChanged: workers.residentsChanged,
  inventoryReported,
  attemptsAnnounced,
  journalRestored,
  jobsResumed,
  storeChanged,
  blocksDropped: (core, { storeId, blockIds }) => blocksDropped(core, storeId, blockIds),
  blockCollected: (core, { blockId, digest }) => collected(core, blockId, digest),
  collectFailed: (core, { blockId, why, noRoom }) => collectFailed(core, blockId, why, noRoom),
  relationReleased,
  coordinatorBlockLost: (core, { blockId }) => coordinatorCopyLost(core, blockId, 'the coordinator lost its copy'),
  timePassed: (core) => workers.timePassed(core),
};

/** Ends a job that can't go on for want of room, and with it the need for what it left. */
function giveWay(core: Core): boolean {
  if (!failStuck(core)) return false;
  advance(core);
  for (const store of core.fullStores) core.crowded.add(store);
  return true;
}

function apply<T extends CoreEvent['type']>(core: Core, event: CoreEventOf<T>): void {
  HANDLERS[event.type as T](core, event);
}

function blocksDropped(core: Core, storeId: Store['id'], ids: readonly BlockId[]): void {
  const store = core.stores.get(storeId);
  const blocks = ids.map((id) => core.blocks.get(id)).filter((block): block is Block => block !== undefined);
  if (store) notCopied(core, store, ids);
  if (store)
    copiesLost(
      core,
      blocks.map((block) => [block, store] as const),
      `store ${storeId} no longer has it`,
    );
}

/** Drops come first: what a later command of the same event brings must not be dropped by it. */
function takeCommands(core: Core): readonly CoreCommand[] {
  const commands: CoreCommand[] = [];
  for (const [store, blockIds] of core.drops) {
    const [sessionId] = store.sessions;
    for (let i = 0; sessionId !== undefined && i < blockIds.length; i += DROPS_PER_COMMAND) {
      commands.push({ type: 'dropBlocks', sessionId, blockIds: blockIds.slice(i, i + DROPS_PER_COMMAND) });
    }
  }
  if (core.discards.length > 0) core.noRoom = undefined;
  if (core.discards.length > 0) commands.push({ type: 'discardBlocks', blockIds: core.discards.splice(0) });
  core.drops.clear();
  if (commands.length > 0) for (const command of core.out) commands.push(command);
  const out = commands.length > 0 ? commands : core.out;
  core.out = [];
  return out;
}
