import { beforeAll, expect, test } from 'vitest';
import { parseStream } from '../../shared/arrow/ipc.ts';
import { streamOf } from '../../shared/arrow/testing.ts';
import { literalRows } from './literal-rows.ts';
import type { Slot } from './slot.ts';
import { bootedSlot, rowsOfOutcome, slicesInput, taskOf } from './testing/tasks.ts';

let slot: Slot;
beforeAll(async () => {
  slot = await bootedSlot();
});

/** Wire types that have literals, with the values where text might lose something. */
const EXACT: readonly (readonly [wire: string, values: readonly unknown[]])[] = [
  ['BOOLEAN', [true, false, null]],
  ['TINYINT', [-128, 127, null]],
  ['UTINYINT', [0, 255, null]],
  ['SMALLINT', [-32768, 32767, null]],
  ['USMALLINT', [0, 65535, null]],
  ['INTEGER', [-2147483648, 2147483647, null]],
  ['UINTEGER', [0, 4294967295, null]],
  ['BIGINT', [-(2n ** 63n), 2n ** 63n - 1n, null]],
  ['UBIGINT', [0n, 2n ** 64n - 1n, null]],
  ['FLOAT', [Math.fround(0.1), -0, 1.401298464324817e-45, 3.4028234663852886e38, Number.POSITIVE_INFINITY, null]],
  ['DOUBLE', [0.1, 1 / 3, -0, 5e-324, -1.7976931348623157e308, 1e21, Number.NEGATIVE_INFINITY, null]],
  ['DECIMAL(4,1)', ['-999.9', '0.0', '0.1', null]],
  ['DECIMAL(18,3)', ['-1.500', '999999999999999.999', null]],
  ['DECIMAL(38,0)', [`-${'9'.repeat(38)}`, '9'.repeat(38), null]],
  ['DECIMAL(38,10)', ['-0.0000000001', `${'9'.repeat(28)}.0000000001`, null]],
  ['VARCHAR', ['', "it's", '\ufeffmark', 'a\nb\\n', '✓ 𝄞', "'; DROP TABLE t0; --", null]],
  ['DATE', [-719_163, -1, 0, 20_000, 999_999, null]],
  ['TIMESTAMP', [-62_135_596_800_000_000n, -1n, 1_700_000_000_000_001n, 99_999_999_999_999_999n, null]],
];

test.each(EXACT)('%s comes out of a VALUES list as it went in', async (wire, values) => {
  const stream = streamOf([{ wire, values }]);
  expect(literalRows([parseStream(stream)], [wire])).toMatch(/^SELECT c0 FROM \(VALUES/);
  const task = taskOf(`SELECT c0, typeof(c0) FROM in0`, [wire, 'VARCHAR'], [slicesInput([wire], [stream, stream])]);
  const expected = [...values, ...values].map((value) => [value, wire]);
  expect(rowsOfOutcome(await slot.run(task))).toEqual(expected);
});

test.each([
  ['DOUBLE', [Number.NaN]],
  ['VARCHAR', ['a\0b']],
  ['DATE', [2_147_483_647]],
  ['TIMESTAMP', [2n ** 63n - 1n]],
  ['BLOB', [Uint8Array.of(1)]],
  ['INTEGER[]', [[1]]],
  ['TIMESTAMP WITH TIME ZONE', [1n]],
])('%s that has no exact literal goes into a table, and comes out the same', async (wire, values) => {
  const stream = streamOf([{ wire, values }]);
  expect(literalRows([parseStream(stream)], [wire])).toBeUndefined();
  const outcome = await slot.run(taskOf('SELECT c0 FROM in0', [wire], [slicesInput([wire], [stream])]));
  expect(rowsOfOutcome(outcome)).toEqual(values.map((value) => [value]));
});

test('columns of several kinds, rows in the order of their streams; many rows are a table', async () => {
  const wires = ['INTEGER', 'VARCHAR'];
  const streams = [
    [1, 'a'],
    [2, null],
    [null, 'c'],
  ].map(([i, s]) =>
    streamOf([
      { wire: 'INTEGER', values: [i] },
      { wire: 'VARCHAR', values: [s] },
    ]),
  );
  const outcome = await slot.run(taskOf('SELECT c1, c0 FROM in0', ['VARCHAR', 'INTEGER'], [slicesInput(wires, streams)]));
  expect(rowsOfOutcome(outcome)).toEqual([
    ['a', 1],
    [null, 2],
    ['c', null],
  ]);
  const many = Array.from({ length: 600 }, (_, i) => i);
  const large = streamOf([{ wire: 'INTEGER', values: many }]);
  expect(literalRows([parseStream(large)], ['INTEGER'])).toBeUndefined();
  const all = await slot.run(taskOf('SELECT c0 FROM in0', ['INTEGER'], [slicesInput(['INTEGER'], [large])]));
  expect(rowsOfOutcome(all)).toEqual(many.map((i) => [i]));
});
