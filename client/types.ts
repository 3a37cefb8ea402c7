/** The JSON of the coordinator's REST interface (design, section 12), as authors see it. */
import type { JobError } from '../shared/failure.ts';
import type { Fallback, LogicalView } from '../shared/plan/physical.ts';
import type { Accumulators, JobCounters, JobState, LongRun, StageView, WorkerFigures } from '../shared/rest/views.ts';

export type { CacheJson, DatasetCache, Held, JobCache, StorePart, TabPart } from '../shared/rest/cache.ts';
export type {
  JobCounters as JobCountersJson,
  JobState,
  StageView as StageJson,
  StoryLine as StoryLineJson,
} from '../shared/rest/views.ts';

/** A job as GET /v1/jobs/:id shows it; times are milliseconds since the epoch. */
export interface JobJson {
  readonly jobId: string;
  readonly state: JobState;
  readonly stages: readonly StageView[];
  /** Empty for a job of an earlier run of the coordinator. */
  readonly counters: Partial<JobCounters>;
  /** What the job's functions counted, by name; grows while it runs. Absent when they counted nothing. */
  readonly accumulators?: Accumulators;
  /** What planning took; absent where it is no longer known. */
  readonly planMs?: number;
  /** Done tasks as a part of all, 0..1. */
  readonly progress?: number;
  readonly owner?: string;
  readonly name?: string;
  readonly sql?: string;
  readonly submittedAtMs?: number;
  readonly startedAtMs?: number;
  readonly settledAtMs?: number;
  /** Why it waits, in words, while it does. */
  readonly waitingFor?: string;
  /** A task that has been running unusually long, while it does: perhaps a loop without an end. */
  readonly longRun?: LongRun;
  /** Why it failed. */
  readonly error?: JobError;
}

/** One page of jobs. */
export interface JobsJson {
  readonly jobs: readonly JobJson[];
  /** The cursor of the next, older page; absent on the last one. */
  readonly next?: string;
}

/** How a job runs. */
export interface JobOptionsJson {
  /** false: neither reuse blocks that other jobs made nor share running tasks. */
  readonly reuse?: boolean;
  /** Its share of the slots beside other jobs: above 0, at most 1000; 1 unless you say otherwise. */
  readonly weight?: number;
  /** Milliseconds after submission; the job fails then. */
  readonly deadlineMs?: number;
  /** It runs in so many slots at once, at most. */
  readonly slotsMax?: number;
}

/** A column of a result or a dataset. */
export interface ColumnJson {
  readonly name: string;
  /** DuckDB's own name, as native gives it. */
  readonly type: string;
}

/** Integers beyond 2^53 and decimals are strings; see the design, section 12. */
export type Cell = null | boolean | number | string | readonly Cell[] | { readonly [field: string]: Cell };

/** A result as JSON: rows are lists of cells, in the order of the columns. */
export interface ResultJson {
  readonly columns: readonly ColumnJson[];
  readonly rows: readonly (readonly Cell[])[];
}

/** A dataset as GET /v1/datasets shows it; `bytes` are uncompressed. */
export interface DatasetJson {
  readonly name: string;
  readonly schema: readonly ColumnJson[];
  readonly rows: number;
  readonly bytes: number;
  readonly partitions: number;
  readonly state: 'ready' | 'loading';
  readonly owner?: string;
  readonly format?: string;
}

/** A tab, or a headless worker. */
export interface WorkerJson extends WorkerFigures {
  readonly workerId: string;
  /** Chosen by the volunteer, if any was. */
  readonly name?: string;
  readonly mode?: 'full' | 'basic' | 'headless';
}

/** What a task runs: queries and guests, one after the other. */
export interface FragmentJson {
  readonly steps: readonly { readonly kind: string; readonly sql?: string }[];
}

/** Tasks of one kind, a partition each. */
export interface PlanStageJson {
  readonly index: number;
  readonly title: string;
  readonly operators: readonly string[];
  readonly determinacy?: string;
  readonly fallback?: Fallback;
  /** The SQL that its tasks run, one a branch. */
  readonly fragments?: readonly FragmentJson[];
  readonly branches?: readonly { readonly fragment: FragmentJson }[];
}

/** A job's plan as GET /v1/jobs/:id/plan shows it. */
export interface PlanJson {
  readonly logical: LogicalView;
  readonly stages: readonly PlanStageJson[];
  readonly fallbacks?: readonly Fallback[];
  readonly chunks?: { readonly total: number; readonly needed: number };
}

/** One event of GET /v1/events. */
export interface GridEvent {
  /** The stream's event name. */
  readonly type: string;
  readonly data: unknown;
  readonly id?: string;
}
