/** What is remembered of things that are over: attempts, and blocks that nobody holds; and what was learned from them. */
import type { Accumulators } from '../../shared/guest/accumulators.ts';
import type { AttemptId, BlockId, Digest, StoreId, WorkerId } from '../../shared/ids.ts';
import type { AttemptCosts, BucketInfo } from '../../shared/plan/task.ts';

/** Why an attempt was leased: `recompute` when the task was done for the job and its output was lost, `speculation` beside one that takes long. */
export type AttemptCause = 'planned' | 'recompute' | 'retry' | 'speculation';

/** One attempt as its job remembers it; the job's counters are derived from these alone. */
export interface AttemptRecord {
  readonly attemptId: AttemptId;
  readonly blockId: BlockId;
  readonly stage: number;
  readonly cause: AttemptCause;
  readonly why: string;
  /** It ran in the coordinator's own slot. */
  readonly local?: true;
  /** `succeeded`, a failure's reason, `cancelled` or `handedOver`; absent while it is leased. */
  how?: string;
  costs?: AttemptCosts;
}

export interface TaskEnd {
  readonly workerId: WorkerId;
  readonly reason: string;
  readonly message: string;
}

export interface EndedAttempt {
  /** Late reports may come in a later session of the tab. */
  readonly storeId: StoreId;
  readonly blockId: BlockId;
  readonly salted: boolean;
  /** How many attempts had been made with it. */
  readonly number: number;
}

/** A block that is nowhere now, as it was accepted. */
export interface RememberedBlock {
  readonly digest: Digest;
  readonly buckets: readonly BucketInfo[];
  readonly accumulators?: Accumulators | undefined;
  /** How many attempts had been made when it was accepted; absent: as many as by now. */
  readonly acceptedAt?: number | undefined;
}

/** Learned figures; absent until there was a sample. */
export interface Speed {
  loadMsPerByte?: number;
  runMsPerByte?: number;
}
