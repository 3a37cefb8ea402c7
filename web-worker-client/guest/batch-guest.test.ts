import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { Canonicaliser } from '../../shared/arrow/canonical.ts';
import { parseStream } from '../../shared/arrow/ipc.ts';
import { readSchema, type WireColumn } from '../../shared/arrow/schema.ts';
import { columnOf, rowsOf, streamOf } from '../../shared/arrow/testing.ts';
import { guest } from '../../shared/guest/testing/wat.ts';
import { digestOf, loadHashes } from '../../shared/hash.ts';
import { CData, emitting } from './testing/c-data.ts';
import { openBytes } from './testing/open.ts';

beforeAll(loadHashes);

/** Emits every batch as it came. */
const ECHO = guest({
  body: `(if (i32.eq (local.get $event) (i32.const 1))
    (then (call $emit (i32.const 0) (local.get $schema) (local.get $array)))) (i32.const 0)`,
});

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const orNull = (values: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> => fc.option(values, { freq: 3 });
const word = fc.string({ maxLength: 12, unit: 'grapheme' });

/** Every wire type. */
const TYPES: readonly (readonly [wire: string, values: fc.Arbitrary<unknown>])[] = [
  ['BOOLEAN', fc.boolean()],
  ['TINYINT', fc.integer({ min: -128, max: 127 })],
  ['UTINYINT', fc.nat(255)],
  ['SMALLINT', fc.integer({ min: -32768, max: 32767 })],
  ['USMALLINT', fc.nat(65535)],
  ['INTEGER', int32],
  ['UINTEGER', fc.nat(2 ** 31 - 1)],
  ['BIGINT', int64],
  ['UBIGINT', fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })],
  ['FLOAT', fc.float({ noNaN: true })],
  ['DOUBLE', fc.double({ noNaN: true })],
  ['DECIMAL(38,2)', fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }).map((n) => `${n}.25`)],
  ['DECIMAL(4,1)', fc.integer({ min: -99, max: 99 }).map((n) => `${n}.5`)],
  ['VARCHAR', word],
  ['BLOB', fc.uint8Array({ maxLength: 9 })],
  ['DATE', int32],
  ['TIME', int64],
  ['TIME_NS', int64],
  ['TIMESTAMP', int64],
  ['TIMESTAMP_NS', int64],
  ['TIMESTAMP WITH TIME ZONE', int64],
  ['INTERVAL', fc.record({ months: int32, days: int32, nanos: int64 })],
  ['INTEGER[]', fc.array(orNull(int32), { maxLength: 4 })],
  ['VARCHAR[][]', fc.array(orNull(fc.array(orNull(word), { maxLength: 3 })), { maxLength: 3 })],
  ['BOOLEAN[3]', fc.array(orNull(fc.boolean()), { minLength: 3, maxLength: 3 })],
  ['STRUCT("a" INTEGER, "b" VARCHAR)', fc.record({ a: orNull(int32), b: orNull(word) })],
  ['MAP(VARCHAR, BOOLEAN[2])', fc.array(fc.tuple(word, orNull(fc.tuple(fc.boolean(), fc.boolean()))), { maxLength: 3 })],
];

const table = fc
  .integer({ min: 1, max: 40 })
  .chain((rows) =>
    fc.tuple(
      ...TYPES.map(([wire, values]) =>
        fc.record({ wire: fc.constant(wire), values: fc.array(orNull(values), { minLength: rows, maxLength: rows }) }),
      ),
    ),
  );

test('B-31: every type goes in and comes out, byte for byte', async () => {
  await fc.assert(
    fc.asyncProperty(table, async (columns) => {
      const stream = streamOf(columns);
      const echo = await openBytes(ECHO, { outputs: [columns.map((c, i) => ({ name: `c${i}`, wire: c.wire }))] });
      const [out] = await echo.batch(stream);
      expect(out?.stream).toEqual(stream);
      expect(echo.close().log).toEqual([]);
    }),
    { numRuns: 40 },
  );
});

