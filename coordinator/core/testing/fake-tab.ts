/** A tab as the tests see it. */
import type { AttemptId, BlockId, Digest, JobId, SessionId, StoreId, WorkerId } from '../../../shared/ids.ts';
import type { TaskSpec } from '../../../shared/plan/task.ts';
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
  /** What its store still has from earlier sessions and has not said yet. */
  /** What its store may keep, and what it last said that it keeps; undefined: it does not speak of it. */
  capBytes: number | undefined;
  toldBytes: number;
  unannounced: (readonly [BlockId, Digest])[];
}
