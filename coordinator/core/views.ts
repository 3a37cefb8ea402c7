/** Read-only pictures of the core for REST, pages and tests. Counters are derived from stories, never kept on the side. */
import type { JobError } from '../../shared/failure.ts';
import type { BlockId, JobId, SessionId, StoreId, WorkerId } from '../../shared/ids.ts';
import type { JobState } from './commands.ts';
import type { Visibility } from './events.ts';

export interface StoryLine {
  readonly atMs: number;
  /** The job, task, attempt, worker or block that changed. */
  readonly subject: string;
  /** Past tense, e.g. `attemptLeased`, `taskRecomputed`. */
  readonly what: string;
  readonly why: string;
  readonly detail?: { readonly [key: string]: string | number | boolean };
}

export interface StageView {
  readonly index: number;
  readonly title: string;
  readonly state: 'unresolved' | 'resolved' | 'running' | 'successful' | 'failed';
  readonly tasks: number;
  readonly done: number;
  readonly running: number;
  readonly reused: number;
  readonly recomputes: number;
  readonly rows: number;
  readonly bytes: number;
}

export interface JobCounters {
  readonly tasksPlanned: number;
  readonly tasksReused: number;
  readonly attempts: number;
  /** Attempts that ended, by the way they ended: succeeded, or a failure's reason. */
  readonly ended: { readonly [how: string]: number };
  readonly recomputes: number;
  /** Bytes over the network to tabs. */
  readonly bytesMoved: number;
  readonly bytesLoaded: number;
  readonly fetchMs: number;
  readonly loadMs: number;
  readonly computeMs: number;
  readonly packMs: number;
}

export interface JobView {
  readonly jobId: JobId;
  readonly owner: string;
  readonly state: JobState;
  readonly submittedAtMs: number;
  readonly startedAtMs?: number;
  readonly settledAtMs?: number;
  /** Why it waits, in words, while it does. */
  readonly waitingFor?: string;
  readonly stages: readonly StageView[];
  readonly counters: JobCounters;
  readonly error?: JobError;
}

export interface WorkerView {
  readonly workerId: WorkerId;
  readonly sessionId: SessionId;
  readonly storeId: StoreId;
  readonly state: 'idle' | 'working' | 'paused' | 'draining' | 'leaving';
  readonly slots: number;
  readonly busySlots: number;
  readonly visibility: Visibility;
  readonly share: number;
  readonly tasksDone: number;
  readonly recomputedForOthers: number;
  readonly rows: number;
  readonly blocks: number;
  readonly blockBytes: number;
  /** Milliseconds since the session was last heard. */
  readonly silentMs: number;
  readonly current: readonly { readonly slot: number; readonly title: string; readonly jobId: JobId; readonly stage: number }[];
}

export interface BlockView {
  readonly blockId: BlockId;
  readonly bytes: number;
  readonly rows: number;
  readonly onCoordinator: boolean;
  readonly stores: readonly StoreId[];
}
