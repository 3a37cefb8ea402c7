/** A query or a plan as a job. */
import type { AuthorPlan, AuthorSqlFunction } from '../../shared/plan/author-plan.ts';
import type { Http } from '../http.ts';
import { JobHandle } from '../job.ts';
import type { JobOptionsJson } from '../types.ts';

/** How a job runs, beside what it is. */
export interface JobOptions extends JobOptionsJson {
  /** Shown on the dashboard. */
  readonly name?: string;
  /** Stops the request. A job that is accepted is cancelled by its handle. */
  readonly signal?: AbortSignal;
}

/** What POST /v1/jobs takes: one query, or relations as docs/guests.md has them; a frame's `plan()` gives such. */
export type JobRequest = JobOptions &
  (
    | {
        readonly sql: string;
        /** Guests that the query calls, by their names. */
        readonly functions?: Readonly<Record<string, AuthorSqlFunction>>;
        readonly plan?: never;
      }
    | { readonly plan: AuthorPlan; readonly sql?: never; readonly functions?: never }
  );

/** Throws ProblemError for what is refused: `position` and `hint` for SQL, `relation` for a plan. */
export async function submitJob(http: Http, { sql, plan, functions, name, signal, ...options }: JobRequest): Promise<JobHandle> {
  const body = {
    ...(sql !== undefined && { sql }),
    ...(functions !== undefined && { functions }),
    ...(plan !== undefined && { plan }),
    ...(name !== undefined && { name }),
    options,
  };
  const { jobId } = await http.json<{ jobId: string }>('POST', '/v1/jobs', body, signal);
  return new JobHandle(http, jobId);
}
