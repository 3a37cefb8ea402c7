/** The job author's way in: `connect(url, {token})`. Runs in browsers and in Node. */
import { type Datasets, makeDatasets } from './datasets.ts';
import { type EventsOptions, events } from './events.ts';
import type { DataFrame } from './frame/data-frame.ts';
import { type Grid, makeGrid, type TemplateValue } from './grid.ts';
import { type Http, type HttpOptions, makeHttp } from './http.ts';
import { JobHandle } from './job.ts';
import type { AnyRow } from './run/cell-values.ts';
import { type JobOptions, type JobRequest, submitJob } from './run/submit-job.ts';
import type { CacheJson, GridEvent, JobJson, JobsJson, PlanJson, WorkerJson } from './types.ts';

export type {
  AuthorCode,
  AuthorColumn,
  AuthorPlan,
  AuthorRelation,
  AuthorSqlFunction,
} from '../shared/plan/author-plan.ts';
export type { CacheLevel } from '../shared/plan/physical.ts';
export type { DatasetFormat, Datasets, UploadOptions } from './datasets.ts';
export type { EventsOptions } from './events.ts';
export { DataFrame } from './frame/data-frame.ts';
export type { Expressions, GroupedData, GroupFunctions, GroupOptions } from './frame/grouped-data.ts';
export type { BothOptions, CogroupFunction, ModuleOptions, RowContext, RowOptions, StepOptions } from './frame/guest-step.ts';
export type { JoinType } from './frame/join.ts';
export type { FunctionContext, FunctionOptions } from './functions/context.ts';
export { GuestModule, type ModuleCode, type ModuleParams, type Modules, type StreamFormat } from './functions/modules.ts';
export type { Grid, TemplateValue } from './grid.ts';
export type { Fetch } from './http.ts';
export { isSettled, JobHandle, type ResultFormat } from './job.ts';
export type { Columns, RowOf, Schema, ValueOf } from './plan/schema.ts';
export { type ProblemDetails, ProblemError, type SourceDiagnostic } from './problem.ts';
export { Rdd, type SortKey } from './rdd/rdd.ts';
export type { ResultHead } from './result-head.ts';
export type { Accumulator } from './run/accumulator.ts';
export type { Broadcast } from './run/broadcast.ts';
export type { AnyRow, Value } from './run/cell-values.ts';
export type { ActionOptions } from './run/run-plan.ts';
export type { JobOptions, JobRequest } from './run/submit-job.ts';
export type { SqlLiteral } from './sql/literals.ts';
export { type Expression, expr, identifier, raw, type SqlExpression } from './sql/sql-tag.ts';
export type * from './types.ts';

/** Options of a job of one query. */
export type SqlOptions = JobOptions;

/** All that an author does with one coordinator. Frames and Rdds of one connection can be joined with each other, not with those of another. */
export interface Connection extends Omit<Grid, 'query'> {
  /** Queries: lazy as a tag, submitted at once as a call. */
  readonly sql: Sql;
  /** Starts a job of one query or of a plan, and gives its handle at once. Rejects with ProblemError for what is refused. */
  submit(request: JobRequest): Promise<JobHandle>;
  /** Named tables: upload, list, delete. */
  readonly datasets: Datasets;
  /** Your newest jobs (the admin's: everybody's), newest first; 100 unless `limit` (at most 500) says otherwise. */
  jobs(options?: { readonly limit?: number }): Promise<readonly JobJson[]>;
  /** All your jobs, newest first, asked for page by page as they are read. */
  allJobs(options?: { readonly pageSize?: number; readonly signal?: AbortSignal }): AsyncGenerator<JobJson>;
  /** A handle on a job that is already there; nothing is asked of the coordinator yet. */
  job(id: string): JobHandle;
  /** A job's plan. */
  plan(id: string): Promise<PlanJson>;
  /** The tabs and headless workers that are joined. */
  workers(): Promise<readonly WorkerJson[]>;
  /** Where the blocks of datasets and of your jobs live, as far as the coordinator knows. */
  cache(): Promise<CacheJson>;
  /** What changes on the grid, as it happens; reconnects by itself until `signal` aborts. */
  events(options?: EventsOptions): AsyncGenerator<GridEvent>;
}

/** See `Connection.sql`. */
export interface Sql {
  /**
   * As a tag: a lazy frame of one query. Values become literals, frames of this connection the relations that they are; anything
   * else is a TypeError: grid.sql`SELECT * FROM ${flights} WHERE origin = ${airport}`.
   */
  <Row extends object = AnyRow>(texts: TemplateStringsArray, ...values: readonly TemplateValue[]): DataFrame<Row>;
  /** Submits a query. Rejects with ProblemError at once for bad SQL (with `position` and `hint`); later errors come with the result. */
  (text: string, options?: SqlOptions): Promise<JobHandle>;
}

interface PageQuery {
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

function jobsPage(http: Http, query: PageQuery, signal?: AbortSignal): Promise<JobsJson> {
  const given = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]));
  const search = given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
  return http.json<JobsJson>('GET', `/v1/jobs${search}`, undefined, signal);
}

function sqlOf(http: Http, query: Grid['query']): Sql {
  const submit = (text: string, options?: SqlOptions): Promise<JobHandle> => submitJob(http, { ...options, sql: text });
  const sql = (text: string | TemplateStringsArray, ...rest: readonly unknown[]): unknown =>
    typeof text === 'string' ? submit(text, rest[0] as SqlOptions | undefined) : query(text, ...(rest as TemplateValue[]));
  return sql as Sql;
}

/** `url`: where the coordinator is, e.g. `http://127.0.0.1:7077`; empty in pages that it serves. */
export function connect(url: string, options: HttpOptions = {}): Connection {
  const http = makeHttp(url, options);
  const { query, ...grid } = makeGrid(http);
  return {
    ...grid,
    sql: sqlOf(http, query),
    submit: (request) => submitJob(http, request),
    datasets: makeDatasets(http),
    async jobs({ limit } = {}) {
      return (await jobsPage(http, { limit })).jobs;
    },
    async *allJobs({ pageSize, signal } = {}) {
      let cursor: string | undefined;
      do {
        const page = await jobsPage(http, { limit: pageSize, cursor }, signal);
        yield* page.jobs;
        cursor = page.next;
      } while (cursor !== undefined);
    },
    job: (id) => new JobHandle(http, id),
    plan: (id) => new JobHandle(http, id).plan(),
    async workers() {
      return (await http.json<{ workers: WorkerJson[] }>('GET', '/v1/workers')).workers;
    },
    cache: () => http.json<CacheJson>('GET', '/v1/cache'),
    events: (eventsOptions) => events(http, eventsOptions),
  };
}
