/** What the core tells the shell to do (imperative). The shell does them in order. */
import type { JobError } from '../../shared/failure.ts';
import type { Accumulators } from '../../shared/guest/accumulators.ts';
import type { AttemptId, BlockId, Digest, JobId, SessionId } from '../../shared/ids.ts';
import type { BucketInfo, TaskSpec } from '../../shared/plan/task.ts';

export type JobState = 'waiting' | 'running' | 'successful' | 'failed' | 'cancelled';

/** One block of a result, in partition order; the coordinator keeps a copy by then. */
export interface ResultBlock {
  readonly blockId: BlockId;
  readonly digest: Digest;
  readonly buckets: readonly BucketInfo[];
}

/** `ahead`: for a result that is not finished yet; `urgent`: those who hold it are about to go. */
export type Urgency = 'ahead' | 'wanted' | 'urgent';

export type CoreCommand =
  | {
      readonly type: 'leaseTask';
      readonly sessionId: SessionId;
      readonly attemptId: AttemptId;
      /** The slot whose residents the core counted on. */
      readonly slot: number;
      readonly jobId: JobId;
      readonly stage: number;
      readonly task: TaskSpec;
    }
  | { readonly type: 'cancelAttempt'; readonly sessionId: SessionId; readonly attemptId: AttemptId; readonly why: string }
  /** It has drained: its session ends. */
  | { readonly type: 'dismissWorker'; readonly sessionId: SessionId; readonly why: string }
  /** The tab may forget these blocks. */
  | { readonly type: 'dropBlocks'; readonly sessionId: SessionId; readonly blockIds: readonly BlockId[] }
  /** The slot shall drop these tables; it says nothing when it has none of them. */
  | {
      readonly type: 'dropResidents';
      readonly sessionId: SessionId;
      readonly slot: number;
      readonly residentKeys: readonly string[];
    }
  /**
   * Copy a block from one of these sessions to the coordinator; answer with blockCollected or collectFailed. Said again of a copy
   * that is not answered yet, it only raises the urgency.
   */
  | {
      readonly type: 'collectBlock';
      readonly blockId: BlockId;
      readonly digest: Digest;
      readonly buckets: readonly BucketInfo[];
      readonly accumulators?: Accumulators;
      readonly from: readonly SessionId[];
      readonly urgency: Urgency;
      /** Its place in the result; of blocks that are copied ahead, those that come first in a result go first. */
      readonly partition: number;
    }
  /** Fetch a block and keep it; answered with inventoryReported, or with blocksDropped when it could not be had. */
  | {
      readonly type: 'copyBlock';
      readonly sessionId: SessionId;
      readonly blockId: BlockId;
      readonly digest: Digest;
      readonly buckets: readonly BucketInfo[];
      readonly accumulators?: Accumulators;
    }
  /** A copy that was asked for is not wanted any more: no answer is needed. */
  | { readonly type: 'stopCollecting'; readonly blockId: BlockId }
  /** No job needs the coordinator's copy any more. */
  | { readonly type: 'discardBlocks'; readonly blockIds: readonly BlockId[] }
  | {
      readonly type: 'settleJob';
      readonly jobId: JobId;
      readonly state: Extract<JobState, 'successful' | 'failed' | 'cancelled'>;
      readonly result?: readonly ResultBlock[];
      readonly error?: JobError;
    };
