import { expect, test } from 'vitest';
import { LIMITS } from '../limits.ts';
import type { OutputPartitioning } from '../plan/recipe.ts';
import { namedByPosition } from './canonical.ts';
import { IpcError, parseStream } from './ipc.ts';
import { fragmentColumns, ReferenceSplitter } from './split.ts';
import { rowHashOf } from './split-hash.ts';
import { columnOf, rowsOf, streamOf } from './testing.ts';

interface Column {
  readonly wire: string;
  readonly values: readonly unknown[];
}

function split(columns: readonly Column[], partitioning: OutputPartitioning, cuts: readonly number[] = []): Uint8Array[] {
  const stored = partitioning.kind === 'range' ? columns.slice(0, -1) : columns;
  const splitter = new ReferenceSplitter(namedByPosition(stored.map((c) => c.wire)), partitioning);
  const at = [0, ...cuts, columns[0]?.values.length ?? 0];
  for (let i = 1; i < at.length; i++) {
    splitter.addPiece(streamOf(columns.map((c) => ({ ...c, values: c.values.slice(at[i - 1], at[i]) }))));
  }
  return splitter.finish().map((s) => s.bytes);
}

const hashes = (wire: string, values: readonly unknown[]): bigint[] => {
  const hash = rowHashOf(wire);
  const column = columnOf(wire, values);
  return values.map((_, row) => hash(column, row));
};

const numbers = Array.from({ length: 1000 }, (_, i) => (i % 9 === 0 ? null : BigInt(i % 100)));
const names = Array.from({ length: 1000 }, (_, i) => (i % 7 === 0 ? null : `name ${i}`));
const COLUMNS: readonly Column[] = [
  { wire: 'BIGINT', values: numbers },
  { wire: 'VARCHAR', values: names },
];

test('every row lies in one bucket, equal keys in the same, in the order they came', () => {
  const streams = split(COLUMNS, { kind: 'hash', keys: [0], count: 8 });
  const bucketOf = new Map<unknown, number>();
  const seen = streams.flatMap((stream, bucket) =>
    rowsOf(stream).map(([key, name]) => {
      expect(bucketOf.get(key) ?? bucket).toBe(bucket);
      bucketOf.set(key, bucket);
      return [key, name];
    }),
  );
  expect(seen).toHaveLength(1000);
  expect(new Set(bucketOf.values()).size).toBe(8);
  for (const stream of streams) {
    const own = rowsOf(stream).map(([key]) => bucketOf.get(key));
    const rows = numbers.map((key, i) => [key, names[i]]).filter(([key]) => bucketOf.get(key) === own[0]);
    expect(rowsOf(stream)).toEqual(rows);
  }
});

test('buckets do not depend on how the rows were cut', () => {
  const by: OutputPartitioning = { kind: 'hash', keys: [1, 0], count: 5 };
  expect(split(COLUMNS, by, [1, 500, 500, 997])).toEqual(split(COLUMNS, by));
});

test('a bucket is a canonical stream; one without rows is a schema alone', () => {
  const [first, second, third] = split([{ wire: 'INTEGER', values: [1, null, 1] }, range(2, 0, 2)], { kind: 'range', count: 3 });
  expect(first).toEqual(streamOf([{ wire: 'INTEGER', values: [null] }]));
  expect(second).toEqual(streamOf([{ wire: 'INTEGER', values: [] }]));
  expect(third).toEqual(streamOf([{ wire: 'INTEGER', values: [1, 1] }]));
});

function range(...buckets: (number | null)[]): Column {
  return { wire: 'INTEGER', values: buckets };
}

