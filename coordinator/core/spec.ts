/** What an attempt is told, with the digests that are accepted now. */
import type { BlockId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import { stepsOf } from '../../shared/plan/partition-step.ts';
import type { TaskInput, TaskSpec } from '../../shared/plan/task.ts';
import { keptKey } from './kept-inputs.ts';
import { slicesOf } from './slices.ts';
import type { Core, Slot, Task } from './state.ts';

export function specOf(core: Core, task: Task, slot: Slot): TaskSpec {
  const inputs = task.sources.map((source, i): TaskInput => {
    if (source.kind === 'chunks') return { kind: 'chunks', run: source.run };
    if (source.kind === 'module') return { kind: 'module', slice: source.slice };
    const { columns } = source;
    const slices = slicesOf(core, source.group, source.buckets);
    // Named anew: a wrong name would be taken for other rows, while the name that the task was placed by only chose the slot.
    const stays = task.kept?.[i] && !slot.worker.traits.local;
    return { kind: 'slices', columns, slices, ...(stays && { residentKey: keptKey(columns, slices) }) };
  });
  return {
    blockId: task.blockId,
    steps: stepsOf(task.fragment, task.partition ?? 0),
    inputs,
    output: { columns: task.columns, partitioning: task.partitioning },
    title: task.title,
    maxRunMs: core.limits.maxRunMs,
    minRunMs: core.paceMs,
  };
}

/** More slices than fit into the message of a lease. */
export function readsTooMuch(core: Core, sources: Task['sources']): boolean {
  let atMost = 0;
  for (const source of sources) if (source.kind === 'group') atMost += source.group.producers.length * source.buckets.length;
  if (atMost <= LIMITS.slicesPerFetch) return false;
  let slices = 0;
  for (const source of sources) if (source.kind === 'group') slices += slicesOf(core, source.group, source.buckets).length;
  return slices > LIMITS.slicesPerFetch;
}

/** May a session with a lease of this task fetch this slice? */
export function readsSlice(task: Task, blockId: BlockId, bucket: number): boolean {
  return task.sources.some((source) => {
    if (source.kind === 'chunks') {
      if (bucket !== 0) return false;
      return source.run.columns.some((column) => column.slices.some((slice) => slice.blockId === blockId));
    }
    if (source.kind === 'module') return source.slice.blockId === blockId && source.slice.bucket === bucket;
    source.group.blockIds ??= new Set(source.group.producers.map((producer) => producer.blockId));
    return source.group.blockIds.has(blockId) && source.buckets.includes(bucket);
  });
}
