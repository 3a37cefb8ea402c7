/** Jobs subscribe to tasks and leave them: one task per block, stopped only when no subscriber is left. */
import { handOver } from './attempts.ts';
import { releaseBlock } from './inventory.ts';
import { groupsOf, leaveGroups, stop, want, withdraw } from './lineage.ts';
import { addToQueue, dequeue, removeFromQueue } from './queue.ts';
import type { Core, Job, StageState, Task } from './state.ts';

/** Puts a task at its place in a stage. A task that is new, or whose output is gone, begins to want its inputs. */
export function subscribe(core: Core, stage: StageState, partition: number, task: Task, isNew: boolean): void {
  task.refs.push({ stage, partition });
  stage.tasks[partition] = task;
  if (task.state === 'done' || task.state === 'lost') {
    stage.done++;
    if (task.state === 'done' && !task.known.includes(stage.job.id)) task.known.push(stage.job.id);
    if (task.state === 'lost') want(core, task);
  } else if (isNew) {
    want(core, task);
  } else if (task.state === 'ready') {
    addToQueue(core, stage.job, task);
  }
}

/** Lets go of all tasks of a job that ended, last stage first. */
export function releaseTasks(core: Core, job: Job): void {
  const left: Task[] = [];
  for (const stage of job.stages.toReversed()) {
    for (const task of new Set(stage.tasks)) {
      unsubscribe(core, job, task);
      if (task.refs.length > 0) left.push(task);
    }
    stage.tasks = [];
    stage.done = 0;
    core.dirtyStages.delete(stage);
    core.waitingStages.delete(stage);
  }
  for (const task of left) if (withdraw(core, task)) leaveGroups(core, task);
}

function unsubscribe(core: Core, job: Job, task: Task): void {
  const others = task.refs.filter((ref) => ref.stage.job !== job);
  const next = others[0]?.stage.job;
  if (task.state === 'ready') {
    if (next) removeFromQueue(core, job, task);
    else dequeue(core, task);
  }
  if (task.attempt) {
    if (!next) stop(core, task, `job ${job.id} ended`);
    else if (task.attempt.job === job) handOver(core, task.attempt, next);
  }
  task.refs.splice(0, task.refs.length, ...others);
  if (!next) destroy(core, task);
}

function destroy(core: Core, task: Task): void {
  core.tasks.delete(task.blockId);
  for (const group of groupsOf(task)) {
    group.users.delete(task);
    group.consumers--;
    if (group.consumers > 0) continue;
    for (const producer of new Set(group.producers)) {
      const at = producer.feeds.indexOf(group);
      if (at >= 0) producer.feeds.splice(at, 1);
    }
  }
  const block = core.blocks.get(task.blockId);
  if (block) releaseBlock(core, block);
}
