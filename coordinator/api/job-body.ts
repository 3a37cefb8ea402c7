import type { JobView } from '../core/views.ts';
import type { Job } from '../jobs/entry.ts';

/** A job as REST and the event stream show it. */
export function jobBody(job: Job, view: JobView | undefined) {
  const { jobId, name, sql, owner, submittedAtMs } = job;
  const { planMs, fallbacks } = job.kind === 'settled' ? job.record : { planMs: job.planMs, fallbacks: job.plan.fallbacks };
  const error = job.kind === 'settled' ? job.record.error : view?.error;
  return {
    jobId,
    ...(name !== undefined && { name }),
    sql,
    owner,
    state: job.kind === 'settled' ? job.record.state : (view?.state ?? 'waiting'),
    submittedAtMs,
    ...(view?.startedAtMs !== undefined && { startedAtMs: view.startedAtMs }),
    ...(job.kind === 'settled' && { settledAtMs: job.record.settledAtMs }),
    ...(job.kind === 'live' && view?.waitingFor !== undefined && { waitingFor: view.waitingFor }),
    ...(job.kind === 'live' && view?.longRun !== undefined && { longRun: view.longRun }),
    stages: view?.stages ?? [],
    progress: progressOf(job, view),
    counters: view?.counters ?? {},
    ...(view?.accumulators !== undefined && { accumulators: view.accumulators }),
    ...(planMs !== undefined && { planMs }),
    ...(fallbacks !== undefined && { fallbacks }),
    ...(job.kind === 'settled' && job.record.state === 'successful' && { expiresAtMs: job.record.expiresAtMs }),
    ...(error !== undefined && { error }),
  };
}

export type JobBodyJson = ReturnType<typeof jobBody>;

function progressOf(job: Job, view: JobView | undefined): number {
  if (job.kind === 'settled' && job.record.state === 'successful') return 1;
  let tasks = 0;
  let done = 0;
  for (const stage of view?.stages ?? []) {
    tasks += stage.tasks;
    done += stage.done;
  }
  return tasks === 0 ? 0 : done / tasks;
}
