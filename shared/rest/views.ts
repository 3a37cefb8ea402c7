/** What REST and the event stream show of jobs and workers: the same shapes in the coordinator, the client and the pages. */

export type { Accumulators } from '../guest/accumulators.ts';

export type JobState = 'waiting' | 'running' | 'successful' | 'failed' | 'cancelled';

export interface StageView {
  readonly index: number;
  readonly title: string;
  /** What was done instead of the plan's first way, in words: sizes found on the way allowed it. */
  readonly alternative?: string;
  /** `skipped`: an alternative made it unnecessary. */
  readonly state: 'unresolved' | 'resolved' | 'running' | 'successful' | 'failed' | 'skipped';
  readonly tasks: number;
  readonly done: number;
  readonly running: number;
  readonly reused: number;
  readonly recomputes: number;
  /** Attempts in the coordinator's own slot. */
  readonly onCoordinator: number;
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

/** A task that has been running unusually long. */
export interface LongRun {
  readonly stage: number;
  /** Its place in the stage, from 0. */
  readonly task: number;
  readonly workerId: string;
  /** Rounded down to 5 s. */
  readonly forMs: number;
  /** In words. */
  readonly detail: string;
  /** What the author can do. */
  readonly hint: string;
}

/** What a slot does now. */
export interface CurrentTask<JobId extends string = string> {
  readonly slot: number;
  readonly title: string;
  readonly jobId: JobId;
  readonly stage: number;
}

/** A worker without its ids. */
export interface WorkerFigures<JobId extends string = string> {
  readonly state: 'idle' | 'working' | 'paused' | 'draining' | 'leaving';
  readonly slots: number;
  readonly busySlots: number;
  /** Memory limit of each slot's engine. */
  readonly memoryPerSlotBytes: number;
  readonly visibility: 'visible' | 'hidden' | 'headless';
  readonly share: number;
  readonly tasksDone: number;
  readonly recomputedForOthers: number;
  readonly rows: number;
  readonly blocks: number;
  readonly blockBytes: number;
  /** Milliseconds since the session was last heard. */
  readonly silentMs: number;
  readonly current: readonly CurrentTask<JobId>[];
}

export interface StoryLine {
  readonly atMs: number;
  /** The job, task, attempt, worker or block that changed. */
  readonly subject: string;
  /** Past tense, e.g. `attemptLeased`, `taskRecomputed`. */
  readonly what: string;
  readonly why: string;
  readonly detail?: { readonly [key: string]: string | number | boolean };
}
