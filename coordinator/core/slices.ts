/** What a stage's tasks read of earlier stages' blocks, with the digests that are accepted now. */
import type { Slice } from '../../shared/plan/task.ts';
import { bucketCount } from './buckets.ts';
import type { Core, InputGroup } from './state.ts';

/** Kept where all tasks of a stage read the same; each run of buckets is read by one task only. */
export function slicesOf(core: Core, group: InputGroup, buckets: readonly number[]): readonly Slice[] {
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
