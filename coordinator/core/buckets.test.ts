/** How buckets become tasks: joined, split, never both, and the same way for the same sizes. */
import { describe, expect, it } from 'vitest';
import type { Digest } from '../../shared/ids.ts';
import type { BucketInfo } from '../../shared/plan/task.ts';
import { type CutOptions, cutBuckets } from './buckets.ts';

const MiB = 1024 * 1024;
const bucket = (bytes: number): BucketInfo => ({
  rows: bytes === 0 ? 0 : 1,
  bytes: bytes === 0 ? 300 : bytes,
  digest: '' as Digest,
});
/** `blocks` upstream blocks, each with an equal part of these bytes. */
const input = (blocks: number, bytes: readonly number[]): BucketInfo[][] =>
  Array.from({ length: blocks }, () => bytes.map((b) => bucket(b / blocks)));
const even = (count: number, bytes: number): number[] => new Array(count).fill(bytes);
const options = (more: Partial<CutOptions>): CutOptions => ({
  count: 16,
  slots: 4,
  leasesPerSlot: 2,
  bytesMax: 192 * MiB,
  splittable: [],
  ...more,
});
const runs = (inputs: BucketInfo[][][], more: Partial<CutOptions> = {}): number[][] =>
  cutBuckets(inputs, options(more)).map(({ buckets }) => [...buckets]);

describe('small buckets', () => {
  it('are joined into as many runs as there are slots', () => {
    expect(runs([input(3, even(16, 1 * MiB))]).map((run) => run.length)).toEqual([4, 4, 4, 4]);
  });

  it('become fewer tasks where a slot would get less than is worth one', () => {
    expect(runs([input(3, even(16, 0.125 * MiB))]).map((run) => run.length)).toEqual([8, 8]);
    expect(runs([input(3, even(16, 1_000))])).toHaveLength(1);
    expect(runs([input(3, even(16, 0))])).toHaveLength(1);
    expect(runs([[]])).toHaveLength(1);
  });

  it('become a task for each lease where there is much to fetch', () => {
    expect(runs([input(3, even(16, 16 * MiB))]).map((run) => run.length)).toEqual(even(8, 2));
  });

  it('are joined by the bytes of all inputs together, in order, none left out', () => {
    const left = even(16, 0).map((_, i) => (i < 4 ? 8 * MiB : 0));
    const right = even(16, 0).map((_, i) => (i >= 12 ? 8 * MiB : 0));
    const cut = runs([input(2, left), input(5, right)], { slots: 2 });
    expect(cut.flat()).toEqual(even(16, 0).map((_, i) => i));
    expect(cut.map((run) => run.filter((b) => b < 4 || b >= 12).length)).toEqual([2, 2, 2, 2]);
  });

  it('never make a task of more bytes, or more slices, than it may read', () => {
    expect(runs([input(1, even(16, 2 * MiB))], { slots: 1, bytesMax: 8 * MiB }).map((run) => run.length)).toEqual([4, 4, 4, 4]);
    const many = runs([input(1_000, even(16, 1 * MiB))], { slots: 1 });
    expect(Math.max(...many.map((run) => run.length))).toBe(4);
  });
});

describe('a bucket far above the median', () => {
  const skewed = even(16, 1 * MiB).map((b, i) => (i === 5 ? 40 * MiB : b));

  it('is split along the blocks of the side that allows it', () => {
    const cut = cutBuckets([input(8, skewed), input(2, even(16, 1_000))], options({ splittable: [0] }));
    const parts = cut.filter((task) => task.part);
    expect(parts.map((task) => task.buckets)).toEqual(parts.map(() => [5]));
    expect(parts.map((task) => [task.part?.first, task.part?.end])).toEqual([
      [0, 3],
      [3, 5],
      [5, 8],
    ]);
    expect(cut.filter((task) => !task.part).flatMap((task) => task.buckets)).toEqual(
      skewed.map((_, i) => i).filter((i) => i !== 5),
    );
  });

  it('stays whole where no side allows it, where it comes from one block, or where the other side is the load', () => {
    const isSplit = (inputs: BucketInfo[][][], splittable: number[]): boolean =>
      cutBuckets(inputs, options({ splittable })).some((task) => task.part);
    expect(isSplit([input(8, skewed)], [])).toBe(false);
    expect(isSplit([input(1, skewed)], [0])).toBe(false);
    expect(isSplit([input(8, even(16, 1_000)), input(8, skewed)], [0])).toBe(false);
    expect(isSplit([input(8, even(16, 1_000)), input(8, skewed)], [1])).toBe(true);
  });

  it('stays whole while it is small', () => {
    const small = even(16, 10_000).map((b, i) => (i === 5 ? 2 * MiB : b));
    expect(cutBuckets([input(8, small)], options({ splittable: [0] })).some((task) => task.part)).toBe(false);
  });

  it('that no slot could take is split even where all are alike', () => {
    const cut = cutBuckets([input(8, even(2, 60 * MiB))], options({ count: 2, slots: 1, bytesMax: 32 * MiB, splittable: [0] }));
    expect(cut.map((task) => task.buckets[0])).toEqual([0, 0, 1, 1]);
  });
});
