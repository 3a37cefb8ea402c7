/**
 * How the buckets of a shuffle become tasks: neighbouring small ones are joined, and one that is far bigger than the others is
 * split along the blocks it comes from. Depends on sizes and the number of slots alone, so that equal work has equal ids.
 */
import { LIMITS } from '../../shared/limits.ts';
import type { OutputPartitioning } from '../../shared/plan/recipe.ts';
import type { BucketInfo } from '../../shared/plan/task.ts';
import { AHEAD_BYTES, SKEW_BYTES, SKEW_OVER_MEDIAN, TASK_BYTES } from './constants.ts';

export function bucketCount(partitioning: OutputPartitioning): number {
  return partitioning.kind === 'single' ? 1 : partitioning.count;
}

const wholes = new Map<number, readonly number[]>();

/** All buckets of a block that has `count`; the same array each time. */
export function allBuckets(count: number): readonly number[] {
  let all = wholes.get(count);
  if (!all) {
    all = Array.from({ length: count }, (_, i) => i);
    wholes.set(count, all);
  }
  return all;
}

/** One bucket-wise input: the buckets of each upstream block, in partition order. */
export type WiseInput = readonly (readonly BucketInfo[])[];

export interface BucketTask {
  /** In ascending order; more than one only if `part` is absent. */
  readonly buckets: readonly number[];
  /** Of this input only the blocks `first` to `end` (exclusive) are read; of all others all. */
  readonly part?: { readonly input: number; readonly first: number; readonly end: number };
}

export interface CutOptions {
  readonly count: number;
  readonly slots: number;
  readonly leasesPerSlot: number;
  /** Most bytes that one task should read. */
  readonly bytesMax: number;
  /** Indices among the inputs along which a bucket may be split; none where the order of the output counts. */
  readonly splittable: readonly number[];
}

interface Sizes {
  /** Per bucket, over all inputs. Buckets without rows count nothing: nobody reads them. */
  readonly bytes: Float64Array;
  readonly slices: Float64Array;
}

export function cutBuckets(inputs: readonly WiseInput[], options: CutOptions): BucketTask[] {
  const sizes = sizesOf(inputs, options.count);
  const share = shareOf(sizes, options);
  const tasks: BucketTask[] = [];
  const rest: number[] = [];
  const skewed = skewedAt(sizes, share, options);
  for (let bucket = 0; bucket < options.count; bucket++) {
    const parts = skewed(bucket) ? splitBucket(inputs, sizes, bucket, share, options) : [];
    if (parts.length > 1) tasks.push(...parts);
    else rest.push(bucket);
  }
  tasks.push(...joinBuckets(rest, sizes, share, options.bytesMax));
  return tasks.sort((a, b) => (a.buckets[0] ?? 0) - (b.buckets[0] ?? 0));
}

function sizesOf(inputs: readonly WiseInput[], count: number): Sizes {
  const sizes = { bytes: new Float64Array(count), slices: new Float64Array(count) };
  for (const blocks of inputs) {
    for (const buckets of blocks) {
      for (let i = 0; i < count; i++) {
        const bucket = buckets[i];
        if (!bucket || bucket.rows === 0) continue;
        sizes.bytes[i] = (sizes.bytes[i] ?? 0) + bucket.bytes;
        sizes.slices[i] = (sizes.slices[i] ?? 0) + 1;
      }
    }
  }
  return sizes;
}

/**
 * Bytes that a task is meant to read: an even share for each slot, if that is worth a task. Where it is much, one for each
 * lease, so that a slot fetches the next task's input while it runs one.
 */
function shareOf({ bytes }: Sizes, { slots, leasesPerSlot, bytesMax }: CutOptions): number {
  const total = sum(bytes);
  const leases = slots * leasesPerSlot;
  const wanted = total >= leases * AHEAD_BYTES ? leases : Math.min(slots, Math.floor(total / TASK_BYTES));
  return Math.min(total / Math.max(1, wanted), bytesMax);
}

/** Far above the median, worth splitting, and more than one task's share; or more than a slot can take. */
function skewedAt({ bytes }: Sizes, share: number, { splittable, bytesMax }: CutOptions): (bucket: number) => boolean {
  if (splittable.length === 0) return () => false;
  const median = bytes.toSorted()[bytes.length >> 1] ?? 0;
  const least = Math.max(SKEW_OVER_MEDIAN * median, SKEW_BYTES, share);
  return (bucket) => (bytes[bucket] ?? 0) > Math.min(least, bytesMax);
}

/** The side with most bytes in parts, if the others, which each part reads whole, are not the greater load. */
function splitBucket(
  inputs: readonly WiseInput[],
  sizes: Sizes,
  bucket: number,
  share: number,
  options: CutOptions,
): BucketTask[] {
  const perBlock = inputs.map((blocks) => blocks.map((b) => (b[bucket]?.rows ? (b[bucket]?.bytes ?? 0) : 0)));
  let input = -1;
  let own = 0;
  for (const side of options.splittable) {
    const bytes = sum(perBlock[side] ?? []);
    if (bytes > own) [input, own] = [side, bytes];
  }
  const total = sizes.bytes[bucket] ?? 0;
  if (input < 0 || (2 * own < total && total <= options.bytesMax)) return [];
  const blocks = perBlock[input] ?? [];
  const cuts = balance(blocks, Math.max(2, Math.ceil(own / share)));
  return cuts.map(([first, end]) => ({ buckets: [bucket], part: { input, first, end } }));
}

/** Neighbours joined into runs of about `share` bytes, none over `bytesMax` or with more slices than a fetch may name. */
function joinBuckets(buckets: readonly number[], sizes: Sizes, share: number, bytesMax: number): BucketTask[] {
  const bytes = buckets.map((bucket) => sizes.bytes[bucket] ?? 0);
  const runs = share > 0 ? balance(bytes, Math.max(1, Math.round(sum(bytes) / share))) : [[0, buckets.length] as const];
  const tasks: BucketTask[] = [];
  for (const [first, end] of runs) {
    let run: number[] = [];
    let runBytes = 0;
    let slices = 0;
    for (let i = first; i < end; i++) {
      const bucket = buckets[i] ?? 0;
      const more = sizes.slices[bucket] ?? 0;
      if (run.length > 0 && (runBytes + (bytes[i] ?? 0) > bytesMax || slices + more > LIMITS.slicesPerFetch)) {
        tasks.push({ buckets: run });
        [run, runBytes, slices] = [[], 0, 0];
      }
      run.push(bucket);
      runBytes += bytes[i] ?? 0;
      slices += more;
    }
    if (run.length > 0) tasks.push({ buckets: run });
  }
  return tasks;
}

/** At most `parts` runs of neighbours with about equal sums, none empty: each goes to the part in which its middle lies. */
function balance(sizes: readonly number[], parts: number): (readonly [first: number, end: number])[] {
  const total = sum(sizes);
  const runs: (readonly [number, number])[] = [];
  let first = 0;
  let current = 0;
  let before = 0;
  sizes.forEach((size, i) => {
    const part = size === 0 ? current : Math.min(parts - 1, Math.floor((parts * (before + size / 2)) / total));
    if (part > current && i > first && before > 0) {
      runs.push([first, i]);
      first = i;
    }
    current = Math.max(current, part);
    before += size;
  });
  if (first < sizes.length) runs.push([first, sizes.length]);
  return runs;
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const n of numbers) total += n;
  return total;
}
