/** Types of the main signatures: what the compiler knows of a chain. */
import { expect, expectTypeOf, test } from 'vitest';
import { type AnyRow, type DataFrame, GuestModule, type JobHandle, type Rdd, type Value } from './index.ts';
import { offline } from './testing/offline.ts';

interface Flight {
  readonly origin: string;
  readonly delay: bigint;
}

const grid = offline();
const flights = grid.table<Flight>('flights');

test('frames', () => {
  expectTypeOf(grid.table('x')).toEqualTypeOf<DataFrame<AnyRow>>();
  expectTypeOf(flights.select('origin')).toEqualTypeOf<DataFrame<Pick<Flight, 'origin'>>>();
  expectTypeOf(flights.groupBy('origin').agg({ n: 'count(*)' }).collect)
    .returns.resolves.items.toHaveProperty('n')
    .toEqualTypeOf<Value>();
  expectTypeOf(flights.groupBy('origin').count().first).returns.resolves.toEqualTypeOf<
    (Pick<Flight, 'origin'> & { readonly n: bigint }) | undefined
  >();
  expectTypeOf(flights.drop('delay')).toEqualTypeOf<DataFrame<Omit<Flight, 'delay'>>>();
  expectTypeOf(flights.map(({ origin }) => ({ o: origin.length }), { schema: { o: 'INTEGER' } })).toEqualTypeOf<
    DataFrame<{ o: number }>
  >();
  expectTypeOf(flights.zipWithIndex().rdd()).toEqualTypeOf<Rdd<Flight & { readonly index: bigint }>>();
  // @ts-expect-error no such column
  flights.select('destination');
  // @ts-expect-error a column without a type
  expect(() => flights.map(({ origin }) => ({ o: origin }), { schema: {} })).toThrow(TypeError);
});

test('functions over two frames, sides, and modules by their schema', () => {
  const airports = grid.table<{ origin: string; city: string }>('airports');
  const met = flights.cogroup(airports, ['origin'], ({ origin }, left, right) => [{ origin, n: left.length + right.length }], {
    schema: { origin: 'VARCHAR', n: 'INTEGER' },
  });
  expectTypeOf(met).toEqualTypeOf<DataFrame<{ origin: string; n: number }>>();
  flights.filter((_, ctx) => {
    expectTypeOf(ctx.side(0)).toEqualTypeOf<readonly AnyRow[]>();
    expectTypeOf(ctx.side<Flight>(0)).toEqualTypeOf<readonly Flight[]>();
    return true;
  });
  // @ts-expect-error no key of both
  flights.cogroup(airports, ['delay'], () => [{ n: 1 }], { schema: { n: 'INTEGER' } });
  const module = new GuestModule({ digest: '', abi: 'batch', functions: ['f'], bytes: 0, owner: '', createdAtMs: 0 });
  const made = flights.map(module.fn('f'), {
    schema: { n: 'BIGINT', d: 'DECIMAL(9,2)', l: 'INTEGER[]', b: 'blob', m: 'MAP(INT, INT)' },
  });
  expectTypeOf(made).toEqualTypeOf<
    DataFrame<{
      readonly n: bigint | null;
      readonly d: string | null;
      readonly l: readonly (number | null)[] | null;
      readonly b: Uint8Array | null;
      readonly m: Value;
    }>
  >();
});

test('queries', () => {
  expectTypeOf(grid.sql<Flight>`SELECT ${1}, ${'x'}, ${[1n]}, ${null} FROM ${flights}`).toEqualTypeOf<DataFrame<Flight>>();
  expectTypeOf(grid.sql).toBeCallableWith('SELECT 1', { name: 'x' });
  expectTypeOf<ReturnType<typeof grid.sql>>().toEqualTypeOf<Promise<JobHandle>>();
  // @ts-expect-error an object is no value of a query
  expect(() => grid.sql`SELECT ${{ a: 1 }}`).toThrow(TypeError);
});

test('Rdds', () => {
  const words = grid.parallelize(['a']).map((word): [string, number] => [word, 1]);
  expectTypeOf(words.reduceByKey((a, b) => a + b).collect).returns.resolves.toEqualTypeOf<[string, number][]>();
  expectTypeOf(words.join(words.mapValues((n) => String(n)))).toEqualTypeOf<Rdd<[string, [number, string]]>>();
  expectTypeOf(words.cogroup(words)).toEqualTypeOf<Rdd<[string, [number[], number[]]]>>();
  const sum = () =>
    words.aggregate(
      0,
      (n) => n + 1,
      (a, b) => a + b,
    );
  expectTypeOf(sum).returns.resolves.toBeNumber();
  expectTypeOf(words.countByKey<string, number>).returns.resolves.toEqualTypeOf<Map<string, number>>();
  expectTypeOf(words.keyBy(([word]) => word.length).zipWithIndex()).toEqualTypeOf<Rdd<[[number, [string, number]], number]>>();
  // @ts-expect-error keys need pairs
  grid.parallelize([1]).groupByKey();
  const stop = grid.broadcast(new Uint8Array(1));
  grid.parallelize([1]).map(
    (x, ctx) => {
      expectTypeOf(ctx.params).toEqualTypeOf<{ by: number }>();
      expectTypeOf(ctx.broadcast('stop')).toEqualTypeOf<Uint8Array<ArrayBuffer>>();
      return x;
    },
    { params: { by: 2 }, broadcast: { stop } },
  );
});

test('two collections, and actions with an order', () => {
  const numbers = grid.parallelize([1, 2]);
  const words = grid.parallelize(['a']);
  expectTypeOf(numbers.zip(words)).toEqualTypeOf<Rdd<[number, string]>>();
  expectTypeOf(numbers.cartesian(words).map(([n, w]) => w.repeat(n))).toEqualTypeOf<Rdd<string>>();
  expectTypeOf(words.glom()).toEqualTypeOf<Rdd<string[]>>();
  expectTypeOf(words.top).returns.resolves.toEqualTypeOf<string[]>();
  // @ts-expect-error elements of another kind
  numbers.intersection(words);
  // @ts-expect-error elements of another kind
  numbers.subtract(words);
  expect(() => numbers.zip(offline().parallelize([1]))).toThrow('zip needs an Rdd of the same connection.');
  expect(() => numbers.takeOrdered(-1)).toThrow('takeOrdered needs a whole number of elements, not -1.');
});
