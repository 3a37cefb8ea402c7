import * as arrow from 'apache-arrow';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Canonicaliser, canonicalStream } from './canonical.ts';
import type { ColumnView } from './column-view.ts';
import { columnStream } from './column-writer.ts';
import { IpcError, parseStream, streamRows } from './ipc.ts';
import { planMerge } from './merge.ts';
import { schemaMessage } from './schema.ts';
import { columnOf, rowsOf, streamOf } from './testing.ts';

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const orNull = (values: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> => fc.option(values, { freq: 3 });
const word = fc.string({ maxLength: 20, unit: 'grapheme' });

/** Wire types and values of them, nested ones included. */
const TYPES: readonly (readonly [wire: string, values: fc.Arbitrary<unknown>])[] = [
  ['BOOLEAN', fc.boolean()],
  ['TINYINT', fc.integer({ min: -128, max: 127 })],
  ['USMALLINT', fc.integer({ min: 0, max: 65535 })],
  ['INTEGER', int32],
  ['BIGINT', fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })],
  ['DOUBLE', fc.double({ noNaN: true })],
  ['DECIMAL(38,2)', fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }).map((n) => `${n}.25`)],
  ['VARCHAR', word],
  ['BLOB', fc.uint8Array({ maxLength: 9 })],
  ['INTERVAL', fc.record({ months: int32, days: int32, nanos: fc.bigInt({ min: -1000n, max: 1000n }) })],
  ['INTEGER[]', fc.array(orNull(int32), { maxLength: 4 })],
  ['VARCHAR[][]', fc.array(orNull(fc.array(orNull(word), { maxLength: 3 })), { maxLength: 3 })],
  ['BOOLEAN[3]', fc.array(orNull(fc.boolean()), { minLength: 3, maxLength: 3 })],
  ['STRUCT("a" INTEGER, "b" VARCHAR)', fc.record({ a: orNull(int32), b: orNull(word) })],
  ['MAP(VARCHAR, INTEGER[2])', fc.array(fc.tuple(word, orNull(fc.tuple(int32, int32))), { maxLength: 3 })],
];

const table = fc
  .integer({ min: 0, max: 60 })
  .chain((rows) =>
    fc.tuple(
      ...TYPES.map(([wire, values]) =>
        fc.record({ wire: fc.constant(wire), values: fc.array(orNull(values), { minLength: rows, maxLength: rows }) }),
      ),
    ),
  );

/** The same values with other bytes under every NULL, as an engine may leave them. */
function withGarbage(view: ColumnView): ColumnView {
  const { validity, rows } = view;
  const data = view.data?.slice() ?? null;
  if (validity !== null && data !== null && view.offsets === null) {
    const width = data.length / Math.max(rows, 1);
    for (let row = 0; row < rows; row++) {
      const valid = ((validity[row >> 3] ?? 0) >> (row & 7)) & 1;
      if (!valid && width >= 1) data.fill(0xa5, row * width, (row + 1) * width);
      if (!valid && width < 1) data[row >> 3] = (data[row >> 3] ?? 0) | (1 << (row & 7));
    }
  }
  return { ...view, data, children: view.children.map(withGarbage) };
}

test('equal rows give equal bytes, however they were cut and whatever stood under the NULLs', () => {
  fc.assert(
    fc.property(table, fc.array(fc.nat(60), { maxLength: 5 }), fc.integer({ min: 1, max: 25 }), (columns, cuts, batchRows) => {
      const named = columns.map((c, i) => ({ name: `c${i}`, wire: c.wire }));
      const rows = columns[0]?.values.length ?? 0;
      const whole = new Canonicaliser(named, batchRows);
      whole.addColumns(
        columns.map((c) => columnOf(c.wire, c.values)),
        rows,
      );
      const expected = whole.finish();
      const pieces = new Canonicaliser(named, batchRows);
      const at = [0, ...cuts.map((c) => Math.min(c, rows)).sort((a, b) => a - b), rows];
      for (let i = 1; i < at.length; i++) {
        const part = columns.map((c) => withGarbage(columnOf(c.wire, c.values.slice(at[i - 1], at[i]))));
        pieces.addColumns(part, (at[i] ?? 0) - (at[i - 1] ?? 0));
      }
      expect(pieces.finish()).toEqual(expected);
      expect(canonicalStream(named, [expected.bytes]).bytes).toEqual(streamOf(columns));
      expect(rowsOf(expected.bytes)).toEqual(Array.from({ length: rows }, (_, r) => columns.map((c) => c.values[r])));
    }),
    { numRuns: 25 },
  );
});

test('taken part by part, in memory that is used again, they are the same', () => {
  fc.assert(
    fc.property(fc.array(table, { minLength: 2, maxLength: 3 }), fc.integer({ min: 1, max: 80 }), (parts, batchRows) => {
      const named = (parts[0] ?? []).map((c, i) => ({ name: `c${i}`, wire: c.wire }));
      const reusing = new Canonicaliser(named, batchRows);
      const memory = new Uint8Array(16_384).fill(0xa5);
      for (const columns of parts) {
        const rows = columns[0]?.values.length ?? 0;
        const views = columns.map((c) => withGarbage(columnOf(c.wire, c.values)));
        const fresh = new Canonicaliser(named, batchRows);
        for (const canonical of [fresh, reusing]) canonical.addColumns(views, rows);
        expect(reusing.rows).toBe(rows);
        expect(reusing.take(memory)).toEqual(fresh.finish());
      }
    }),
    { numRuns: 10 },
  );
});

