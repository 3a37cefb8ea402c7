/** Values of all types between frames, functions, elements and datasets: docs/client.md, "Values". */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AnyRow, type Connection, raw, type Value } from '../client/index.ts';
import { type HeadlessGrid, startHeadlessGrid } from './headless-grid.ts';

let headless: HeadlessGrid;
let grid: Connection;

beforeAll(async () => {
  headless = await startHeadlessGrid();
  grid = headless.grid.admin;
}, 60_000);

afterAll(() => headless?.close());

/** Per column: the type, a value in SQL, and what it is in a row. */
const COLUMNS: Readonly<Record<string, readonly [type: string, sql: string, value: Value]>> = {
  yes: ['BOOLEAN', 'true', true],
  tiny: ['TINYINT', '-128', -128],
  whole: ['INTEGER', '-2147483648', -2147483648],
  unsigned: ['UINTEGER', '4294967295', 4294967295],
  big: ['BIGINT', '-9223372036854775808', -(2n ** 63n)],
  ubig: ['UBIGINT', '18446744073709551615', 2n ** 64n - 1n],
  huge: ['HUGEINT', '-17014118346046923173168730371588410572', -17014118346046923173168730371588410572n],
  real: ['FLOAT', '0.5', 0.5],
  double: ['DOUBLE', '-1e-300', -1e-300],
  nan: ['DOUBLE', "'nan'", Number.NaN],
  endless: ['DOUBLE', "'-infinity'", Number.NEGATIVE_INFINITY],
  price: ['DECIMAL(18,3)', '-12345678901234.567', '-12345678901234.567'],
  exact: ['DECIMAL(38,10)', '1234567890123456789012345678.0123456789', '1234567890123456789012345678.0123456789'],
  text: ['VARCHAR', "'é\"''🙂'", 'é"\'🙂'],
  bytes: ['BLOB', "'\\x00\\xFF'", new Uint8Array([0, 255])],
  day: ['DATE', "'2024-02-29'", '2024-02-29'],
  early: ['DATE', "'0044-03-15'", '0044-03-15'],
  at: ['TIMESTAMP', "'2024-02-29 12:34:56.789012'", '2024-02-29T12:34:56.789012'],
  moment: ['TIMESTAMP WITH TIME ZONE', "'2024-02-29 12:34:56.5+00'", '2024-02-29T12:34:56.500000Z'],
  time: ['TIME', "'23:59:59.000001'", '23:59:59.000001'],
  id: ['UUID', "'12345678-1234-5678-1234-567812345678'", '12345678-1234-5678-1234-567812345678'],
  list: ['BIGINT[]', '[1, NULL]', [1n, null]],
  lists: ['DECIMAL(4,1)[][]', '[[1.5], []]', [['1.5'], []]],
  pair: [
    'STRUCT(a HUGEINT, b DATE, c BLOB[])',
    "{'a': 7, 'b': DATE '2000-01-01', 'c': ['\\xAA'::BLOB]}",
    { a: 7n, b: '2000-01-01', c: [new Uint8Array([0xaa])] },
  ],
  map: ['MAP(VARCHAR, BIGINT)', "MAP {'x': 1}", [['x', 1n]]],
};

const NAMES = Object.keys(COLUMNS);
const SCHEMA = Object.fromEntries(NAMES.map((name) => [name, COLUMNS[name]?.[0] ?? '']));
const ROW = Object.fromEntries(NAMES.map((name) => [name, COLUMNS[name]?.[2] ?? null])) as AnyRow;
const NULLS = Object.fromEntries(NAMES.map((name) => [name, null])) as AnyRow;

/** The row above and one of NULLs. */
const select = () => {
  const list = NAMES.map(
    (name) => `CASE WHEN range = 0 THEN CAST(${COLUMNS[name]?.[1]} AS ${COLUMNS[name]?.[0]}) END AS "${name}"`,
  );
  return `SELECT ${list.join(', ')} FROM range(2) ORDER BY range`;
};
const frame = () => grid.sql`${raw(select())}`;

/** A column for each type, so that a wrong one is named. */
const byColumn = (rows: readonly AnyRow[]) => NAMES.map((name) => [name, rows.map((row) => row[name])]);
const EXPECTED = byColumn([ROW, NULLS]);

test('results', async () => {
  expect(byColumn(await frame().collect())).toEqual(EXPECTED);
});

test('through functions over rows, which give what they were given', async () => {
  const same = frame().map((row) => row, { schema: SCHEMA });
  expect(byColumn(await same.collect())).toEqual(EXPECTED);
  const kinds = await frame()
    .flatMap((row) => Object.entries(row).map(([name, value]) => ({ name, kind: value === null ? 'null' : typeof value })), {
      schema: { name: 'VARCHAR', kind: 'VARCHAR' },
    })
    .where("kind <> 'null'")
    .collect();
  expect(kinds).toEqual(NAMES.map((name) => ({ name, kind: typeof ROW[name] })));
});

test('as elements, and from elements as rows again', async () => {
  const elements = frame().rdd();
  expect(byColumn(await elements.collect())).toEqual(EXPECTED);
  const mapped = elements.map((row) => ({ ...row }));
  expect(byColumn(await mapped.collect())).toEqual(EXPECTED);
  expect(byColumn(await mapped.persist().toDF(SCHEMA).collect())).toEqual(EXPECTED);
  expect(byColumn(await grid.parallelize([ROW, NULLS]).toDF(SCHEMA).collect())).toEqual(EXPECTED);
});

test('as keys: equal values meet', async () => {
  const pairs = frame()
    .rdd()
    .map((row): [unknown, number] => [row, 1]);
  expect(
    (
      await pairs
        .union(pairs)
        .reduceByKey((a, b) => a + b)
        .values()
        .collect()
    ).toSorted(),
  ).toEqual([2, 2]);
});

test('saved as datasets', async () => {
  const saved = await frame().saveAsDataset('all_values');
  const rows = await saved.orderBy('whole').collect();
  // A dataset holds a HUGEINT as a DECIMAL and a UUID as text: docs/rest.md.
  const huge = '-17014118346046923173168730371588410572';
  const pair = { a: '7', b: '2000-01-01', c: [new Uint8Array([0xaa])] };
  expect(byColumn(rows)).toEqual(byColumn([{ ...ROW, huge, pair }, NULLS]));
  const elements = await frame().rdd().saveAsDataset('all_elements');
  expect(byColumn(await elements.collect())).toEqual(EXPECTED);
});

test('what a column cannot hold is an error that names it', async () => {
  const wrong = (schema: Record<string, string>, value: unknown) =>
    grid
      .parallelize([{ x: value }])
      .toDF(schema as { x: string })
      .collect();
  await expect(wrong({ x: 'TINYINT' }, 300)).rejects.toThrow(/x/);
  await expect(wrong({ x: 'HUGEINT' }, 2n ** 127n)).rejects.toThrow(/x/);
  await expect(wrong({ x: 'DECIMAL(4,1)' }, '12345.6')).rejects.toThrow(/x/);
  await expect(wrong({ x: 'DATE' }, 'yesterday')).rejects.toThrow(/x/);
  expect(await wrong({ x: 'DECIMAL(4,1)' }, 1.5)).toEqual([{ x: '1.5' }]);
  expect(await wrong({ x: 'HUGEINT' }, 7)).toEqual([{ x: 7n }]);
});
