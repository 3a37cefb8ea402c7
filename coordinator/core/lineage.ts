/**
 * A task's way from wanted to done and back. Losing an output costs nothing until somebody needs it; then exactly the lost
 * tasks that lead to it run again, and they stop as soon as the need is gone.
 */
import { cancelAttempt } from './attempts.ts';
import { appended } from './few.ts';
import { dequeue, enqueue, jobsOf } from './queue.ts';
import { type Core, type InputGroup, isResult, type Task } from './state.ts';
import { note } from './stories.ts';

export function groupsOf(task: Task): InputGroup[] {
  const groups: InputGroup[] = [];
  for (const source of task.sources) if (source.kind === 'group') groups.push(source.group);
  return groups;
}

/** A stage that is still to be cut, a task still to run, or the author wants the output. */
export function isNeeded(task: Task): boolean {
  for (const { stage } of task.refs) {
    const { job } = stage;
    if (job.state !== 'live') continue;
    if (isResult(stage)) return true;
    for (const reader of stage.readBy) if (job.stages[reader]?.state === 'unresolved') return true;
  }
  return task.feeds.some((group) => group.users.size > 0);
}

/** The task begins to want its inputs; lost ones are made again. */
export function want(core: Core, first: Task): void {
  const open = [first];
  for (let task = open.pop(); task; task = open.pop()) {
    // Found by way of several inputs, and begun already.
    if (task !== first && task.state !== 'lost') continue;
    if (task.state === 'lost') setBack(core, task);
    task.blockedOn = 0;
    for (const group of groupsOf(task)) {
      group.users.add(task);
      if (group.missing.size === 0) continue;
      task.blockedOn++;
      for (const producer of group.missing) {
        if (producer.state !== 'lost') continue;
        producer.rerunWhy ??= `needed again by ${task.title}`;
        open.push(producer);
      }
    }
    if (task.blockedOn === 0) enqueue(core, task);
    else task.state = 'blocked';
  }
}

/** From `lost`, which its stages count as done, to not done. */
function setBack(core: Core, task: Task): void {
  task.rerunWhy ??= 'its output was lost';
  task.state = 'blocked';
  for (const { stage } of task.refs) {
    stage.done--;
    if (stage.state !== 'successful') continue;
    stage.state = 'running';
    if (isResult(stage)) stage.job.uncollected.clear();
    note(core, stage.job.id, 'stageRolledBack', task.rerunWhy, [], { stage: stage.index });
  }
  const ref = task.refs[0];
  const detail = { stage: ref?.stage.index ?? 0, partition: ref?.partition ?? 0 };
  note(
    core,
    task.blockId,
    'taskSetBack',
    task.rerunWhy,
    jobsOf(task).map((job) => job.id),
    detail,
  );
}

/** The task's block can be had. Ends what was under way for it, and lets its readers go on. */
export function markDone(core: Core, task: Task): void {
  if (task.state === 'done') return;
  const wasLost = task.state === 'lost';
  stop(core, task, 'its block turned up');
  task.state = 'done';
  delete task.rerunWhy;
  if (task.history.length > 0) task.history = [];
  if (!wasLost) {
    for (const { stage } of task.refs) {
      stage.done++;
      core.dirtyStages.add(stage);
      if (!task.known.includes(stage.job.id)) task.known = appended(task.known, stage.job.id);
    }
  }
  for (const group of task.feeds) {
    delete group.slices;
    if (!group.missing.delete(task) || group.missing.size > 0) continue;
    for (const user of group.users) {
      user.blockedOn--;
      if (user.blockedOn === 0 && user.state === 'blocked') enqueue(core, user);
    }
  }
  leaveGroups(core, task);
}

/** The last copy of a done task's output is gone. */
export function loseOutput(core: Core, task: Task, why: string): void {
  if (task.state !== 'done') return;
  task.state = 'lost';
  for (const group of task.feeds) {
    delete group.slices;
    group.missing.add(task);
    if (group.missing.size > 1) continue;
    for (const user of group.users) {
      user.blockedOn++;
      if (user.state !== 'ready') continue;
      dequeue(core, user);
      user.state = 'blocked';
    }
  }
  note(
    core,
    task.blockId,
    'outputLost',
    why,
    jobsOf(task).map((job) => job.id),
  );
  if (!isNeeded(task)) return;
  task.rerunWhy = why;
  want(core, task);
}

/** After an attempt ended without success, or a copy was not had: the task goes back to where its inputs let it be. */
export function requeue(core: Core, task: Task): void {
  if (task.blockedOn === 0) enqueue(core, task);
  else task.state = 'blocked';
}

/** Takes the task out of queues and slots. */
export function stop(core: Core, task: Task, why: string): void {
  if (task.state === 'ready') dequeue(core, task);
  for (const attempt of [...task.attempts]) cancelAttempt(core, attempt, why);
}

/** The task no longer reads its inputs: recomputes that ran only for it stop. */
export function leaveGroups(core: Core, first: Task): void {
  const open = [first];
  for (let task = open.pop(); task; task = open.pop()) {
    task.blockedOn = 0;
    for (const group of groupsOf(task)) {
      group.users.delete(task);
      for (const producer of group.missing) if (withdraw(core, producer)) open.push(producer);
    }
  }
}

/** Gives up a recompute that nobody needs any more; its stages count it as done again. */
export function withdraw(core: Core, task: Task): boolean {
  if (task.state === 'lost' || task.state === 'done' || isNeeded(task)) return false;
  stop(core, task, 'nobody needs it any more');
  task.state = 'lost';
  delete task.rerunWhy;
  for (const { stage } of task.refs) {
    stage.done++;
    core.dirtyStages.add(stage);
    // For a job that has it as mere lineage of a kept relation it was done all along, though another job was about to make it.
    if (!task.known.includes(stage.job.id)) task.known = appended(task.known, stage.job.id);
  }
  note(
    core,
    task.blockId,
    'recomputeWithdrawn',
    'nobody needs it any more',
    jobsOf(task).map((job) => job.id),
  );
  return true;
}
