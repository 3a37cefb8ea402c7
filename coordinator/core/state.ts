/** The core's whole state: plain structures, modules are functions over `Core`. Sets and maps keep their order: equal events, equal commands. */
import type { JobError } from '../../shared/failure.ts';
import type { AttemptId, BlockId, Digest, JobId, SessionId, StoreId, WorkerId } from '../../shared/ids.ts';
import type { Branch, Determinacy, Fragment, PhysicalPlan, PlanColumn, Stage } from '../../shared/plan/physical.ts';
import type { OutputPartitioning } from '../../shared/plan/recipe.ts';
import type { BucketInfo, ChunkRun, Slice } from '../../shared/plan/task.ts';
import type { CoreCommand, JobState } from './commands.ts';
import type { CoreLimits } from './constants.ts';
import type { JobOptions, Visibility } from './events.ts';
import type { Few } from './few.ts';
import type { Collecting } from './inventory.ts';
import type { JournalRecord } from './journal.ts';
import type { Keeping } from './keeping.ts';
import type { KeptInput } from './kept-inputs.ts';
import type { OldestFirst } from './oldest-first.ts';
import type { RunSample } from './policies/speculation.ts';
import type { ReadyQueue } from './queue.ts';
import type { AttemptRecord, EndedAttempt, RememberedBlock, TaskEnd } from './records.ts';
import type { Restart } from './restart.ts';
import type { CutRun } from './runs.ts';
import type { Stories } from './stories.ts';
import type { JobView } from './views.ts';
import type { Slot, Store, Worker } from './worker-state.ts';

export type { Slot, Store, Worker } from './worker-state.ts';
export { isEligible, isGoing } from './worker-state.ts';

export interface StageState {
  readonly job: Job;
  readonly index: number;
  readonly plan: Stage;
  /** As planned, or of the alternative that was taken. */
  branches: readonly Branch[];
  /** Which alternative was taken. */
  alternative?: number;
  /** Distinct indices of the stages that its branches read. */
  reads: readonly number[];
  /** Of those that read it or, as long as they are not decided, may. */
  readBy: number[];
  /** `skipped`: nobody reads it since an alternative was taken. */
  state: 'unresolved' | 'resolved' | 'running' | 'successful' | 'failed' | 'skipped';
  /** By partition; a task may stand here twice (UNION ALL of equal branches). */
  tasks: Task[];
  /** Which branch each task is of. */
  branchOf: number[];
  /** How many of `tasks` are done or lost-but-unneeded; equal to tasks.length when successful. */
  done: number;
  /** What its newest attempts took that succeeded, oldest first. */
  runs: RunSample[];
  /** It was successful before: made again it keeps no relation anew, which may have been let go. */
  isKept: boolean;
}

export interface Job {
  readonly id: JobId;
  readonly owner: string;
  readonly plan: PhysicalPlan;
  readonly options: JobOptions;
  readonly submittedAtMs: number;
  readonly stages: StageState[];
  readonly queue: ReadyQueue;
  /** What its indeterminate outputs are named by; another one once they are gone and must be made anew. */
  salt: JobId | `${JobId}/${string}`;
  /** Nothing is cut or leased for it: those who worked for it before the coordinator restarted may yet come back. */
  isHeld: boolean;
  /** An earlier run of the coordinator had begun it. */
  isResumed?: true;
  state: 'live' | Extract<JobState, 'successful' | 'failed' | 'cancelled'>;
  startedAtMs?: number;
  settledAtMs?: number;
  error?: JobError;
  /** Live attempts charged to this job. */
  leases: number;
  records: AttemptRecord[];
  /** Result blocks not yet on the coordinator, once the last stage is successful. */
  readonly uncollected: Set<BlockId>;
  /** Pinned until the job is forgotten. */
  results: Block[];
  /** The last picture, taken when the job settled and its tasks were let go. */
  finalView?: JobView;
}

