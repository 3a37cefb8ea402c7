import { beforeAll, describe, expect, it } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import { chunkRun, cutRuns, residentKey, runLength, wholeRun } from './runs.ts';
import { sourceOf } from './testing/plans.ts';

beforeAll(loadHashes);

const even = (chunks: number): number[] => Array.from({ length: chunks }, () => 1);
const length = (work: readonly number[], slots: number, bytesMax = Number.POSITIVE_INFINITY, runsPerSlotMin = 1): number =>
  runLength({ work, bytes: work, slots, bytesMax, runsPerSlotMin });

describe('runLength', () => {
  it('takes one run a slot where that is even: 25 and 24 of 49 chunks', () => {
    expect(length(even(49), 2)).toBe(25);
    expect(length(even(49), 3)).toBe(17);
    expect(length(even(49), 1)).toBe(64);
  });

  it('takes several runs a slot where one does not fit, or where slots are not equally fast', () => {
    expect(length(even(49), 2, 20)).toBe(13);
    expect(length(even(49), 2, Number.POSITIVE_INFINITY, 4)).toBe(5);
    expect(length(even(64), 2, 8)).toBe(8);
  });

  it('takes single chunks when nothing longer is even enough', () => {
    expect(length(even(3), 2)).toBe(1);
    expect(length(even(5), 4)).toBe(1);
    expect(length(even(2), 8)).toBe(1);
  });

  it('counts only the work that is needed', () => {
    const firstHalf = even(64).map((_, i) => (i < 32 ? 1 : 0));
    expect(length(even(64), 2)).toBe(32);
    expect(length(firstHalf, 2)).toBe(16);
    expect(length(even(8).fill(0), 2)).toBe(1);
  });

  it('never gives a slot more than 10 % over an even share unless single chunks do', () => {
    for (let chunks = 1; chunks <= 80; chunks++) {
      for (let slots = 1; slots <= 9; slots++) {
        const run = length(even(chunks), slots);
        if (run === 1) continue;
        const runs = Array.from({ length: Math.ceil(chunks / run) }, (_, i) => Math.min(run, chunks - i * run));
        const loads = even(slots).fill(0);
        for (const each of runs) {
          const least = loads.indexOf(Math.min(...loads));
          loads[least] = (loads[least] ?? 0) + each;
        }
        expect(Math.max(...loads), `${chunks} chunks on ${slots} slots, runs of ${run}`).toBeLessThanOrEqual(
          (1.1 * chunks) / slots,
        );
      }
    }
  });
});

describe('cutRuns', () => {
  it('aligns runs and leaves out those without a needed chunk', () => {
    const source = sourceOf({ dataset: 'd', chunks: 49, needed: [0, 3, 8, 48] });
    expect(cutRuns(source, 8)).toEqual([
      { first: 0, end: 8, chunks: [0, 3] },
      { first: 8, end: 16, chunks: [8] },
      { first: 48, end: 49, chunks: [48] },
    ]);
  });

  it('names whole and partial runs apart, within the length that the protocol allows', () => {
    const [run] = cutRuns(sourceOf({ dataset: 'd', chunks: 1024, needed: Array.from({ length: 512 }, (_, i) => 2 * i) }), 1024);
    if (!run) throw new Error('no run');
    expect(residentKey('v', wholeRun(run))).toBe('v/0-1023');
    expect(residentKey('v', { first: 0, end: 8, chunks: [0, 1, 2, 5] })).toBe('v/0-7:0-2,5');
    expect(residentKey('f'.repeat(64), run).length).toBeLessThan(256);
  });

  it('tells a slot the columns of an empty run', () => {
    const run = chunkRun(sourceOf({ dataset: 'd', chunks: 4 }), { first: 0, end: 0, chunks: [] });
    expect(run).toMatchObject({
      chunkRows: [],
      columns: [
        { ordinal: 0, slices: [] },
        { ordinal: 1, slices: [] },
      ],
    });
  });
});