test('B-24: calls get at most 65,536 rows, cut at multiples of that within a record batch', async () => {
  const rows = 70_000;
  const values = Array.from({ length: rows }, (_, i) => (i % 3 === 0 ? null : i));
  const lists = values.map((v, i) => (i % 5 === 0 ? null : Array.from({ length: i % 3 }, () => v)));
  const stream = streamOf([
    { wire: 'INTEGER', values },
    { wire: 'INTEGER[]', values: lists },
    { wire: 'VARCHAR', values: values.map((v) => (v === null ? null : `${v}`)) },
    { wire: 'BOOLEAN', values: values.map((v) => (v === null ? null : v % 2 === 0)) },
  ]);
  const counting = guest({
    body: `(if (i32.eq (local.get $event) (i32.const 1)) (then
      (call $log (i32.const 1) (local.get $array) (i32.const 4))
      (call $emit (i32.const 0) (local.get $schema) (local.get $array)))) (i32.const 0)`,
  });
  const opened = await openBytes(counting);
  const [out] = await opened.batch(stream);
  expect(out?.rows).toBe(rows);
  expect(out !== undefined && digestOf(out.stream) === digestOf(stream)).toBe(true);
  expect(opened.close().log).toHaveLength(2);
});

/** A guest of hand-made structs; the values of its one column. */
async function emittedValues(data: CData, root: { schema: number; array: number }): Promise<unknown[]> {
  const opened = await openBytes(emitting(data, root));
  const [out] = await opened.endFinal();
  if (out === undefined) return [];
  expect(out.stream).toEqual(recanonical(out.stream));
  return rowsOf(out.stream).flat();
}

/** The same rows through the canonicaliser. */
function recanonical(stream: Uint8Array): Uint8Array {
  const rows = rowsOf(stream);
  const opened = streamColumns(stream);
  const canonical = new Canonicaliser(opened);
  canonical.addColumns(
    opened.map((c, i) =>
      columnOf(
        c.wire,
        rows.map((r) => r[i]),
      ),
    ),
    rows.length,
  );
  return canonical.finish().bytes;
}

function streamColumns(stream: Uint8Array): WireColumn[] {
  const { schema } = parseStream(stream);
  return schema === undefined ? [] : readSchema(schema);
}

test('B-36: slices: offsets of the root and of the column add up, bits begin anywhere', async () => {
  const data = new CData();
  const values = data.values(Int32Array.from({ length: 40 }, (_, i) => i));
  // Rows whose number is a multiple of 5 are NULL.
  const bits = Uint8Array.from({ length: 5 }, (_, byte) =>
    Array.from({ length: 8 }, (__, bit) => ((8 * byte + bit) % 5 === 0 ? 0 : 1 << bit)).reduce((a, b) => a + b, 0),
  );
  const array = data.array({ length: 20, offset: 7, buffers: [data.bytes(bits), values] });
  const root = data.root(data.schema({ format: 'i' }), array, 10, 3);
  const expected = Array.from({ length: 10 }, (_, i) => ((i + 10) % 5 === 0 ? null : i + 10));
  expect(await emittedValues(data, root)).toEqual(expected);
});

test('B-36: sliced booleans, strings, lists, arrays and structs', async () => {
  const data = new CData();
  const bools = data.array({ length: 10, offset: 3, buffers: [0, data.bytes([0b10101100, 0b00000011])] });
  expect(await emittedValues(data, data.root(data.schema({ format: 'b' }), bools, 5, 1))).toEqual([
    false,
    true,
    false,
    true,
    true,
  ]);

  const text = new CData();
  const offsets = text.values(Int32Array.of(2, 2, 5, 6, 8));
  const strings = text.array({ length: 3, offset: 1, buffers: [0, offsets, text.bytes(new TextEncoder().encode('--abcdeé'))] });
  expect(await emittedValues(text, text.root(text.schema({ format: 'u' }), strings, 2, 0))).toEqual(['abc', 'd']);

  const list = new CData();
  const elements = list.array({ length: 6, offset: 2, buffers: [0, list.values(Float64Array.of(9, 9, 0, 1, 2, 3, 4, 5))] });
  const lists = list.array({ length: 3, buffers: [0, list.values(Int32Array.of(1, 3, 3, 6))], children: [elements] });
  const listOf = list.schema({ format: '+l', children: [list.schema({ format: 'g' })] });
  expect(await emittedValues(list, list.root(listOf, lists, 2, 1))).toEqual([[], [3, 4, 5]]);

  const pairs = new CData();
  const numbers = pairs.array({ length: 8, buffers: [0, pairs.bytes([0, 1, 2, 3, 4, 5, 6, 7])] });
  const arrays = pairs.array({ length: 3, offset: 1, buffers: [0], children: [numbers] });
  const pairOf = pairs.schema({ format: '+w:2', children: [pairs.schema({ format: 'C' })] });
  expect(await emittedValues(pairs, pairs.root(pairOf, arrays, 2, 1))).toEqual([
    [4, 5],
    [6, 7],
  ]);

  const struct = new CData();
  const field = struct.array({ length: 5, offset: 1, buffers: [0, struct.bytes([0, 10, 20, 30, 40, 50])] });
  const structs = struct.array({ length: 2, offset: 1, buffers: [0], children: [field] });
  const structOf = struct.schema({ format: '+s', children: [struct.schema({ format: 'c', name: 'a' })] });
  expect(await emittedValues(struct, struct.root(structOf, structs, 2))).toEqual([{ a: 20 }, { a: 30 }]);
});

