/** Rdds on a real grid, beside the same computed plainly. */
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

const LINES = ['the cat sat', 'on the mat', '', 'the end'];
const byText = (a: readonly unknown[], b: readonly unknown[]) => (String(a[0]) < String(b[0]) ? -1 : 1);

test('word count', async () => {
  const counts = await grid
    .parallelize(LINES)
    .flatMap((line) => line.split(' '))
    .filter((word) => word !== '')
    .map((word): [string, number] => [word, 1])
    .reduceByKey((a, b) => a + b)
    .sortByKey()
    .collect();
  const plain = new Map<string, number>();
  for (const word of LINES.flatMap((line) => line.split(' ')).filter(Boolean)) plain.set(word, (plain.get(word) ?? 0) + 1);
  expect(counts).toEqual([...plain].sort(byText));
});

test('elements of every kind go through functions and back', async () => {
  const values = [
    null,
    true,
    1.5,
    -0,
    Number.NaN,
    Number.NEGATIVE_INFINITY,
    2n ** 70n,
    'é\0\'"',
    [1, [2n]],
    { $n: 'x', a: { $: 1 } },
  ];
  expect(
    await grid
      .parallelize(values)
      .map((value) => value)
      .collect(),
  ).toEqual(values);
  const [bytes] = await grid
    .parallelize([new Uint8Array([0, 255])])
    .map((value) => value)
    .collect();
  expect(Array.from(bytes ?? [])).toEqual([0, 255]);
});

test('many values in the plan come back in order; more than it carries is refused at once', async () => {
  const many = Array.from({ length: 12_000 }, (_, i) => `it's\n${i}`);
  expect(await grid.parallelize(many).collect()).toEqual(many);
  expect(() => grid.parallelize(Array.from({ length: 60_000 }, (_, i) => i))).toThrow(RangeError);
  expect(await grid.parallelize<number>([]).fold(0, (a, b) => a + b)).toBe(0);
  expect(await grid.parallelize(['']).collect()).toEqual(['']);
});

test('over many partitions: reduce, aggregate, fold, count; accumulators count each element once', async () => {
  const numbers = grid.sql<{ i: bigint }>`SELECT range AS i FROM range(20000)`
    .repartition(7)
    .rdd()
    .map(({ i }) => Number(i) - 5000);
  const [sum, most] = await Promise.all([numbers.reduce((a, b) => a + b), numbers.fold(-1e9, (a, b) => Math.max(a, b))]);
  const both = await numbers.aggregate(
    { sum: 0, n: 0 },
    (state, x) => ({ sum: state.sum + x, n: state.n + 1 }),
    (a, b) => ({ sum: a.sum + b.sum, n: a.n + b.n }),
  );
  expect([both.sum, most, both.n, sum]).toEqual([99_990_000, 14_999, 20_000, 99_990_000]);

  const negative = grid.accumulator('negative');
  const positive = numbers.filter((x, ctx) => {
    if (x < 0) ctx.add('negative', 1);
    return x > 0;
  });
  expect(await positive.count()).toBe(14_999);
  expect(negative.value).toBe(5000);
  await positive.take(1);
  negative.reset();
  expect(grid.accumulator('negative').value).toBe(0);
});

test('keys meet by value: cogroup, joins, groupByKey, countByKey', async () => {
  const a = grid.parallelize<[{ k: string; n: number }, number]>([
    [{ k: 'a', n: 1 }, 1],
    [{ n: 2, k: 'b' }, 2],
  ]);
  const b = grid.parallelize<[{ k: string; n: number }, number]>([
    [{ n: 1, k: 'a' }, 3],
    [{ k: 'c', n: 0 }, 4],
    [{ k: 'a', n: 1 }, 5],
  ]);
  const sorted = async <T>(rdd: { collect(): Promise<T[]> }) =>
    (await rdd.collect())
      .map((pair) => JSON.stringify(pair))
      .sort()
      .map((text) => JSON.parse(text) as T);
  expect(await sorted(a.cogroup(b).map(([key, lists]) => [key.k, lists]))).toEqual([
    ['a', [[1], [3, 5]]],
    ['b', [[2], []]],
    ['c', [[], [4]]],
  ]);
  expect(await sorted(a.join(b).values())).toEqual([
    [1, 3],
    [1, 5],
  ]);
  expect(await sorted(a.leftOuterJoin(b).values())).toEqual([
    [1, 3],
    [1, 5],
    [2, null],
  ]);
  expect(await a.fullOuterJoin(b).count()).toBe(4);
  expect(await sorted(a.subtractByKey(b).values())).toEqual([2]);
  expect(await sorted(b.groupByKey().map(([key, values]) => [key.k, values]))).toEqual([
    ['a', [3, 5]],
    ['c', [4]],
  ]);
  const counted = await b.countByKey();
  expect([...counted].map(([key, n]) => [key.k, n]).sort(byText)).toEqual([
    ['a', 2],
    ['c', 1],
  ]);
});

test('order of numbers, texts, bigints and arrays', async () => {
  const numbers = [3, -1, 2.5, 10, -100, 0, 1e300, -1e-300, Number.POSITIVE_INFINITY];
  expect(
    await grid
      .parallelize(numbers)
      .sortBy((x) => x)
      .collect(),
  ).toEqual([...numbers].sort((a, b) => a - b));
  const bigs = [5n, -5n, 0n, 10n ** 30n, -(10n ** 30n), 41n, -41n];
  expect(
    await grid
      .parallelize(bigs)
      .sortBy((x) => x, { descending: true })
      .collect(),
  ).toEqual([...bigs].sort((a, b) => (a < b ? 1 : -1)));
  const texts = ['b', 'a', 'aa', '', 'a\0', 'é', 'Z'];
  expect(
    await grid
      .parallelize(texts)
      .sortBy((x) => x)
      .collect(),
  ).toEqual([...texts].sort());
  const lists: [string, number][] = [
    ['b', 1],
    ['a', 2],
    ['a', -1],
  ];
  expect(
    await grid
      .parallelize(lists)
      .sortBy((x) => x)
      .take(2),
  ).toEqual([
    ['a', -1],
    ['a', 2],
  ]);
});

