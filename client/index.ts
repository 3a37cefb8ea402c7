/** The job author's way in: `connect(url, {token})`. Runs in browsers and in Node. */
import { type Datasets, makeDatasets } from './datasets.ts';
import { type EventsOptions, events } from './events.ts';
import { type Http, type HttpOptions, makeHttp } from './http.ts';
import { JobHandle } from './job.ts';
import type { CacheJson, GridEvent, JobJson, JobOptionsJson, JobsJson, PlanJson, WorkerJson } from './types.ts';

export type { DatasetFormat, Datasets, UploadOptions } from './datasets.ts';
export type { EventsOptions } from './events.ts';
export type { Fetch } from './http.ts';
export { isSettled, JobHandle, type ResultFormat } from './job.ts';
export { type ProblemDetails, ProblemError, type SourceDiagnostic } from './problem.ts';
export type { ResultHead } from './result-head.ts';
export type * from './types.ts';

export interface SqlOptions extends JobOptionsJson {
  /** Shown on the dashboard. */
  readonly name?: string;
}

export interface Connection {
  /** Submits a query. Throws ProblemError at once for bad SQL (with `position` and `hint`); later errors come with the result. */
  sql(text: string, options?: SqlOptions): Promise<JobHandle>;
  readonly datasets: Datasets;
  /** Your newest jobs (the admin's: everybody's), newest first; 100 unless `limit` (at most 500) says otherwise. */
  jobs(options?: { readonly limit?: number }): Promise<readonly JobJson[]>;
  /** All your jobs, newest first, asked for page by page as they are read. */
  allJobs(options?: { readonly pageSize?: number; readonly signal?: AbortSignal }): AsyncGenerator<JobJson>;
  /** A handle on a job that is already there; nothing is asked of the coordinator yet. */
  job(id: string): JobHandle;
  plan(id: string): Promise<PlanJson>;
  workers(): Promise<readonly WorkerJson[]>;
  /** Where the blocks of datasets and of your jobs live, as far as the coordinator knows. */
  cache(): Promise<CacheJson>;
  /** What changes on the grid, as it happens; reconnects by itself until `signal` aborts. */
  events(options?: EventsOptions): AsyncGenerator<GridEvent>;
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

/** `url`: where the coordinator is, e.g. `http://127.0.0.1:7077`; empty in pages that it serves. */
export function connect(url: string, options: HttpOptions = {}): Connection {
  const http = makeHttp(url, options);
  return {
    async sql(text, { name, ...jobOptions } = {}) {
      const body = { sql: text, ...(name === undefined ? {} : { name }), options: jobOptions };
      return new JobHandle(http, (await http.json<{ jobId: string }>('POST', '/v1/jobs', body)).jobId);
    },
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
