/** A tab as the tests see it, and what its blocks are made of. */
import type { AttemptId, BlockId, Digest, JobId, SessionId, StoreId, WorkerId } from '../../../shared/ids.ts';
import type { AttemptCosts, BucketInfo, TaskSpec } from '../../../shared/plan/task.ts';
import type { WorkerTraits } from '../events.ts';

export interface FakeAttempt {
  readonly attemptId: AttemptId;
  readonly sessionId: SessionId;
  readonly slot: number;
  readonly task: TaskSpec;
  readonly jobId: JobId;
  readonly stage: number;
  started: boolean;
}

export interface FakeTab {
  readonly sessionId: SessionId;
  readonly workerId: WorkerId;
  readonly storeId: StoreId;
  traits: WorkerTraits;
  draining: boolean;
  leaving: boolean;
  readonly attempts: Map<AttemptId, FakeAttempt>;
  /** Attempts that were cancelled here; a slow tab may still report them. */
  readonly cancelled: FakeAttempt[];
  readonly residents: Set<string>;
}

export const NO_COSTS: AttemptCosts = {
  queueMs: 0,
  fetchMs: 0,
  loadMs: 0,
  computeMs: 0,
  packMs: 0,
  fetchedBytes: 0,
  fetchedSlices: 0,
  cachedBytes: 0,
  loadedBytes: 0,
};

/** What the block's bytes are, symbolically; `variant` for fragments that give other bytes each time. */
export function digestFor(blockId: BlockId, variant = ''): Digest {
  return `digest-${blockId}${variant}` as Digest;
}

export function bucketsFor(digest: Digest): BucketInfo[] {
  return [{ rows: 10, bytes: 1_000, digest: `bucket-${digest}` as Digest }];
}
