import { beforeAll, describe, expect, it } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import { chunkRun, cutRuns, residentKey, runExponent, wholeRun } from './runs.ts';
import { sourceOf } from './testing/plans.ts';

beforeAll(loadHashes);

const even = (chunks: number): number[] => Array.from({ length: chunks }, () => 1);
const exponent = (work: readonly number[], slots: number, bytesMax = Number.POSITIVE_INFINITY): number =>
  runExponent(work, work, slots, bytesMax);

describe('runExponent', () => {
  it('takes runs of 8 for 49 chunks on 2 slots: 25 and 24', () => {
    expect(exponent(even(49), 2)).toBe(3);
  });

  it('takes one run on one slot, however many chunks', () => {
    expect(exponent(even(49), 1)).toBe(6);
    expect(exponent(even(1), 1)).toBe(0);
  });

  it('takes single chunks when nothing longer is even enough', () => {
    expect(exponent(even(3), 2)).toBe(0);
    expect(exponent(even(5), 4)).toBe(0);
    expect(exponent(even(2), 8)).toBe(0);
  });

  it('counts only the work that is needed', () => {
    const firstHalf = even(64).map((_, i) => (i < 32 ? 1 : 0));
    expect(exponent(even(64), 2)).toBe(5);
    expect(exponent(firstHalf, 2)).toBe(4);
    expect(exponent(even(8).fill(0), 2)).toBe(0);
  });

  it('keeps every run within the bytes that a slot may hold', () => {
    expect(exponent(even(64), 2, 8)).toBe(3);
  });

  it('never gives a slot more than 10 % over an even share unless single chunks do', () => {
    for (let chunks = 1; chunks <= 80; chunks++) {
      for (let slots = 1; slots <= 9; slots++) {
        const k = exponent(even(chunks), slots);
        if (k === 0) continue;
        const runs = Array.from({ length: Math.ceil(chunks / 2 ** k) }, (_, i) => Math.min(2 ** k, chunks - i * 2 ** k));
        const loads = even(slots).fill(0);
        for (const run of runs) {
          const least = loads.indexOf(Math.min(...loads));
          loads[least] = (loads[least] ?? 0) + run;
        }
        expect(Math.max(...loads), `${chunks} chunks on ${slots} slots, k=${k}`).toBeLessThanOrEqual((1.1 * chunks) / slots);
      }
    }
  });
});

describe('cutRuns', () => {
  it('aligns runs and leaves out those without a needed chunk', () => {
    const source = sourceOf({ dataset: 'd', chunks: 49, needed: [0, 3, 8, 48] });
    expect(cutRuns(source, 3)).toEqual([
      { first: 0, end: 8, chunks: [0, 3] },
      { first: 8, end: 16, chunks: [8] },
      { first: 48, end: 49, chunks: [48] },
    ]);
  });

  it('names whole and partial runs apart, within the length that the protocol allows', () => {
    const [run] = cutRuns(sourceOf({ dataset: 'd', chunks: 1024, needed: Array.from({ length: 512 }, (_, i) => 2 * i) }), 10);
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