/** Upstream blocks that tasks read together; all tasks of a stage that read a whole stage share one. */
export interface InputGroup {
  /** In partition order; may repeat. */
  readonly producers: readonly Task[];
  /** Producers whose output cannot be had now. */
  readonly missing: Set<Task>;
  /** Tasks that read it and are neither done nor lost. */
  readonly users: Set<Task>;
  /** Tasks that refer to it; at 0 it is unlinked from its producers. */
  consumers: number;
  /** All buckets, for tasks that read whole blocks: built for a lease, dropped when a producer's output changes. */
  slices?: readonly Slice[];
  blockIds?: ReadonlySet<BlockId>;
}

export type TaskSource =
  /** `run` is put together each time that it is asked for: of a million tasks few are looked at. */
  | {
      readonly kind: 'chunks';
      readonly run: ChunkRun;
      readonly residentKey: string;
      readonly cut: CutRun;
      readonly bytes: number;
    }
  /** The coordinator always holds it. */
  | { readonly kind: 'module'; readonly slice: Slice }
  | {
      readonly kind: 'group';
      readonly group: InputGroup;
      readonly columns: readonly PlanColumn[];
      /** Read of each producer's block, in ascending order: bucket after bucket, each of all producers. */
      readonly buckets: readonly number[];
      /** Only these of the upstream stage's tasks are its producers, `end` exclusive. */
      readonly part?: { readonly first: number; readonly end: number };
    };

/**
 * blocked -> ready -> leased -> (pinning ->) done; done -> lost when its output is gone and nobody needs it, or back to
 * blocked | ready when somebody does. `pinning`: an indeterminate output is being copied to the coordinator.
 */
export type TaskState = 'blocked' | 'ready' | 'leased' | 'pinning' | 'done' | 'lost';

export interface TaskRef {
  readonly stage: StageState;
  readonly partition: number;
}

/** Keyed by the block it makes: jobs that need one block share one task. */
export interface Task {
  readonly blockId: BlockId;
  readonly title: string;
  readonly fragment: Fragment;
  readonly columns: readonly PlanColumn[];
  readonly partitioning: OutputPartitioning;
  readonly determinacy: Determinacy;
  /** No other job can ask for it: its block is dropped when its job ends. */
  readonly salted: boolean;
  readonly sources: readonly TaskSource[];
  /** Its number in its stage, where the fragment reads it. */
  readonly partition?: number;
  refs: readonly TaskRef[];
  feeds: readonly InputGroup[];
  state: TaskState;
  /** Groups among `sources` with something missing; kept while the task is a user of them. */
  blockedOn: number;
  /** The second one, if there is one, runs because the first takes long; both are charged to one job. */
  attempts: ReadonlySet<Attempt>;
  /** Jobs for which it was attempted or done: what comes later is a retry or a recompute. */
  known: readonly JobId[];
  /** Set when a finished output was lost and must be made again. */
  rerunWhy?: string;
  failures: number;
  deaths: number;
  strays: number;
  history: readonly TaskEnd[];
  /** Workers where it failed; passed over while there are others. */
  avoid: readonly WorkerId[];
  home?: Slot;
  preferredStore?: StoreId;
  readyAtMs: number;
  /** Uncompressed bytes of all that it reads, as of when it became ready. */
  inputBytes: number;
  /** Parallel to `sources`: which of them stay loaded besides runs of chunks, as of when it became ready. */
  kept?: readonly (KeptInput | null)[] | undefined;
}

export interface Attempt {
  readonly id: AttemptId;
  /** The how manieth it is. */
  readonly number: number;
  readonly task: Task;
  readonly worker: Worker;
  readonly slot: Slot;
  readonly leasedAtMs: number;
  /** The worker's, when it was leased. */
  readonly visibility: Visibility;
  job: Job;
  record: AttemptRecord;
  expiresAtMs: number;
  startedAtMs?: number;
  /** Since when it has been the oldest of its slot. */
  headAtMs?: number;
}

