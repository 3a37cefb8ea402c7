import { describe, expect, it } from 'vitest';
import { compareBounds, mayMatch, neededChunks } from './prune.ts';
import type { Bound, ColumnStatistics, RangePredicate } from './statistics.ts';

const int = (v: number | bigint): Bound => ({ k: 'i', v: v.toString() });
const float = (v: number): Bound => ({ k: 'f', v });
const text = (v: string): Bound => ({ k: 's', v });
const between = (min: Bound, max: Bound, nulls = 0): ColumnStatistics => ({ nulls, min, max });
const is = (op: RangePredicate['op'], value: Bound): RangePredicate => ({ ordinal: 0, op, value });

describe('mayMatch', () => {
  const cases: readonly [string, ColumnStatistics, RangePredicate, boolean][] = [
    ['below the minimum', between(int(10), int(20)), is('<', int(10)), false],
    ['at the minimum', between(int(10), int(20)), is('<=', int(10)), true],
    ['above the maximum', between(int(10), int(20)), is('>', int(20)), false],
    ['at the maximum', between(int(10), int(20)), is('>=', int(20)), true],
    ['equal inside', between(int(10), int(20)), is('=', int(15)), true],
    ['equal outside', between(int(10), int(20)), is('=', int(21)), false],
    ['negative', between(int(-20), int(-10)), is('>=', int(-9)), false],
    ['beyond 2^53', between(int(2n ** 60n), int(2n ** 60n + 2n)), is('>', int(2n ** 60n + 2n)), false],
    ['one below beyond 2^53', between(int(2n ** 60n), int(2n ** 60n + 2n)), is('>', int(2n ** 60n + 1n)), true],
    ['hugeint', between(int(-(2n ** 100n)), int(2n ** 100n)), is('<', int(-(2n ** 100n))), false],
    ['float', between(float(0.5), float(1.5)), is('>', float(1.5)), false],
    ['float infinity', between(float(Number.NEGATIVE_INFINITY), float(1.5)), is('<', float(-1e300)), true],
    ['text', between(text('apple'), text('melon')), is('=', text('zebra')), false],
    ['text by code points, not UTF-16 units', between(text('a'), text('\uffff')), is('>=', text('🙂')), false],
    ['prefix', between(text('ab'), text('abc')), is('>', text('ab')), true],
    ['all NULL', { nulls: 100 }, is('=', int(1)), false],
    ['no bounds kept', { nulls: 3 }, is('=', int(1)), true],
    ['only a minimum', { nulls: 0, min: int(5) }, is('<', int(5)), false],
    ['bounds of another kind', between(float(1), float(2)), is('=', int(7)), true],
  ];
  it.each(cases)('%s', (_name, statistics, predicate, expected) => {
    expect(mayMatch(statistics, 100, predicate)).toBe(expected);
  });
});

describe('compareBounds', () => {
  it('is a total order on equal kinds', () => {
    expect(compareBounds(int(3), int(3))).toBe(0);
    expect(compareBounds(float(Number.POSITIVE_INFINITY), float(Number.POSITIVE_INFINITY))).toBe(0);
    expect(compareBounds(text(''), text('a'))).toBeLessThan(0);
    expect(compareBounds(text('a'), int(1))).toBeUndefined();
  });
});

describe('neededChunks', () => {
  const chunk = (low: number, high: number, rows = 10) => ({ rows, columns: [between(int(low), int(high)), { nulls: rows }] });
  const chunks = [chunk(0, 9), chunk(10, 19), chunk(20, 29), chunk(0, 0, 0)];

  it('keeps all chunks with rows where nothing is asked', () => {
    expect(neededChunks(chunks, [])).toEqual([0, 1, 2]);
  });
  it('needs all predicates', () => {
    expect(neededChunks(chunks, [is('>=', int(12)), is('<', int(20))])).toEqual([1]);
  });
  it('skips chunks whose column is all NULL', () => {
    expect(neededChunks(chunks, [{ ordinal: 1, op: '=', value: int(1) }])).toEqual([]);
  });
});