test('B-36: dictionaries are expanded; NULL indices and NULL values are NULL', async () => {
  const data = new CData();
  const words = data.array({
    length: 3,
    buffers: [data.bytes([0b101]), data.values(Int32Array.of(0, 2, 2, 5)), data.bytes(new TextEncoder().encode('abxyz'))],
  });
  const indices = data.array({ length: 5, buffers: [data.bytes([0b10111]), data.bytes([2, 0, 1, 99, 2])], dictionary: words });
  const schema = data.schema({ format: 'c', dictionary: data.schema({ format: 'u' }) });
  expect(await emittedValues(data, data.root(schema, indices, 5))).toEqual(['xyz', 'ab', null, null, 'xyz']);

  const numbers = new CData();
  const values = numbers.array({ length: 2, buffers: [0, numbers.values(Float64Array.of(1.5, -2))] });
  const wide = numbers.array({ length: 2, buffers: [0, numbers.values(BigInt64Array.of(1n, 0n))], dictionary: values });
  const encoded = numbers.schema({ format: 'l', dictionary: numbers.schema({ format: 'g' }) });
  expect(await emittedValues(numbers, numbers.root(encoded, wide, 2))).toEqual([-2, 1.5]);
});

test('B-31: large offsets, fixed binary and the null type become types that travel', async () => {
  const large = new CData();
  const strings = large.array({ length: 2, buffers: [0, large.values(BigInt64Array.of(0n, 1n, 3n)), large.bytes([97, 98, 99])] });
  expect(await emittedValues(large, large.root(large.schema({ format: 'U' }), strings, 2))).toEqual(['a', 'bc']);
  const fixed = new CData();
  const blobs = fixed.array({ length: 2, buffers: [0, fixed.bytes([1, 2, 3, 4, 5, 6])] });
  expect(await emittedValues(fixed, fixed.root(fixed.schema({ format: 'w:3' }), blobs, 2))).toEqual([
    Uint8Array.of(1, 2, 3),
    Uint8Array.of(4, 5, 6),
  ]);
  const none = new CData();
  expect(await emittedValues(none, none.root(none.schema({ format: 'n' }), none.array({ length: 2, buffers: [] }), 2))).toEqual([
    null,
    null,
  ]);
});

test('B-38: every NaN comes out as the same bits, NULL slots as zero', async () => {
  const data = new CData();
  const values = new BigUint64Array([
    0x7ff8000000000000n,
    0xfff8000000000000n,
    0x7ff0000000000001n,
    0xdeadbeefn,
    0x3ff0000000000000n,
  ]);
  const array = data.array({ length: 5, buffers: [data.bytes([0b10111]), data.values(values)] });
  const opened = await openBytes(emitting(data, data.root(data.schema({ format: 'g' }), array, 5)));
  const stream = (await opened.endFinal())[0]?.stream ?? new Uint8Array();
  const { batches } = parseStream(stream);
  const at = batches[0]?.buffers[2] ?? 0;
  expect([...new BigUint64Array(stream.slice(at, at + 40).buffer)]).toEqual([
    0x7ff8000000000000n,
    0x7ff8000000000000n,
    0x7ff8000000000000n,
    0n,
    0x3ff0000000000000n,
  ]);
});