test('mapPartitions between other functions; distinct; union; keyBy and mapValues', async () => {
  const sums = grid
    .parallelize([1, 2, 3])
    .map((x) => x * 2)
    .mapPartitions(function* (values) {
      let sum = 0;
      for (const value of values) sum += value;
      yield sum;
    })
    .map((x) => -x);
  expect((await sums.collect()).reduce((a, b) => a + b, 0)).toBe(-12);
  const alike = grid.parallelize<unknown>([{ a: 1, b: 2 }, { b: 2, a: 1 }, 0, -0, '0']);
  expect(await alike.union(alike).distinct().count()).toBe(3);
  const lengths = await grid
    .parallelize(['a', 'bb', 'cc'])
    .keyBy((text) => text.length)
    .mapValues((text) => text.toUpperCase())
    .collect();
  expect(lengths).toEqual([
    [1, 'A'],
    [2, 'BB'],
    [2, 'CC'],
  ]);
});

test('rows of elements, and elements of rows', async () => {
  const frame = grid.parallelize([{ a: 1n, b: 'x' }]).toDF({ a: 'BIGINT', b: 'VARCHAR' });
  expect(await frame.collect()).toEqual([{ a: 1n, b: 'x' }]);
  expect(
    await frame
      .rdd()
      .map(({ a, b }) => `${a}${b}`)
      .first(),
  ).toBe('1x');
});

test('saved as datasets, and read again', async () => {
  const saved = await grid
    .parallelize([1n, { a: [Number.NaN] }])
    .map((x) => x)
    .saveAsDataset('elements');
  const elements = await saved.collect();
  expect(elements).toEqual([1n, { a: [Number.NaN] }]);
  expect(await grid.savedRdd('elements').collect()).toEqual(elements);
  const frame = await grid.sql<{ n: bigint; s: string }>`SELECT range AS n, 'x' AS s FROM range(3)`
    .where('n > 0')
    .saveAsDataset('rows_kept');
  expect(await frame.orderBy('n').collect()).toEqual([
    { n: 1n, s: 'x' },
    { n: 2n, s: 'x' },
  ]);
  await expect(frame.limit(1).saveAsDataset('rows_kept')).rejects.toMatchObject({ code: 'dataset-exists' });
});

test('what functions are given: params and broadcast values', async () => {
  const stop = grid.broadcast(['the', 'on']);
  const words = await grid
    .parallelize(LINES)
    .flatMap((line) => line.split(' '))
    .filter((word, ctx) => !ctx.broadcast('stop').includes(word) && word.length > ctx.params.longer, {
      params: { longer: 0 },
      broadcast: { stop },
    })
    .collect();
  expect(words).toEqual(['cat', 'sat', 'mat', 'end']);
});

test('partitions: repartition, coalesce, an index over a sort, a sample', async () => {
  const spread = grid.parallelize([5, 3, 1, 4, 2], { partitions: 4 });
  const ones = spread.mapPartitions(() => [1]);
  expect(await ones.count()).toBe(4);
  expect(
    await spread
      .coalesce(1)
      .mapPartitions(() => [1])
      .count(),
  ).toBe(1);
  expect(
    await spread
      .sortBy((x) => -x)
      .zipWithIndex()
      .collect(),
  ).toEqual([5, 4, 3, 2, 1].map((x, i) => [x, i]));
  const many = grid.sql<{ i: bigint }>`SELECT range AS i FROM range(10000)`;
  const [some, again, others] = await Promise.all(
    [1, 1, 2].map((seed) =>
      many
        .rdd()
        .map(({ i }) => Number(i))
        .sample(0.1, seed)
        .collect(),
    ),
  );
  expect(some).toEqual(again);
  expect(some).not.toEqual(others);
  expect(Math.abs((some?.length ?? 0) - 1000)).toBeLessThan(150);
  expect(await many.zipWithIndex('place').where('i <> place').count()).toBe(0);
});

test('a function that fails is named by its step, also in a row of steps', async () => {
  const wrong = grid
    .parallelize([1, 2])
    .map((x) => x + 1)
    .filter((x) => (x as unknown as { y: { z: boolean } }).y.z);
  await expect(wrong.collect()).rejects.toMatchObject({ relation: 'filter_3', message: expect.stringContaining('in filter_3') });
  const noPairs = grid
    .parallelize([1])
    .map((x) => [x, x, x] as unknown as [number, number])
    .reduceByKey((a, b) => a + b);
  await expect(noPairs.collect()).rejects.toThrow(/in map_2: the next step needs pairs/);
});

test('a function that looks outside is told what to do, with its place', async () => {
  const outside = { factor: 2 };
  const wrong = grid.parallelize([1]).map((x) => x * outside.factor);
  await expect(wrong.collect()).rejects.toMatchObject({
    relation: 'map_2',
    detail: expect.stringMatching(/'outside' is not defined at line 1, column \d+ of the function: \(x\) => x \* outside/),
    hint: expect.stringContaining('pass "outside" in params'),
  });
});
