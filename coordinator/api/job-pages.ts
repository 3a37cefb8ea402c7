/** Pages of a list of jobs, newest first. */
import type { Job } from '../jobs/entry.ts';

export const DEFAULT_PAGE = 100;

export interface JobPage {
  readonly jobs: readonly Job[];
  /** Leads to the jobs after these; absent when there are none. */
  readonly next?: string;
}

/**
 * `cursor` names the last job of the page before, and when it was submitted: jobs that came since change nothing, and where it
 * was forgotten meanwhile the page begins with those that are older.
 */
export function pageOf(all: readonly Job[], limit: number, cursor: string | undefined): JobPage {
  const from = cursor === undefined ? 0 : startAfter(all, cursor);
  const jobs = all.slice(from, from + limit);
  const last = jobs.at(-1);
  if (!last || from + limit >= all.length) return { jobs };
  return { jobs, next: `${last.submittedAtMs}.${last.jobId}` };
}

function startAfter(all: readonly Job[], cursor: string): number {
  const dot = cursor.indexOf('.');
  const [submittedAtMs, jobId] = [Number(cursor.slice(0, dot)), cursor.slice(dot + 1)];
  const found = all.findIndex((job) => job.jobId === jobId);
  if (found >= 0) return found + 1;
  const older = all.findIndex((job) => job.submittedAtMs < submittedAtMs);
  return older >= 0 ? older : all.length;
}
