/**
 * Named points where a test may hold the coordinator still. They are an option of buildApp only: nothing on the network
 * reaches them, and an absent one costs nothing.
 */
import type { AttemptId, BlockId, JobId, SessionId, WorkerId } from '../../shared/ids.ts';

export interface AttemptPoint {
  readonly jobId: JobId;
  readonly stage: number;
  readonly blockId: BlockId;
  readonly attemptId: AttemptId;
  readonly sessionId: SessionId;
  readonly workerId: WorkerId;
}

/** A tab sends slices through the relay. */
export interface ServingPoint {
  readonly sessionId: SessionId;
  readonly workerId: WorkerId;
  /** Of the slices that it was asked for in one request, and of which the first bytes have come. */
  readonly blockIds: readonly BlockId[];
}

export interface Breakpoints {
  /** The core has leased the task; the message waits until this resolves. */
  readonly beforeLease?: (point: AttemptPoint) => Promise<void>;
  /** The lease was handed to the socket. */
  readonly afterLease?: (point: AttemptPoint) => Promise<void>;
  /** The core has taken the success; the session's next messages wait until this resolves. */
  readonly afterAccept?: (point: AttemptPoint & { readonly inline: boolean }) => Promise<void>;
  /** The relay has the first bytes of what it asked a tab for; it takes no more from this request until this resolves. */
  readonly whileServing?: (point: ServingPoint) => Promise<void>;
}
