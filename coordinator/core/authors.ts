/** What authors have by now, all their jobs together. */
import { byTurn, type Claim } from './policies/fairness.ts';
import type { Core, Job } from './state.ts';

/** The job begins an attempt, or one of its attempts ends. */
export function charge(core: Core, job: Job, by: 1 | -1): void {
  job.leases += by;
  const leases = (core.authorLeases.get(job.owner) ?? 0) + by;
  if (leases > 0) core.authorLeases.set(job.owner, leases);
  else core.authorLeases.delete(job.owner);
}

function claimOf(core: Core, job: Job): Claim {
  return {
    jobLeases: job.leases,
    jobWeight: job.options.weight,
    authorLeases: core.authorLeases.get(job.owner) ?? 0,
    authorWeight: core.authorWeights[job.owner] ?? 1,
  };
}

/** The one whose turn it is; of equal ones the first. */
export function nextOf(core: Core, jobs: Iterable<Job>): Job | undefined {
  let next: { readonly job: Job; readonly claim: Claim } | undefined;
  for (const job of jobs) {
    const claim = claimOf(core, job);
    if (!next || byTurn(claim, next.claim) < 0) next = { job, claim };
  }
  return next?.job;
}

export function isBefore(core: Core, a: Job, b: Job): boolean {
  return byTurn(claimOf(core, a), claimOf(core, b)) < 0;
}
