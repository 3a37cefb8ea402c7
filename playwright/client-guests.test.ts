/** The author's library with code of each kind on a real grid: modules, programs, functions; with sides, and over two frames. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Connection, DataFrame, GuestModule } from '../client/index.ts';
import { wat } from '../shared/guest/testing/wat.ts';
import { flightsFile } from './data.ts';
import { type HeadlessGrid, startHeadlessGrid } from './headless-grid.ts';

/** AssemblyScript, a function of each kind. Rows are k BIGINT and x DOUBLE. */
const SOURCE = `
import { BATCH, Batch, END_FINAL, END_PARTIAL, MERGE, OPEN, Output, SIDE, add } from 'muster';
export { muster1_abi, muster1_alloc, muster1_free } from 'muster';

let by: f64 = 1;
const seen = new Map<i64, f64>();
const other = new Map<i64, f64>();

function sum(into: Map<i64, f64>, rows: Batch): void {
  for (let row = 0; row < rows.length; row++) {
    const k = rows.child(0).get<i64>(row);
    into.set(k, (into.has(k) ? into.get(k) : 0) + rows.child(1).get<f64>(row));
  }
}
function emit(sums: Map<i64, f64>): void {
  const out = new Output(), keys = out.add('k', 'l'), values = out.add('x', 'g'), all = sums.keys();
  for (let i = 0; i < all.length; i++) { keys.push<i64>(all[i]); values.push<f64>(sums.get(all[i])); }
  out.emit();
  sums.clear();
}
/** Of each row one, none, or as many as k says. */
function through(event: i32, schema: usize, array: usize, what: i32): i32 {
  if (event == OPEN && what != 2) by = new Batch(schema, array).column('by').get<f64>(0);
  if (event == SIDE) sum(other, new Batch(schema, array));
  if (event != BATCH) return 0;
  const rows = new Batch(schema, array), out = new Output(), keys = out.add('k', 'l'), values = out.add('x', 'g');
  for (let row = 0; row < rows.length; row++) {
    const k = rows.child(0).get<i64>(row), x = rows.child(1).get<f64>(row);
    if (what == 1 && x <= by) continue;
    for (let n: i64 = 0; n < (what == 2 ? k : 1); n++) {
      keys.push<i64>(k);
      values.push<f64>(what == 0 ? x * by + (other.has(k) ? other.get(k) : 0) : x);
    }
  }
  add('rows', rows.length);
  out.emit();
  return 0;
}
export function muster1_scale(event: i32, schema: usize, array: usize): i32 { return through(event, schema, array, 0); }
export function muster1_over(event: i32, schema: usize, array: usize): i32 { return through(event, schema, array, 1); }
export function muster1_repeat(event: i32, schema: usize, array: usize): i32 { return through(event, schema, array, 2); }
export function muster1_sums(event: i32, schema: usize, array: usize): i32 {
  if (event == BATCH || event == MERGE) sum(seen, new Batch(schema, array));
  if (event == END_PARTIAL || event == END_FINAL) emit(seen);
  return 0;
}
export function muster1_both(event: i32, schema: usize, array: usize): i32 {
  if (event == SIDE) sum(other, new Batch(schema, array));
  if (event == BATCH) sum(seen, new Batch(schema, array));
  if (event != END_FINAL) return 0;
  const all = seen.keys();
  for (let i = 0; i < all.length; i++) if (other.has(all[i])) seen.set(all[i], seen.get(all[i]) * other.get(all[i])); else seen.delete(all[i]);
  emit(seen);
  return 0;
}
`;

/** Copies stdin to stdout. */
const CAT = `(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (loop $more
      (i32.store (i32.const 0) (i32.const 1024)) (i32.store (i32.const 4) (i32.const 4096))
      (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
      (i32.store (i32.const 4) (i32.load (i32.const 8)))
      (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 12)))
      (br_if $more (i32.load (i32.const 8))))))`;

interface Row {
  readonly k: bigint;
  readonly x: number;
}

