/**
 * What the scheduler core is told (past tense). `atMs` is the shell's monotonic clock; the core never reads one itself.
 * Every event may be stale or odd: the core ignores and notes it, and never throws.
 */
import type { Failure } from '../../shared/failure.ts';
import type { Accumulators } from '../../shared/guest/accumulators.ts';
import type { AttemptId, BlockId, Digest, JobId, SessionId, StoreId, WorkerId } from '../../shared/ids.ts';
import type { PhysicalPlan } from '../../shared/plan/physical.ts';
import type { AttemptCosts, BucketInfo } from '../../shared/plan/task.ts';
import type { JournalRecord } from './journal.ts';

export interface JobOptions {
  /** false: neither reuse blocks that other jobs made nor share running tasks. */
  readonly reuse: boolean;
  readonly weight: number;
  /** Milliseconds after submission; the job fails then. Absent: never. */
  readonly deadlineMs?: number;
  readonly slotsMax?: number;
}

export type Visibility = 'visible' | 'hidden' | 'headless';

export interface WorkerTraits {
  readonly slots: number;
  readonly visibility: Visibility;
  /** A paused worker gets no leases and still serves its blocks. */
  readonly paused: boolean;
  /** CPU share the volunteer gives, 0..1. */
  readonly share: number;
  readonly memoryPerSlotBytes: number;
  /** The coordinator's own slot (local-worker.ts); the protocol has no word for it, so no tab can claim it. */
  readonly local?: boolean;
}

/** A slot's resident table: which columns of which run it holds now. */
export interface ResidentReport {
  readonly slot: number;
  readonly residentKey: string;
  /** Empty: the table was dropped. */
  readonly ordinals: readonly number[];
}

export type CoreEvent = { readonly atMs: number } & (
  | {
      readonly type: 'jobSubmitted';
      readonly jobId: JobId;
      readonly owner: string;
      readonly plan: PhysicalPlan;
      readonly options: JobOptions;
      /** When it was accepted; absent: now. */
      readonly submittedAtMs?: number;
      /** An earlier run of the coordinator accepted it: it goes on from what the journal knows. */
      readonly resumed?: boolean;
    }
  /**
   * The first event after a restart: what the journal holds of unfinished jobs, kept relations and workers, in the order in which it was
   * written (a lost end costs work, never the answer), and the outputs of tasks that lie on the coordinator's disk.
   */
  | {
      readonly type: 'journalRestored';
      readonly records: readonly JournalRecord[];
      readonly copies: readonly { readonly blockId: BlockId; readonly digest: Digest }[];
    }
  /** All unfinished jobs of an earlier run have been submitted: their workers may come back. */
  | { readonly type: 'jobsResumed' }
  | { readonly type: 'jobCancelled'; readonly jobId: JobId }
  /** The job's result expired or was deleted: its blocks are no longer pinned. */
  | { readonly type: 'jobForgotten'; readonly jobId: JobId }
  | {
      readonly type: 'workerJoined';
      readonly sessionId: SessionId;
      readonly workerId: WorkerId;
      readonly storeId: StoreId;
      readonly traits: WorkerTraits;
    }
  | { readonly type: 'workerChanged'; readonly sessionId: SessionId; readonly traits: WorkerTraits }
  /** The tab said that it goes; its running attempts are released, not dead. */
  | { readonly type: 'workerLeaving'; readonly sessionId: SessionId }
  | { readonly type: 'workerLost'; readonly sessionId: SessionId; readonly why: 'closed' | 'silent' | 'protocol' | 'dismissed' }
  | { readonly type: 'workerDrained'; readonly workerId: WorkerId }
  | { readonly type: 'heartbeatReceived'; readonly sessionId: SessionId; readonly running: readonly AttemptId[] }
  | { readonly type: 'attemptStarted'; readonly sessionId: SessionId; readonly attemptId: AttemptId; readonly slot: number }
  | {
      readonly type: 'attemptSucceeded';
      readonly sessionId: SessionId;
      readonly attemptId: AttemptId;
      readonly blockId: BlockId;
      readonly digest: Digest;
      readonly buckets: readonly BucketInfo[];
      /** The shell has verified the bytes and keeps them on the coordinator. */
      readonly inline: boolean;
      readonly costs: AttemptCosts;
      /** The end of what its guests logged. */
      readonly log?: string;
      /** What its guests counted. */
      readonly accumulators?: Accumulators;
      /** The coordinator merged a few rows itself, without the engine. */
      readonly merged?: true;
    }
  | { readonly type: 'attemptFailed'; readonly sessionId: SessionId; readonly attemptId: AttemptId; readonly failure: Failure }
  | { readonly type: 'residentsChanged'; readonly sessionId: SessionId; readonly changes: readonly ResidentReport[] }
  /** Blocks that a store says it holds from earlier sessions, or that a late report names; only (id, digest) as accepted counts. */
  | {
      readonly type: 'inventoryReported';
      readonly sessionId: SessionId;
      readonly blocks: readonly { readonly blockId: BlockId; readonly digest: Digest }[];
      /** No more parts follow: what did not match may be dropped. */
      readonly last: boolean;
    }
  /** What a returning tab still runs of what an earlier session of it was given. */
  | {
      readonly type: 'attemptsAnnounced';
      readonly sessionId: SessionId;
      readonly attempts: readonly { readonly attemptId: AttemptId; readonly blockId: BlockId; readonly slot: number }[];
    }
  | { readonly type: 'storeChanged'; readonly sessionId: SessionId; readonly outputBytes: number; readonly capBytes: number }
  /** A store no longer has these blocks (evicted, corrupt, quota). */
  | { readonly type: 'blocksDropped'; readonly storeId: StoreId; readonly blockIds: readonly BlockId[] }
  /** The coordinator now keeps a verified copy. */
  | { readonly type: 'blockCollected'; readonly blockId: BlockId; readonly digest: Digest }
  /** `noRoom`: the coordinator's disk is full; whoever was asked still has the block. */
  | { readonly type: 'collectFailed'; readonly blockId: BlockId; readonly why: string; readonly noRoom?: boolean }
  /** Its author lets a cached relation go. */
  | { readonly type: 'relationReleased'; readonly pinId: string }
  /** The coordinator's own copy is gone (disk full on spill, file damaged). */
  | { readonly type: 'coordinatorBlockLost'; readonly blockId: BlockId }
  | { readonly type: 'timePassed' }
);

export type CoreEventOf<T extends CoreEvent['type']> = Extract<CoreEvent, { readonly type: T }>;
