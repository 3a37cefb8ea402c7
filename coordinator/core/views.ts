/** Read-only pictures of the core for REST, pages and tests. Counters are derived from stories, never kept on the side. */
import type { JobError } from '../../shared/failure.ts';
import type { Accumulators } from '../../shared/guest/accumulators.ts';
import type { BlockId, JobId, SessionId, StoreId, WorkerId } from '../../shared/ids.ts';
import type { JobCounters, LongRun, StageView, WorkerFigures } from '../../shared/rest/views.ts';
import type { JobState } from './commands.ts';

export type { JobCounters, LongRun, StageView, StoryLine } from '../../shared/rest/views.ts';

export interface JobView {
  readonly jobId: JobId;
  readonly owner: string;
  readonly state: JobState;
  readonly submittedAtMs: number;
  readonly startedAtMs?: number;
  readonly settledAtMs?: number;
  /** Why it waits, in words, while it does. */
  readonly waitingFor?: string;
  /** A task that has been running unusually long, while it does. */
  readonly longRun?: LongRun;
  readonly stages: readonly StageView[];
  readonly counters: JobCounters;
  /** What guests counted, in all output blocks that the job's tasks use, each once. Absent: nothing. */
  readonly accumulators?: Accumulators;
  readonly error?: JobError;
}

export interface WorkerView extends WorkerFigures<JobId> {
  readonly workerId: WorkerId;
  readonly sessionId: SessionId;
  readonly storeId: StoreId;
}

export interface BlockView {
  readonly blockId: BlockId;
  readonly bytes: number;
  readonly rows: number;
  readonly onCoordinator: boolean;
  readonly stores: readonly StoreId[];
}