/** As a module's columns are typed. */
interface Nullable {
  readonly k: bigint | null;
  readonly x: number | null;
}

const SCHEMA = { k: 'BIGINT', x: 'DOUBLE' } as const;

let headless: HeadlessGrid;
let grid: Connection;
let module: GuestModule;
/** In many partitions, with keys 0 to 4. */
let rows: DataFrame<Row>;
/** With keys 3 to 5. */
let few: DataFrame<Row>;

beforeAll(async () => {
  headless = await startHeadlessGrid();
  await headless.grid.dataset('flights', flightsFile());
  grid = headless.grid.admin;
  module = await grid.modules.compile(SOURCE, { name: 'each kind' });
  rows = grid.sql<Row>`SELECT range % 5 AS k, (range % 1000)::DOUBLE AS x FROM range(20000)`.repartition(3);
  few = grid.sql<Row>`SELECT 3 + range AS k, 10.0::DOUBLE * (range + 1) AS x FROM range(3)`;
}, 60_000);

afterAll(() => headless?.close());

const inOrder = (frame: DataFrame<Nullable>) => frame.orderBy('k', 'x').collect();
const summed = (frame: DataFrame<Nullable>) => frame.groupBy('k').agg({ n: 'count(*)', x: 'sum(x)' }).orderBy('k').collect();

test('functions of a module: map, filter, flatMap, mapPartitions, each between SQL, with params and an accumulator', async () => {
  expect(module.functions).toEqual(['both', 'over', 'repeat', 'scale', 'sums']);
  const counted = grid.accumulator('rows');
  expect(await summed(rows.map(module.fn('scale', { by: 2 }), { schema: SCHEMA }))).toEqual(
    await summed(rows.withColumn<'x', number>('x', 'x * 2')),
  );
  expect(counted.value).toBe(20_000);
  expect(await summed(rows.filter(module.fn('over', { by: 700 })))).toEqual(await summed(rows.where('x > 700')));
  expect(await summed(rows.flatMap(module.fn('repeat'), { schema: SCHEMA }))).toEqual(
    await summed(grid.sql<Row>`SELECT k, unnest(repeat([x], k)) AS x FROM ${rows}`),
  );
  const sums = rows.mapPartitions(module.fn('sums'), { schema: SCHEMA });
  expect(await sums.count()).toBe(15);
  expect((await summed(sums)).map(({ x }) => x)).toEqual((await summed(rows)).map(({ x }) => x));
});

test('a module as aggregate, in a cogroup, and with a side', async () => {
  const sums = rows.groupBy('k').aggregate(module.fn('sums'), { schema: SCHEMA, state: SCHEMA });
  expect(await inOrder(sums)).toEqual(await inOrder(grid.sql<Row>`SELECT k, sum(x) AS x FROM ${rows} GROUP BY k`));
  expect(await inOrder(rows.cogroup(few, ['k'], module.fn('both'), { schema: SCHEMA }))).toEqual(
    await inOrder(grid.sql<Row>`SELECT k, a.x * b.x AS x FROM ${sums} a JOIN ${few} b USING (k)`),
  );
  const sided = rows.map(module.fn('scale', { by: 1 }), { schema: SCHEMA, sides: [few] });
  expect(await summed(sided)).toEqual(
    await summed(grid.sql<Row>`SELECT k, a.x + coalesce(b.x, 0) AS x FROM ${rows} a LEFT JOIN ${few} b USING (k)`),
  );
});