/** A task's output. Source chunks are not here: the coordinator holds them all. */
export interface Block {
  readonly id: BlockId;
  readonly salted: boolean;
  digest: Digest;
  /** How many attempts had been made when this digest was accepted: later ones have read what it stands for. */
  acceptedAt: number;
  buckets: readonly BucketInfo[];
  /** What the guests counted that made it. */
  accumulators?: RememberedBlock['accumulators'];
  bytes: number;
  rows: number;
  onCoordinator: boolean;
  /** Store -> when it got the block; copies older than a lease are suspect when that lease's fetch fails. */
  readonly stores: Few<Store, number>;
  /** Jobs whose result it is. */
  pins: number;
  /** Cached relations that it is part of. */
  keeps: number;
  /** How long the attempt ran that made it, in ms; 0: not known. */
  runMs: number;
  /** Copies to the coordinator that failed. */
  collectsFailed: number;
}

export interface Core {
  readonly paceMs: number;
  readonly idSeed: string;
  readonly limits: CoreLimits;
  now: number;
  attemptsMade: number;
  readonly stories: Stories;
  readonly jobs: Map<JobId, Job>;
  /** Absent: 1. */
  readonly authorWeights: { readonly [author: string]: number };
  /** Of those that have any. */
  readonly authorLeases: Map<string, number>;
  readonly tasks: Map<BlockId, Task>;
  readonly attempts: Map<AttemptId, Attempt>;
  readonly ended: Map<AttemptId, EndedAttempt>;
  readonly workers: Map<SessionId, Worker>;
  /** Those that drain and were not told to go yet. */
  readonly draining: Set<Worker>;
  /** The coordinator's own, one of `workers`. */
  local?: Worker;
  readonly stores: Map<StoreId, Store>;
  readonly blocks: Map<BlockId, Block>;
  /** Slots of workers that may get leases, by the run they hold. */
  readonly residents: Map<string, Set<Slot>>;
  /** Slots that may get leases, by how many they have. */
  readonly free: readonly Set<Slot>[];
  liveSlots: number;
  /** Jobs with ready tasks. */
  readonly readyJobs: Set<Job>;
  /** Stages that can resolve as soon as there is a slot. */
  readonly waitingStages: Set<StageState>;
  /** Copies asked for. */
  readonly collecting: Map<BlockId, Collecting>;
  /** Kept for reuse, least recently used first. */
  readonly reusable: OldestFirst<BlockId, Block>;
  reusableBytes: number;
  readonly keeping: Keeping;
  /** What stores that are gone held and nobody needed, oldest first. */
  readonly remembered: Map<BlockId, RememberedBlock>;
  rememberedBuckets: number;
  readonly fullStores: Set<Store>;
  /** Why the coordinator could not take a block of a full store over; tried again when something may have changed. */
  noRoom: string | undefined;
  readonly lostChunks: Set<BlockId>;
  /** What is to be written down; absent where nobody does. */
  readonly journal: JournalRecord[] | undefined;
  /** Set while those who were there before a restart may yet come back. */
  restart: Restart | undefined;
  /** Who has told of attempts that nobody has leased to them again. */
  readonly announcers: Set<Worker>;
  readonly wakes: { at: number; readonly who: Worker | Job }[];
  stealAtMs: number;
  /** Attempts that wait behind another one in their slot, oldest lease first. */
  readonly behind: Set<Attempt>;
  /** Oldest of their slots, the only one of their task, and may have a second one beside them. */
  readonly alone: Set<Attempt>;
  /** Tasks with two attempts. */
  pairs: number;
  /** Until then no attempt of `alone` can be found to take too long. */
  lookAtMs: number;

  /** What the current event still has to bring about; empty between events. */
  readonly dirtyStages: Set<StageState>;
  readonly doomed: Map<Job, JobError>;
  readonly fresh: Task[];
  readonly freed: Set<Slot>;
  /** Stores that may be over their cap, or no longer. */
  readonly crowded: Set<Store>;
  readonly drops: Map<Store, BlockId[]>;
  readonly discards: BlockId[];
  out: CoreCommand[];
}

/** Its output is the job's result. */
export function isResult({ job, index }: StageState): boolean {
  return index === job.stages.length - 1;
}
