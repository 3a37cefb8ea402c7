import { expect, test } from 'vitest';
import { sumAccumulators, wrongAccumulators, wrongName } from './accumulators.ts';

test('sums go by name, in the order of the parts, and are told in the order of names', () => {
  const parts = [{ b: 1, a: 0.1 }, { a: 0.2 }, { a: 0.3, c: -1 }];
  expect(JSON.stringify(sumAccumulators(parts))).toBe(`{"a":${0.1 + 0.2 + 0.3},"b":1,"c":-1}`);
  expect(sumAccumulators([])).toBeUndefined();
});

test('a sum stays within the doubles', () => {
  expect(sumAccumulators([{ a: 1.7e308 }, { a: 1.7e308 }])).toEqual({ a: Number.MAX_VALUE });
});

test('names that objects have of their own are names like others', () => {
  const proto = JSON.parse('{"__proto__":2,"constructor":3}') as Record<string, number>;
  expect(JSON.stringify(sumAccumulators([proto, proto]))).toBe('{"__proto__":4,"constructor":6}');
});

test('names are bounded in bytes', () => {
  expect(wrongName('é'.repeat(32))).toBeUndefined();
  expect(wrongName('é'.repeat(33))).toContain('66 bytes; 64 are allowed');
  expect(wrongName('')).toContain('needs a name');
});

test('what a report can carry', () => {
  const many = (count: number): Record<string, number> =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`n${i}`, i]));
  expect(wrongAccumulators(many(64))).toBeUndefined();
  expect(wrongAccumulators(many(65))).toContain('at most 64');
  expect(wrongAccumulators({})).toContain('none');
  expect(wrongAccumulators({ a: Number.NaN })).toContain('finite');
});
