/** What the guests of a job counted: derived from the blocks that its tasks make, never kept on the side. */
import { type Accumulators, sumAccumulators } from '../../shared/guest/accumulators.ts';
import type { BlockId } from '../../shared/ids.ts';
import type { Core, Job, StageState } from './state.ts';

/**
 * Of each block once, though two places in the plan may use it, and in the plan's order, since floating point sums depend on it. A
 * block counts from its acceptance on, also while its only copy is lost and made again.
 */
export function accumulatorsOf(core: Core, job: Job): Accumulators | undefined {
  const parts = new Map<BlockId, Accumulators>();
  for (const stage of job.stages) {
    stage.tasks.forEach(({ blockId }, partition) => {
      const accumulators = accumulatorsAt(core, stage, partition);
      if (accumulators !== undefined) parts.set(blockId, accumulators);
    });
  }
  return sumAccumulators(parts.values());
}

/** Of a block that a kept relation was made from, and that nobody knows any more, what was written down with the relation. */
export function accumulatorsAt(core: Core, { tasks, plan }: StageState, partition: number): Accumulators | undefined {
  const block = tasks[partition] && core.blocks.get(tasks[partition].blockId);
  return block ? block.accumulators : plan.kept?.tasks[partition]?.accumulators;
}