test('the column of buckets is checked', () => {
  const by: OutputPartitioning = { kind: 'range', count: 3 };
  const one: Column = { wire: 'INTEGER', values: [1] };
  expect(() => split([one, range(3)], by)).toThrow(/bucket 3, but there are only 0 to 2/);
  expect(() => split([one, range(-1)], by)).toThrow(IpcError);
  expect(() => split([one, range(null)], by)).toThrow(/bucket NULL/);
  expect(() => split([one, { wire: 'BIGINT', values: [1n] }], by)).toThrow(/came as BIGINT/);
  expect(() => split([one], { kind: 'hash', keys: [1], count: 2 })).toThrow(/no column 1/);
  expect(fragmentColumns([{ name: 'c0', wire: 'DATE' }], by).map((c) => c.wire)).toEqual(['DATE', 'INTEGER']);
});

test('buckets of more rows than a batch holds are cut', () => {
  const values = Array.from({ length: LIMITS.chunkRows + 10 }, () => 7);
  const streams = split([{ wire: 'INTEGER', values }], { kind: 'hash', keys: [0], count: 4 });
  const cut = streams.map((s) => parseStream(s).batches.map((b) => b.rows)).filter((rows) => rows.length > 0);
  expect(cut).toEqual([[LIMITS.chunkRows, 10]]);
});

/** The kernel in tabs has these numbers too: a change of the hash makes other blocks of the same recipe. */
test('hashes are what they were', () => {
  expect(hashes('BIGINT', [0n, 1n, -1n, null])).toMatchInlineSnapshot(`
    [
      0n,
      12994781566227106604n,
      7256831767414464289n,
      11400714819323198485n,
    ]
  `);
  expect(hashes('VARCHAR', ['', 'a', 'exactly8', 'more than eight', null])).toMatchInlineSnapshot(`
    [
      0n,
      15144110591267697342n,
      4089758181989423214n,
      9396376194691552126n,
      11400714819323198485n,
    ]
  `);
  expect(hashes('DECIMAL(38,2)', ['0.01', '-0.01', '100000000000000000000.00'])).toMatchInlineSnapshot(`
    [
      12994781566227106604n,
      4291095880246295418n,
      10266237582411778057n,
    ]
  `);
  expect(hashes('INTEGER[]', [[], [1], [1, null]])).toMatchInlineSnapshot(`
    [
      0n,
      5538462282519012832n,
      15340923347016220414n,
    ]
  `);
});

test('values that the engine calls equal hash equally', () => {
  const one = (wire: string, values: readonly unknown[]) => expect(new Set(hashes(wire, values)).size).toBe(1);
  const other = (wire: string, values: readonly unknown[]) => expect(new Set(hashes(wire, values)).size).toBe(values.length);
  one('DOUBLE', [0, -0]);
  one('FLOAT', [0, -0]);
  other('DOUBLE', [0, Number.NaN, 1, -1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, null]);
  other('FLOAT', [0, Number.NaN, 1, -1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, null]);
  const day = 86_400_000_000_000n;
  one('INTERVAL', [
    { months: 1, days: 0, nanos: 0n },
    { months: 0, days: 30, nanos: 0n },
    { months: 0, days: 29, nanos: day },
    { months: 2, days: -31, nanos: day },
  ]);
  other('VARCHAR', ['', '\0', '\0\0', 'a', 'a\0', null]);
  other('STRUCT("a" INTEGER, "b" INTEGER)', [{ a: 1, b: 2 }, { a: 2, b: 1 }, { a: null, b: 1 }, null]);
  other('BOOLEAN[2]', [[true, false], [false, true], [null, true], null]);
  other('MAP(VARCHAR, INTEGER)', [[], [['a', 1]], [['a', 2]], [['a', null]], null]);
  other('BOOLEAN', [true, false, null]);
  other('TINYINT', [1, -1, 0]);
  other('SMALLINT', [1, -1, 0]);
});

test('every payload of NaN is one value', () => {
  const bits = BigUint64Array.of(0x7ff8000000000000n, 0xfff8000000000000n, 0x7ff0000000000001n, 0x7fffffffffffffffn);
  const column = { rows: 4, validity: null, offsets: null, data: new Uint8Array(bits.buffer), children: [] };
  const hash = rowHashOf('DOUBLE');
  expect(new Set([0, 1, 2, 3].map((row) => hash(column, row))).size).toBe(1);
});