test('programs: lines and key TAB value through stdin and stdout, between SQL', async () => {
  const program = await grid.modules.upload(wat(CAT), { name: 'cat' });
  const pairs = grid
    .table('flights')
    .where('distance > 2000')
    .select({ key: 'origin', value: 'delay' })
    .mapPartitions(program.program({ input: 'tsv', output: 'tsv' }), { schema: { key: 'VARCHAR', value: 'VARCHAR' } });
  const counted = await pairs.groupBy('key').agg({ n: 'count(*)', delay: 'sum(value::BIGINT)' }).orderBy('key').collect();
  expect(counted).toEqual(
    await grid.sql`SELECT origin AS key, count(*) AS n, sum(delay) AS delay FROM flights WHERE distance > 2000 GROUP BY origin ORDER BY key`.collect(),
  );
  const lines = grid.sql`SELECT 'line ' || range AS line FROM range(1000)`.flatMap(
    program.program({ input: 'lines', output: 'lines' }),
    {
      schema: { line: 'VARCHAR' },
    },
  );
  expect(await lines.distinct().count()).toBe(1000);
  const json = grid.sql`SELECT 7::BIGINT AS n, [1.5::DOUBLE] AS l`.map(program.program({ input: 'jsonl', output: 'jsonl' }), {
    schema: { n: 'BIGINT', l: 'DOUBLE[]' },
  });
  expect(await json.collect()).toEqual([{ n: 7n, l: [1.5] }]);
});

test('functions: a side, a cogroup of both, and what they are given', async () => {
  const plus = grid.broadcast(0.5);
  const sided = rows.map(
    ({ k, x }, ctx) => ({
      k,
      x: x + ctx.side<{ k: bigint; x: number }>(0).reduce((sum, row) => sum + (row.k === k ? row.x : 0), 0),
    }),
    { schema: SCHEMA, sides: [few] },
  );
  expect(await summed(sided)).toEqual(
    await summed(grid.sql<Row>`SELECT k, a.x + coalesce(b.x, 0) AS x FROM ${rows} a LEFT JOIN ${few} b USING (k)`),
  );
  expect(await summed(rows.filter(({ k }, ctx) => ctx.side(0).some((row) => row.k === k), { sides: [few] }))).toEqual(
    await summed(rows.join(few, ['k'], 'semi')),
  );

  const counted = grid.accumulator('keys');
  const both = rows.cogroup(
    few,
    ['k'],
    function* ({ k }, left, right, ctx) {
      ctx.add('keys', 1);
      const n = left.length + ctx.params.times * right.length;
      yield { k, x: n + ctx.broadcast('plus') };
    },
    { schema: SCHEMA, params: { times: 1000 }, broadcast: { plus } },
  );
  expect(await inOrder(both)).toEqual([4000, 4000, 4000, 5000, 5000, 1000].map((n, k) => ({ k: BigInt(k), x: n + 0.5 })));
  expect(counted.value).toBe(6);
});

test('what a function throws names its step, also when its rows are pulled', async () => {
  const wrong = (relation: string) => ({ relation, message: expect.stringContaining(`in ${relation}: nope`) });
  const generator = few.flatMap(
    function* ({ k }) {
      yield { k };
      throw new Error('nope');
    },
    { schema: { k: 'BIGINT' } },
  );
  await expect(generator.collect()).rejects.toMatchObject(wrong('flatMap_2'));
  const whole = few.mapPartitions(
    function* (all) {
      for (const { k } of all) if (k === 4n) throw new Error('nope');
      yield { k: 1n };
    },
    { schema: { k: 'BIGINT' } },
  );
  await expect(whole.collect()).rejects.toMatchObject(wrong('mapPartitions_2'));
  const cogroup = few.cogroup(
    few,
    ['k'],
    () => {
      throw new Error('nope');
    },
    { schema: SCHEMA },
  );
  await expect(cogroup.collect()).rejects.toMatchObject(wrong('cogroup_2'));
  const none = few.flatMap(() => 1 as unknown as Row[], { schema: SCHEMA });
  await expect(none.collect()).rejects.toThrow(/in flatMap_2: the function must return an array/);
  const noSide = few.map(({ k }, ctx) => ({ k: ctx.side(1).length + Number(k) }), { schema: { k: 'BIGINT' }, sides: [few] });
  await expect(noSide.collect()).rejects.toThrow(/in map_2: there is no side 1/);
});
