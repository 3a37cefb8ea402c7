import { describe, expect, test } from 'vitest';
import type { ColumnView } from '../../../shared/arrow/column-view.ts';
import { parseSqlType } from '../../../shared/arrow/types.ts';
import { DistinctSampler } from './distinct.ts';

const CHUNK = 122_880;
/** A fixed sequence without pattern, 0..1. */
function chance(i: number): number {
  let x = Math.imul(i + 1, 0x9e3779b1);
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return ((x ^ (x >>> 16)) >>> 0) / 2 ** 32;
}

function sampled(rows: number, value: (row: number) => number): number | undefined {
  const sampler = new DistinctSampler(parseSqlType('INTEGER'));
  for (let at = 0; at < rows; at += CHUNK) {
    const values = Int32Array.from({ length: Math.min(CHUNK, rows - at) }, (_, i) => value(at + i));
    sampler.addChunk(view(values.length, new Uint8Array(values.buffer)));
  }
  return sampler.estimate(rows);
}

function view(rows: number, data: Uint8Array, more: Partial<ColumnView> = {}): ColumnView {
  return { rows, validity: null, data, offsets: null, children: [], ...more } as ColumnView;
}

describe('distinct values', () => {
  const rows = 8 * CHUNK;
  const cases: readonly [what: string, rows: number, value: (row: number) => number, low: number, high: number][] = [
    ['one value', rows, () => 7, 1, 1],
    ['three', rows, (i) => Math.floor(chance(i) * 3), 3, 3],
    ['three hundred', rows, (i) => Math.floor(chance(i) * 300), 290, 310],
    ['five thousand', rows, (i) => Math.floor(chance(i) * 5000), 4000, 6500],
    ['two hundred thousand', rows, (i) => Math.floor(chance(i) * 200_000), 50_000, rows],
    ['very unequal ones', rows, (i) => Math.floor(chance(i) ** -0.5), 30, 3000],
    ['all different', rows, (i) => i, rows / 2, rows],
    ['all different, in no order', rows, (i) => Math.floor(chance(i) * 2 ** 31), rows / 4, rows],
    ['four neighbours each', rows, (i) => i >> 2, rows / 8, rows / 2],
    ['few values in a drifting window', rows, (i) => (i >> 10) * 16 + (i % 16), rows / 256, rows],
    ['a few values, sorted', rows, (i) => Math.floor(i / 20_000), 10, 4000],
    ['a small table', 1000, (i) => i % 100, 100, 110],
    ['a table of one row', 1, () => 1, 1, 1],
  ];
  test.each(cases)('%s', (_what, n, value, low, high) => {
    const found = sampled(n, value);
    expect(found).toBeGreaterThanOrEqual(low);
    expect(found).toBeLessThanOrEqual(high);
  });

  test('NULL is none', () => {
    const sampler = new DistinctSampler(parseSqlType('BIGINT'));
    sampler.addChunk(view(16, new Uint8Array(128), { validity: new Uint8Array(2) }));
    expect(sampler.estimate(16)).toBe(0);
  });

  test('texts by their bytes', () => {
    const sampler = new DistinctSampler(parseSqlType('VARCHAR'));
    const bytes = new TextEncoder().encode('AACAABBCA');
    sampler.addChunk(view(5, bytes, { offsets: Int32Array.of(0, 1, 3, 4, 6, 9) }));
    expect(sampler.estimate(5)).toBe(4);
  });

  test('nothing is said about nested values', () => {
    const sampler = new DistinctSampler(parseSqlType('INTEGER[]'));
    sampler.addChunk(view(5, new Uint8Array(0)));
    expect(sampler.estimate(5)).toBeUndefined();
  });
});
