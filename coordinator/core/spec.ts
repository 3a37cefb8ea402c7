/** What an attempt is told, with the digests that are accepted now. */
import type { BlockId } from '../../shared/ids.ts';
import type { Slice, TaskInput, TaskSpec } from '../../shared/plan/task.ts';
import type { Core, InputGroup, Task } from './state.ts';

export function specOf(core: Core, task: Task): TaskSpec {
  const inputs = task.sources.map((source): TaskInput => {
    if (source.kind === 'chunks') return { kind: 'chunks', run: source.run };
    return { kind: 'slices', columns: source.columns, slices: slicesOf(core, source.group) };
  });
  return {
    blockId: task.blockId,
    steps: task.fragment.steps,
    inputs,
    output: { columns: task.columns, partitioning: task.partitioning },
    title: task.title,
    maxRunMs: core.limits.maxRunMs,
    minRunMs: core.paceMs,
  };
}

function slicesOf(core: Core, group: InputGroup): readonly Slice[] {
  group.slices ??= group.producers.flatMap((producer) => {
    const block = core.blocks.get(producer.blockId);
    return (block?.buckets ?? []).map(({ digest, bytes }, bucket) => ({ blockId: producer.blockId, bucket, digest, bytes }));
  });
  return group.slices;
}

/** May a session with a lease of this task fetch this slice? */
export function readsSlice(core: Core, task: Task, blockId: BlockId, bucket: number): boolean {
  return task.sources.some((source) => {
    if (source.kind === 'chunks') {
      if (bucket !== 0) return false;
      return source.run.columns.some((column) => column.slices.some((slice) => slice.blockId === blockId));
    }
    source.group.blockIds ??= new Set(source.group.producers.map((producer) => producer.blockId));
    const buckets = core.blocks.get(blockId)?.buckets.length ?? 0;
    return bucket >= 0 && bucket < buckets && source.group.blockIds.has(blockId);
  });
}
