/** Jobs subscribe to tasks and leave them: one task per block, stopped only when no subscriber is left. */
import { cancelAttempt, handOver } from './attempts.ts';
import { appended } from './few.ts';
import { releaseBlock } from './inventory.ts';
import { groupsOf, leaveGroups, requeue, want, withdraw } from './lineage.ts';
import { addToQueue, dequeue, mayLease, removeFromQueue } from './queue.ts';
import type { Core, Job, StageState, Task, TaskRef } from './state.ts';

const GONE = 'the coordinator restarted, and nobody who has its block came back';

/** An earlier run of the coordinator did the task for the job: should it be done again, that is a recompute. */
export function knowFromEarlier(job: Job, task: Task): void {
  if (task.known.includes(job.id)) return;
  task.known = appended(task.known, job.id);
  if (task.state !== 'done') task.rerunWhy ??= GONE;
}

/** Puts a task at its place in a stage. A task that is new, or whose output is gone, begins to want its inputs. */
export function subscribe(core: Core, stage: StageState, partition: number, task: Task, isNew: boolean): void {
  task.refs = appended(task.refs, { stage, partition });
  stage.tasks[partition] = task;
  if (task.state === 'done' || task.state === 'lost') {
    stage.done++;
    // What mere lineage has lost counts as done for each job that has it, not only for the first.
    const isOver = task.state === 'done' || stage.plan.kept?.what === 'lineage';
    if (isOver && !task.known.includes(stage.job.id)) task.known = appended(task.known, stage.job.id);
    if (!isOver) want(core, task);
  } else if (isNew) {
    want(core, task);
  } else if (task.state === 'ready') {
    addToQueue(core, stage.job, task);
  }
}

/** Lets go of all tasks of a job that ended, last stage first. */
export function releaseTasks(core: Core, job: Job): void {
  release(core, job.stages.toReversed(), `job ${job.id} ended`);
}

/** Lets go of the tasks of one stage: those that no other stage and no other job wants stop. */
export function releaseStage(core: Core, stage: StageState): void {
  release(core, [stage], `stage ${stage.index} is not needed any more`);
}

function release(core: Core, stages: readonly StageState[], why: string): void {
  const left: Task[] = [];
  for (const stage of stages) {
    for (const task of new Set(stage.tasks)) {
      unsubscribe(core, stage, task, why);
      if (task.refs.length > 0) left.push(task);
    }
    stage.tasks = [];
    stage.done = 0;
    core.dirtyStages.delete(stage);
    core.waitingStages.delete(stage);
  }
  for (const task of left) if (task.refs.length > 0 && withdraw(core, task)) leaveGroups(core, task);
}

function unsubscribe(core: Core, stage: StageState, task: Task, why: string): void {
  const { job } = stage;
  const others = task.refs.filter((ref) => ref.stage !== stage);
  if (!others.some((ref) => ref.stage.job === job)) leaveJob(core, job, task, others, why);
  task.refs = others;
  if (others.length === 0) destroy(core, task);
  else if (task.state === 'leased' && task.attempts.size === 0) requeue(core, task);
}

/** No other stage of the job has the task. */
function leaveJob(core: Core, job: Job, task: Task, others: readonly TaskRef[], why: string): void {
  if (task.state === 'ready') {
    if (others.length > 0) removeFromQueue(core, job, task);
    else dequeue(core, task);
  }
  const next = others.find((ref) => mayLease(ref.stage.job))?.stage.job;
  for (const attempt of [...task.attempts]) {
    if (attempt.job !== job) continue;
    if (next && mayLease(next)) handOver(core, attempt, next);
    else cancelAttempt(core, attempt, why);
  }
}

function destroy(core: Core, task: Task): void {
  core.tasks.delete(task.blockId);
  for (const group of groupsOf(task)) {
    group.users.delete(task);
    group.consumers--;
    if (group.consumers > 0) continue;
    for (const producer of new Set(group.producers)) {
      producer.feeds = producer.feeds.filter((other) => other !== group);
    }
  }
  const block = core.blocks.get(task.blockId);
  if (block) releaseBlock(core, block);
}
