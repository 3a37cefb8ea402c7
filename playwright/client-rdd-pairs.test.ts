/** Two Rdds together, what is greatest in one, and functions that only count: beside the same computed plainly. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Connection } from '../client/index.ts';
import { type HeadlessGrid, startHeadlessGrid } from './headless-grid.ts';

let headless: HeadlessGrid;
let grid: Connection;

beforeAll(async () => {
  headless = await startHeadlessGrid();
  grid = headless.grid.admin;
}, 60_000);

afterAll(() => headless?.close());

test('sets of elements: intersection, subtract; every pair; places that meet; partitions as arrays', async () => {
  const a = [3, 1, 2, 2, -0, 7, 7, 5].map((n) => ({ n, s: `it's ${n}` }));
  const b = [2, 0, 9, 7].map((n) => ({ s: `it's ${n}`, n }));
  const [left, right] = [grid.parallelize(a, { partitions: 3 }), grid.parallelize(b, { partitions: 2 })];
  const names = (all: readonly { readonly n: number }[]) => all.map(({ n }) => n + 0).sort((x, y) => x - y);
  expect(names(await left.intersection(right).collect())).toEqual([0, 2, 7]);
  expect(names(await left.subtract(right).collect())).toEqual([1, 3, 5]);
  expect(names(await left.subtract(right.filter(({ n }) => n > 2)).collect())).toEqual([0, 1, 2, 2, 3, 5]);
  expect(names(await left.subtract(grid.parallelize<{ n: number; s: string }>([])).collect())).toEqual([0, 1, 2, 2, 3, 5, 7, 7]);

  const pairs = await left
    .map(({ n }) => n)
    .cartesian(grid.parallelize(['x', 'y']))
    .collect();
  const text = (all: readonly unknown[]) => all.map((one) => JSON.stringify(one)).sort();
  expect(text(pairs)).toEqual(text(a.flatMap(({ n }) => ['x', 'y'].map((s) => [n + 0, s]))));

  const places = grid.parallelize(a, { partitions: 3 }).map(({ n }) => n * n);
  const [squares, arrays] = await Promise.all([places.collect(), places.glom().collect()]);
  expect(arrays).toHaveLength(3);
  expect(arrays.flat()).toEqual(squares);
  const letters = grid.parallelize([...'abcdefgh']);
  expect(await places.zip(letters).collect()).toEqual(squares.map((square, i) => [square, 'abcdefgh'[i]]));
  await expect(places.zip(grid.parallelize([1])).collect()).rejects.toThrow(/zip needs as many elements on both sides/);
});

test('the least and the greatest; foreach counts on the side', async () => {
  const numbers = Array.from({ length: 1000 }, (_, i) => ((i * 7919) % 1009) - 500);
  const spread = grid.parallelize(numbers, { partitions: 4 });
  const up = [...numbers].sort((a, b) => a - b);
  expect(await spread.takeOrdered(5)).toEqual(up.slice(0, 5));
  expect(await spread.top(3)).toEqual(up.slice(-3).reverse());
  expect(await spread.map((x) => ({ x })).top(2, ({ x }) => [-Math.abs(x), x])).toEqual([{ x: 0 }, { x: 1 }]);
  expect(await spread.takeOrdered(0)).toEqual([]);
  expect(await grid.parallelize(['b', 'a']).takeOrdered(9)).toEqual(['a', 'b']);
  const odd = grid.accumulator('odd');
  await spread.foreach((x, ctx) => ctx.add('odd', Math.abs(x % ctx.params.by)), { params: { by: 2 } });
  expect(odd.value).toBe(numbers.filter((x) => x % 2 !== 0).length);
  const failing = spread.foreach(() => {
    throw new Error('no such element');
  });
  await expect(failing).rejects.toThrow(/in foreach_\d: no such element/);
  expect(() => spread.top(1.5)).toThrow(TypeError);
});
