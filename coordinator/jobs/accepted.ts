/** An accepted job as it is written down until it has ended, so that a coordinator killed at any moment goes on with it. */
import type { JobId } from '../../shared/ids.ts';
import type { AuthorPlan } from '../../shared/plan/author-plan.ts';
import type { JobOptions } from '../core/events.ts';
import type { PlannedFor } from './planning.ts';
import type { JobRequest } from './service.ts';

export interface AcceptedJob {
  readonly jobId: JobId;
  readonly owner: string;
  readonly name?: string;
  readonly sql: string;
  /** Of a job of several relations; `sql` is then words for people. */
  readonly relations?: AuthorPlan;
  readonly options: JobOptions;
  /** Wall clock, ms since the epoch; what now() means in the query. */
  readonly submittedAtMs: number;
  /** As planned first: the job must not go on over other data. */
  readonly datasets: readonly { readonly name: string; readonly version: string }[];
  /** Planned for the same, it is planned the same way again. */
  readonly plannedFor?: PlannedFor;
}

/** A job that was just planned. `owner`: who may see it. */
export function acceptedJob(
  { sql, relations, options, name }: JobRequest,
  job: Required<Pick<AcceptedJob, 'jobId' | 'owner' | 'submittedAtMs' | 'datasets' | 'plannedFor'>>,
): AcceptedJob {
  return { ...job, sql, options, ...(relations && { relations }), ...(name !== undefined && { name }) };
}

export interface AcceptedJobs {
  /** Resolves once it is written. */
  add(job: AcceptedJob): Promise<void>;
}
