/** What an attempt is told, with the digests that are accepted now. */
import type { BlockId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import { stepsOf } from '../../shared/plan/partition-step.ts';
import type { Slice, TaskInput, TaskSpec } from '../../shared/plan/task.ts';
import { bucketCount } from './buckets.ts';
import type { Core, InputGroup, Task } from './state.ts';

export function specOf(core: Core, task: Task): TaskSpec {
  const inputs = task.sources.map((source): TaskInput => {
    if (source.kind === 'chunks') return { kind: 'chunks', run: source.run };
    if (source.kind === 'module') return { kind: 'module', slice: source.slice };
    return { kind: 'slices', columns: source.columns, slices: slicesOf(core, source.group, source.buckets) };
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

/** Kept where all tasks of a stage read the same; each run of buckets is read by one task only. */
function slicesOf(core: Core, group: InputGroup, buckets: readonly number[]): readonly Slice[] {
  const [producer] = group.producers;
  const isWhole = producer === undefined || buckets.length === bucketCount(producer.partitioning);
  if (!isWhole) return listSlices(core, group, buckets);
  group.slices ??= listSlices(core, group, buckets);
  return group.slices;
}

/** Bucket after bucket, each in the order of the producers. A slice without rows says nothing and is left out. */
function listSlices(core: Core, group: InputGroup, buckets: readonly number[]): readonly Slice[] {
  const blocks = group.producers.map((producer) => core.blocks.get(producer.blockId));
  const slices: Slice[] = [];
  for (const bucket of buckets) {
    for (const block of blocks) {
      const info = block?.buckets[bucket];
      if (block && info && info.rows > 0) slices.push({ blockId: block.id, bucket, digest: info.digest, bytes: info.bytes });
    }
  }
  return slices;
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
