/** What follows from an attempt's failure: shared/failure.ts says which kind, this file says what then. */
import { FAILURE_RULES, type Failure, type JobError } from '../../shared/failure.ts';
import type { GuestPlace } from '../../shared/plan/physical.ts';
import { endAttempt } from './attempts.ts';
import { guestBlamed } from './blame.ts';
import { HISTORY_LINES } from './constants.ts';
import { appended } from './few.ts';
import { requeue } from './lineage.ts';
import { slicesMissing } from './losses.ts';
import type { Attempt, Core, Job, StageState, Task } from './state.ts';

/** Its tab is told to let it go, and the task is as if it was never leased. */
export function takeBack(core: Core, attempt: Attempt, code: string, message: string): void {
  core.out.push({ type: 'cancelAttempt', sessionId: attempt.worker.sessionId, attemptId: attempt.id, why: message });
  failAttempt(core, attempt, { reason: 'released', code, message });
}

export function failAttempt(core: Core, attempt: Attempt, failure: Failure): void {
  const { task, worker } = attempt;
  endAttempt(core, attempt, failure.reason, failure.message);
  const end = { workerId: worker.workerId, reason: failure.reason, message: failure.message };
  task.history = [...task.history.slice(1 - HISTORY_LINES), end];
  const rule = FAILURE_RULES[failure.reason];
  if (rule.countsToFailures) task.failures++;
  if (rule.countsToDeaths) task.deaths++;
  if (rule.countsToFailures && !task.avoid.includes(worker.workerId)) task.avoid = appended(task.avoid, worker.workerId);
  if (failure.reason === 'input') retryWithInput(core, attempt, failure);
  if (!rule.retryable) doom(core, task, (stage) => authorError(task, failure, stage));
  else if (task.failures >= core.limits.failuresPerTask) doom(core, task, (stage) => failedTooOften(task, failure, stage));
  else if (task.deaths >= core.limits.deathsPerTask) doom(core, task, (stage) => killedWorkers(task, stage));
  if (task.attempts.size === 0) requeue(core, task);
}

function retryWithInput(core: Core, attempt: Attempt, failure: Failure): void {
  const { task, worker } = attempt;
  const { strays, gone } = slicesMissing(core, attempt, failure);
  if (strays > 0) {
    task.strays++;
    if (!task.avoid.includes(worker.workerId)) task.avoid = appended(task.avoid, worker.workerId);
  }
  if (gone === undefined && task.strays < core.limits.strayInputsPerTask) return;
  doom(core, task, (stage) => ({
    code: gone === undefined ? 'input-unreadable' : 'dataset-damaged',
    title: 'An input could not be read',
    detail: `${task.title} could not get its input: ${failure.message}.${gone === undefined ? ` Tried ${task.strays} times.` : ` The coordinator has lost chunk ${gone}.`}`,
    stage: stage.index,
    hint:
      gone === undefined
        ? "Look at the coordinator's log for failed reads and at the network between it and the workers."
        : 'Register the dataset again: its stored chunks are damaged.',
  }));
}

/** Fails every job that wants the task, each with its own number of the stage and its own names. */
function doom(core: Core, task: Task, errorFor: (stage: StageState) => JobError): void {
  for (const { stage } of task.refs) if (!core.doomed.has(stage.job)) core.doomed.set(stage.job, errorFor(stage));
}

function authorError(task: Task, failure: Failure, stage: StageState): JobError {
  const blamed = guestBlamed(stage, task, failure);
  return {
    code: failure.code,
    title: blamed ? `${blamed.label} failed in the relation ${blamed.relation}` : 'The query failed on its data',
    detail: failure.message,
    stage: stage.index,
    ...(failure.hint !== undefined && { hint: failure.hint }),
    ...placeOf(blamed),
  };
}

function placeOf(blamed: GuestPlace | undefined): Pick<JobError, 'relation' | 'function'> {
  if (!blamed) return {};
  return { relation: blamed.relation, ...(blamed.function !== undefined && { function: blamed.function }) };
}

function failedTooOften(task: Task, last: Failure, stage: StageState): JobError {
  const blamed = guestBlamed(stage, task, last);
  const where = blamed ? `, of ${blamed.label} in the relation ${blamed.relation}` : '';
  return {
    code: last.code,
    title: task.failures === 1 ? 'A task failed' : `A task failed ${task.failures} times`,
    detail: `${task.title} was given up: ${account(task)}. The last failure${where}: ${last.message}`,
    stage: stage.index,
    ...placeOf(blamed),
    hint: last.hint ?? 'Filter earlier, read fewer columns, or let workers give a slot more memory (--memory-per-slot).',
  };
}

function killedWorkers(task: Task, stage: StageState): JobError {
  return {
    code: 'killed-workers',
    title: `A task was lost with its worker ${task.deaths} times`,
    detail:
      `${task.title} was given up: ${task.deaths} workers vanished while running it (${account(task)}). ` +
      'Perhaps the task needs more memory than a tab may have, and the browser ends the tab; perhaps people simply left.',
    stage: stage.index,
    hint: 'Submit the job again with fewer tabs that come and go; if it happens again, filter earlier or read fewer columns.',
  };
}

/** `died on w-1, w-2; resource on w-3`. */
function account(task: Task): string {
  const where = new Map<string, string[]>();
  for (const { reason, workerId } of task.history) {
    const workers = where.get(reason) ?? [];
    if (!workers.includes(workerId)) workers.push(workerId);
    where.set(reason, workers);
  }
  return [...where].map(([reason, workers]) => `${reason} on ${workers.join(', ')}`).join('; ');
}

export function failForDeadline(core: Core, job: Job): void {
  core.doomed.set(job, {
    code: 'job-deadline',
    title: 'The job missed its deadline',
    detail: `It was not finished ${job.options.deadlineMs} ms after it was submitted.`,
    hint: 'Give it more time (options.deadlineMs), or more workers.',
  });
}
