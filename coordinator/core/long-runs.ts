/** Tasks that run unusually long: nothing is done about them before their deadline, but the job says so. */
import type { LongRun } from '../../shared/rest/views.ts';
import type { Attempt, Core, Job, TaskRef } from './state.ts';

/** Told in such steps: a picture that changes each moment is sent each moment. */
const STEP_MS = 5_000;

/** The attempt that has run longest on one of the job's tasks; undefined: none has run longer than `longRunMs` and the pace. */
export function longRunOf(core: Core, job: Job): LongRun | undefined {
  let longest: { readonly attempt: Attempt; readonly ref: TaskRef } | undefined;
  let others = 0;
  const boundMs = core.limits.longRunMs + core.paceMs;
  for (const attempt of core.attempts.values()) {
    // In the order of their leases: those behind it are younger still.
    if (core.now - attempt.leasedAtMs < boundMs) break;
    if (forMs(core, attempt) < boundMs) continue;
    const ref = attempt.task.refs.find(({ stage }) => stage.job === job);
    if (!ref) continue;
    if (longest) others++;
    if (!longest || forMs(core, attempt) > forMs(core, longest.attempt)) longest = { attempt, ref };
  }
  return longest && pictureOfRun(core, longest.attempt, longest.ref, others);
}

/** 0: it waits still, or nobody said that it began. */
const forMs = (core: Core, { startedAtMs }: Attempt): number => (startedAtMs === undefined ? 0 : core.now - startedAtMs);

function pictureOfRun(core: Core, attempt: Attempt, { stage, partition }: TaskRef, others: number): LongRun {
  const { workerId } = attempt.worker;
  const ms = Math.floor(forMs(core, attempt) / STEP_MS) * STEP_MS;
  const many = others === 0 ? '' : `, and ${others} more ${others === 1 ? 'task' : 'tasks'} nearly as long`;
  const { failures } = attempt.task;
  const before = failures === 0 ? '' : `; ${failures} earlier ${failures === 1 ? 'attempt' : 'attempts'} failed`;
  return {
    stage: stage.index,
    task: partition,
    workerId,
    forMs: ms,
    detail: `Task ${partition} of stage ${stage.index} (${stage.plan.title}) has been running for ${Math.round(ms / 1000)} s on ${workerId}${many}${before}.`,
    hint:
      `If that is not meant, cancel the job (DELETE /v1/jobs/${stage.job.id}); with options.deadlineMs a job ends by itself. ` +
      `An attempt is stopped after ${Math.round(core.limits.maxRunMs / 1000)} s, and tried again.`,
  };
}
