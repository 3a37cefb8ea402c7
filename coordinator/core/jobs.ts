/** Jobs are submitted, cancelled and forgotten. */

import { LIMITS } from '../../shared/limits.ts';
import type { Branch } from '../../shared/plan/physical.ts';
import { linkStages, mayRead, readsOf } from './alternatives.ts';
import { scheduleJob } from './deadlines.ts';
import type { CoreEventOf } from './events.ts';
import { isBucketWise } from './identity.ts';
import { newQueue } from './queue.ts';
import { resumeJob } from './resume.ts';
import { forget, settle } from './stages.ts';
import type { Core, Job, StageState } from './state.ts';
import { note } from './stories.ts';

export function jobSubmitted(core: Core, event: CoreEventOf<'jobSubmitted'>): void {
  const { jobId, owner, plan, options } = event;
  if (core.jobs.has(jobId)) {
    note(core, jobId, 'eventIgnored', 'a job with this id was submitted before');
    return;
  }
  const job: Job = {
    id: jobId,
    owner,
    plan,
    options,
    submittedAtMs: event.submittedAtMs ?? core.now,
    stages: [],
    queue: newQueue(),
    salt: jobId,
    isHeld: false,
    state: 'live',
    leases: 0,
    records: [],
    uncollected: new Set(),
    results: [],
  };
  job.stages.push(...stagesOf(job));
  core.jobs.set(jobId, job);
  core.stories.keep(jobId);
  note(core, jobId, 'jobSubmitted', `by ${owner}`, [], { stages: job.stages.length });
  scheduleJob(core, job);
  const problem = problemOf(job);
  if (problem) {
    core.doomed.set(job, {
      code: 'bad-plan',
      title: 'The plan cannot be run',
      detail: problem,
      hint: 'Report this query: it is a fault in Muster.',
    });
    return;
  }
  linkStages(job);
  if (event.resumed) resumeJob(core, job);
  for (const stage of job.stages) if (stage.reads.length === 0) core.dirtyStages.add(stage);
}

/** The stages as planned, none cut yet, and not linked. */
export function stagesOf(job: Job): StageState[] {
  return job.plan.stages.map((plan, index) => ({
    job,
    index,
    plan,
    branches: plan.branches,
    reads: readsOf(plan.branches),
    readBy: [],
    state: 'unresolved' as const,
    tasks: [],
    branchOf: [],
    done: 0,
    runs: [],
    isKept: false,
  }));
}

/** Stages must be in order, none may lead nowhere, and a branch is cut along one input at most. */
function problemOf(job: Job): string | undefined {
  if (job.stages.length === 0) return 'It has no stages.';
  const isRead = new Set(job.stages.flatMap((stage) => stage.reads));
  for (const { index, plan } of job.stages) {
    if (plan.index !== index) return `Stage ${index} is numbered ${plan.index}.`;
    const waitsFor = [...mayRead(plan), ...(plan.startsAfter ?? [])];
    if (waitsFor.some((other) => !(other >= 0 && other < index)))
      return `Stage ${index} reads or waits for a stage that does not come before it.`;
    if (!isRead.has(index) && index < job.stages.length - 1) return `Nothing reads stage ${index}.`;
    const ways = [plan.branches, ...(plan.alternatives ?? []).map((alternative) => alternative.branches)];
    if (ways.some((branches) => branches.length === 0)) return `Stage ${index} has no branch.`;
    for (const branch of ways.flat()) {
      const problem = problemOfBranch(job, branch);
      if (problem) return `Stage ${index} ${problem}.`;
    }
  }
  return undefined;
}

function problemOfBranch(job: Job, { inputs, splittable }: Branch): string | undefined {
  const parted = inputs.filter((input) => input.kind !== 'module' && input.read === 'partition');
  const wise = parted.filter(isBucketWise);
  if (parted.length > 1 && wise.length < parted.length) return 'is cut along two inputs';
  const counts = new Set<number>();
  for (const { stage, exchange } of wise) {
    const partitioning = job.plan.stages[stage]?.output.partitioning;
    if (partitioning?.kind !== exchange) return `reads buckets by ${exchange} of stage ${stage}, which makes no such buckets`;
    counts.add(partitioning.count);
  }
  if (counts.size > 1) return 'reads inputs with different numbers of buckets';
  for (const count of counts) {
    if (!(count >= 1 && count <= LIMITS.bucketsPerBlock)) return `reads ${count} buckets, which is none or too many`;
  }
  for (const i of splittable ?? []) if (!inputs[i] || !isBucketWise(inputs[i])) return `cannot split input ${i}`;
  return undefined;
}

export function jobCancelled(core: Core, { jobId }: CoreEventOf<'jobCancelled'>): void {
  const job = core.jobs.get(jobId);
  if (job?.state === 'live') settle(core, job, 'cancelled');
  else note(core, jobId, 'eventIgnored', job ? 'the job has ended' : 'no such job');
}

export function jobForgotten(core: Core, { jobId }: CoreEventOf<'jobForgotten'>): void {
  const job = core.jobs.get(jobId);
  if (job) forget(core, job);
}