test('B-37: misaligned and overlapping buffers are read as they stand', async () => {
  const data = new CData();
  const at = data.values(Float64Array.of(1, 2, 3), 8, 1);
  expect(
    await emittedValues(data, data.root(data.schema({ format: 'g' }), data.array({ length: 3, buffers: [0, at] }), 3)),
  ).toEqual([1, 2, 3]);
  const texts = new CData();
  const offsets = texts.values(Int32Array.of(0, 1, 4), 8, 3);
  const strings = texts.array({ length: 2, buffers: [0, offsets, texts.bytes([120, 0xe2, 0x82, 0xac])] });
  expect(await emittedValues(texts, texts.root(texts.schema({ format: 'u' }), strings, 2))).toEqual(['x', '€']);
});

test('B-40: ports, and batches that follow with the schema of the first', async () => {
  const bytes = guest({
    body: `(if (i32.eq (local.get $event) (i32.const 1)) (then
      (call $emit (i32.const 2) (local.get $schema) (local.get $array))
      (call $emit (i32.const 0) (local.get $schema) (local.get $array))
      (call $emit (i32.const 2) (i32.const 0) (local.get $array)))) (i32.const 0)`,
  });
  const columns = [{ name: 'n', wire: 'INTEGER' }];
  const opened = await openBytes(bytes, { outputs: [columns, columns, columns] });
  const out = await opened.batch(streamOf([{ wire: 'INTEGER', values: [1, 2] }]));
  expect(out.map((o) => [o.port, o.rows, streamColumns(o.stream)])).toEqual([
    [0, 2, columns],
    [2, 4, columns],
  ]);
});

test('B-20 to B-23: events in their order, sides before batches, an empty side is announced', async () => {
  const bytes = guest({
    body: `(i32.store8 (i32.const 100) (i32.add (local.get $event) (i32.const 48)))
      (if (local.get $array) (then (i32.store8 (i32.const 101) (i32.add (i32.load8_u (local.get $array)) (i32.const 48))))
        (else (i32.store8 (i32.const 101) (i32.const 45))))
      (call $log (i32.const 1) (i32.const 100) (i32.const 2)) (i32.const 0)`,
  });
  const rows = (...values: readonly number[]): Uint8Array => streamOf([{ wire: 'INTEGER', values }]);
  const opened = await openBytes(bytes, { sides: [[rows(1), rows(2, 3)], [rows()]], params: { k: 'x' } });
  await opened.batch(rows(1, 2, 3));
  await opened.batch(rows());
  await opened.merge(rows(4));
  await opened.endPartial();
  await opened.endFinal();
  // Event and rows: `@` is 16, `A` 17; no batch has no call.
  expect(opened.close().log.map((l) => l.text)).toEqual(['01', '@1', '@2', 'A0', '13', '21', '3-', '4-']);
});

test('B-22: parameters, seed and partition are the row of OPEN', async () => {
  const bytes = guest({
    body: `(if (i32.eqz (local.get $event)) (then
      (global.set $s (local.get $schema)) (global.set $a (local.get $array))))
      (if (i32.eq (local.get $event) (i32.const 4)) (then
        (call $emit (i32.const 0) (global.get $s) (global.get $a)))) (i32.const 0)`,
    more: '(global $s (mut i32) (i32.const 0)) (global $a (mut i32) (i32.const 0))',
  });
  const params = { text: 'é', flags: [true, false], n: 1.5, none: [], words: ['a', 'b'] };
  const opened = await openBytes(bytes, { params, seed: 2n ** 63n + 5n, partition: 3 });
  const stream = (await opened.endFinal())[0]?.stream ?? new Uint8Array();
  expect(streamColumns(stream).map((c) => `${c.name} ${c.wire}`)).toEqual([
    'flags BOOLEAN[]',
    'n DOUBLE',
    'none DOUBLE[]',
    'text VARCHAR',
    'words VARCHAR[]',
    '$seed BIGINT',
    '$partition INTEGER',
  ]);
  expect(rowsOf(stream)).toEqual([[[true, false], 1.5, [], 'é', ['a', 'b'], -(2n ** 63n) + 5n, 3]]);
  await expect(openBytes(bytes, { params: { $seed: 1 } })).rejects.toThrow('keeps for itself');
  await expect(openBytes(bytes, { params: { a: [1, 'b'] as unknown as number[] } })).rejects.toThrow('several types');
});