test('strings hidden under a NULL are left out', () => {
  const plain = columnOf('VARCHAR', ['a', null, 'b']);
  const hidden: ColumnView = {
    rows: 3,
    validity: plain.validity,
    offsets: Int32Array.of(0, 1, 4, 5),
    data: new TextEncoder().encode('axxxb'),
    children: [],
  };
  expect(columnStream('c', 'VARCHAR', 3, hidden)).toEqual(columnStream('c', 'VARCHAR', 3, plain));
});

test('another Arrow implementation reads the streams', () => {
  const bytes = streamOf([
    { wire: 'INTEGER', values: [1, null, 3] },
    { wire: 'VARCHAR', values: ['x', 'yy', null] },
    { wire: 'DECIMAL(10,2)', values: ['1.50', null, '-2.25'] },
    { wire: 'TIMESTAMP WITH TIME ZONE', values: [1n, 2n, null] },
    { wire: 'BOOLEAN[]', values: [[true], null, [false, null]] },
    { wire: 'STRUCT("a" DATE)', values: [{ a: 1 }, { a: null }, null] },
    { wire: 'MAP(VARCHAR, INTEGER)', values: [[['k', 1]], [], null] },
  ]);
  const read = arrow.tableFromIPC(bytes);
  expect(String(read.schema)).toMatchInlineSnapshot(
    `"Schema<{ 0: c0: Int32, 1: c1: Utf8, 2: c2: Decimal[10e+2], 3: c3: Timestamp<MICROSECOND, UTC>, 4: c4: List<Bool>, 5: c5: Struct<{a:Date32<DAY>}>, 6: c6: Map<{key:Utf8, value:Int32}> }>"`,
  );
  expect(read.numRows).toBe(3);
  expect(read.getChild('c1')?.toJSON()).toEqual(['x', 'yy', null]);
  expect(JSON.stringify(read.getChild('c4'))).toBe('[[true],null,[false,null]]');
});

test('batches have 122,880 rows, and none when there are no rows', () => {
  const values = Int32Array.from({ length: 300_000 }, (_, i) => i);
  const bytes = columnStream('c', 'INTEGER', values.length, {
    rows: values.length,
    validity: null,
    offsets: null,
    data: new Uint8Array(values.buffer),
    children: [],
  });
  const stream = parseStream(bytes);
  expect(stream.batches.map((b) => b.rows)).toEqual([122_880, 122_880, 54_240]);
  expect(streamRows(stream)).toBe(300_000);
  expect(parseStream(streamOf([{ wire: 'INTEGER', values: [] }])).batches).toEqual([]);
});

test('merging one-column streams gives the stream of all columns', () => {
  const columns = [
    { name: 'a', wire: 'INTEGER', values: [1, null, 3] },
    { name: 'b', wire: 'VARCHAR', values: ['x', 'yy', null] },
    { name: 'c', wire: 'INTEGER[]', values: [[1], null, [2, 3]] },
  ];
  const plan = planMerge(columns, [columns.map((c) => parseStream(streamOf([c])))]);
  const target = new Uint8Array(plan.bytes + 20).fill(0xee);
  expect(plan.write(target, 10)).toBe(plan.bytes);
  expect(target.subarray(10, 10 + plan.bytes)).toEqual(streamOf(columns));
  expect(plan.rows).toBe(3);
  const short = parseStream(streamOf([{ wire: 'INTEGER', values: [1] }]));
  expect(() => planMerge(columns.slice(0, 2), [[short, parseStream(streamOf(columns.slice(1, 2)))]])).toThrow(IpcError);
});

test('pieces with other types are refused by name', () => {
  const piece = streamOf([{ wire: 'INTEGER', values: [1] }]);
  expect(() => canonicalStream([{ name: 'c0', wire: 'BIGINT' }], [piece])).toThrow(
    'c0 came as INTEGER where BIGINT was expected',
  );
  expect(() => canonicalStream([], [piece])).toThrow(IpcError);
});

test('damaged streams never pass for shorter ones', () => {
  const bytes = streamOf([
    { wire: 'INTEGER', values: [1, 2, 3] },
    { wire: 'VARCHAR', values: ['a', null, 'c'] },
  ]);
  const named = [
    { name: 'c0', wire: 'INTEGER' },
    { name: 'c1', wire: 'VARCHAR' },
  ];
  const messages = schemaMessage(named).length;
  for (let end = messages + 1; end < bytes.length - 8; end += 7) {
    if (end - messages < 8) continue;
    expect(() => canonicalStream(named, [bytes.slice(0, end)])).toThrow(IpcError);
  }
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const damaged = bytes.slice();
      damaged[at] = (damaged[at] ?? 0) ^ flip;
      try {
        canonicalStream(named, [damaged]);
      } catch (error) {
        expect((error as Error).name).toBe('IpcError');
      }
    }),
  );
});
