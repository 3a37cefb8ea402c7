/** How many jobs may be accepted and not settled: all together, and of one author. */
import { LIMITS } from '../../shared/limits.ts';

export interface QueueLimits {
  readonly jobsQueued?: number;
  readonly jobsQueuedPerAuthor?: number;
  /** Settled ones. */
  readonly jobsKept?: number;
}

export interface TooManyJobs {
  readonly code: 'too-many-jobs' | 'too-many-jobs-of-author';
  readonly jobs: number;
}

/** Undefined: `owner` may submit one more. */
export function tooManyJobs(
  jobs: Iterable<{ readonly kind: 'live' | 'settled'; readonly owner: string }>,
  owner: string,
  { jobsQueued = LIMITS.jobsQueued, jobsQueuedPerAuthor = LIMITS.jobsQueuedPerAuthor }: QueueLimits,
): TooManyJobs | undefined {
  let all = 0;
  let own = 0;
  for (const job of jobs) {
    if (job.kind !== 'live') continue;
    all++;
    if (job.owner === owner) own++;
  }
  if (own >= jobsQueuedPerAuthor) return { code: 'too-many-jobs-of-author', jobs: jobsQueuedPerAuthor };
  return all >= jobsQueued ? { code: 'too-many-jobs', jobs: jobsQueued } : undefined;
}
