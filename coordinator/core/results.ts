/**
 * The parts of a job's result on their way to the coordinator: each is copied as soon as it is made, while others are still being
 * made, and can be read there in partition order before the job is over.
 */
import type { BlockId, JobId } from '../../shared/ids.ts';
import type { ResultBlock } from './commands.ts';
import { collect } from './inventory.ts';
import { type Core, isResult, type Job, type StageState, type Task } from './state.ts';

/** Copies a part of a result that is not finished. Without room it stays where it is, until the end shows whether it must be copied. */
export function collectAhead(core: Core, task: Task): void {
  const block = core.blocks.get(task.blockId);
  if (task.state !== 'done' || !block || core.noRoom !== undefined) return;
  let place: number | undefined;
  for (const { stage, partition } of task.refs) {
    if (isResult(stage) && stage.done < stage.tasks.length) place = Math.min(place ?? partition, partition);
  }
  if (place !== undefined) collect(core, block, 'ahead', place);
}

/** All tasks of the last stage are done: what the job still waits for. */
export function listUncollected(core: Core, job: Job, stage: StageState): void {
  job.uncollected.clear();
  for (const task of stage.tasks) if (!core.blocks.get(task.blockId)?.onCoordinator) job.uncollected.add(task.blockId);
}

/** The job of these parts failed or was cancelled: copies that nobody else wants end. */
export function stopCollecting(core: Core, parts: readonly BlockId[]): void {
  for (const blockId of parts) {
    if (core.tasks.has(blockId) || (core.blocks.get(blockId)?.pins ?? 0) > 0 || !core.collecting.delete(blockId)) continue;
    core.out.push({ type: 'stopCollecting', blockId });
  }
}

/** `onCoordinator`: all of it is; otherwise its copy is asked for. */
export interface ResultPart extends ResultBlock {
  readonly onCoordinator: boolean;
}

/**
 * One part of a live job's result whose rows may be shown before the job is over: it is on its way to the coordinator, or there, and the
 * last stage is such that making a part again gives the same bytes. Undefined: not yet. Its digest holds as long as somebody holds
 * the block; whoever has shown it compares it with the result in the end.
 */
export function resultPart(core: Core, jobId: JobId, partition: number): ResultPart | undefined {
  const job = core.jobs.get(jobId);
  const stage = job?.state === 'live' ? job.stages.at(-1) : undefined;
  if (stage?.plan.determinacy !== 'determinate') return undefined;
  const task = stage.tasks[partition];
  const block = task && core.blocks.get(task.blockId);
  if (task?.state !== 'done' || !block || !(block.onCoordinator || core.collecting.has(block.id))) return undefined;
  const { id: blockId, digest, buckets, onCoordinator } = block;
  return { blockId, digest, buckets, onCoordinator };
}
