import { beforeAll, expect, test } from 'vitest';
import { parseStream } from '../../shared/arrow/ipc.ts';
import { streamOf } from '../../shared/arrow/testing.ts';
import { digestOf, digestOfList } from '../../shared/hash.ts';
import type { Slot } from './slot.ts';
import { bootedSlot, chunksInput, rowsOfOutcome, slicesInput, taskOf } from './testing/tasks.ts';

let slot: Slot;
beforeAll(async () => {
  slot = await bootedSlot();
});

test('a task makes a canonical stream with its digests', async () => {
  const input = slicesInput(['INTEGER'], [streamOf([{ wire: 'INTEGER', values: [1, null, 3] }])]);
  const outcome = await slot.run(taskOf('SELECT c0 + 1 AS x FROM in0', ['INTEGER'], [input]));
  expect(rowsOfOutcome(outcome)).toEqual([[2], [null], [4]]);
  if (outcome.kind !== 'succeeded') return;
  const [stream] = outcome.streams;
  expect(stream).toEqual(streamOf([{ wire: 'INTEGER', values: [2, null, 4] }]));
  const digest = digestOf(stream as Uint8Array);
  expect(outcome.buckets).toEqual([{ rows: 3, bytes: stream?.length, digest }]);
  expect(outcome.digest).toBe(digestOfList([digest]));
  expect(outcome.costs.loadedBytes).toBe(input.spec.kind === 'slices' ? input.spec.slices[0]?.bytes : 0);
});

/** Every wire type: values that go in must come out the same, through a resident table and through a stage input. */
const TYPES: readonly (readonly [type: string, values: readonly unknown[]])[] = [
  ['BOOLEAN', [true, false, null]],
  ['TINYINT', [-128, 127, null]],
  ['SMALLINT', [-32768, 32767, null]],
  ['INTEGER', [-2147483648, 2147483647, null]],
  ['BIGINT', [-(2n ** 63n), 2n ** 63n - 1n, null]],
  ['UTINYINT', [0, 255, null]],
  ['USMALLINT', [0, 65535, null]],
  ['UINTEGER', [0, 4294967295, null]],
  ['UBIGINT', [0n, 2n ** 64n - 1n, null]],
  ['HUGEINT', [`-${'9'.repeat(38)}`, '9'.repeat(38), null]],
  ['FLOAT', [1.5, Number.NaN, null]],
  ['DOUBLE', [-0.1, Number.POSITIVE_INFINITY, null]],
  ['DECIMAL(4,1)', ['-999.9', '0.1', null]],
  ['DECIMAL(9,2)', ['-1.50', '9999999.99', null]],
  ['DECIMAL(18,3)', ['-1.500', '9.999', null]],
  ['DECIMAL(38,10)', ['-1.5000000000', `${'9'.repeat(28)}.0000000001`, null]],
  ['VARCHAR', ['', 'längeres als zwölf Zeichen ✓', null]],
  ['BLOB', [Uint8Array.of(), Uint8Array.of(0, 255, 0), null]],
  ['DATE', [-1, 20_000, null]],
  ['TIME', [0n, 86_399_999_999n, null]],
  ['TIME_NS', [1n, 86_399_999_999_999n, null]],
  ['TIMESTAMP', [-1n, 1_700_000_000_000_001n, null]],
  ['TIMESTAMP_MS', [-1000n, 1_700_000_000_000_000n, null]],
  ['TIMESTAMP_NS', [-1n, 1_700_000_000_000_000_001n, null]],
  ['TIMESTAMP WITH TIME ZONE', [-1n, 1_700_000_000_000_001n, null]],
  ['INTERVAL', [{ months: -1, days: 2, nanos: 3000n }, { months: 0, days: 0, nanos: 0n }, null]],
  ["ENUM('a', 'b')", ['a', 'b', null]],
  ['UUID', ['123e4567-e89b-12d3-a456-426614174000', '00000000-0000-0000-0000-000000000000', null]],
  ['INTEGER[]', [[1, null], [], null]],
  ['VARCHAR[][]', [[['a', null], null, []], [], null]],
  ['BOOLEAN[2]', [[true, null], [false, false], null]],
  ['STRUCT(a INTEGER, "b c" VARCHAR[])', [{ a: 1, 'b c': ['x'] }, { a: null, 'b c': null }, null]],
  ['MAP(VARCHAR, INTEGER[])', [[['k', [1, null]]], [], null]],
  ['INTERVAL[]', [[{ months: 1, days: 0, nanos: 0n }], [null], null]],
  ['TIMESTAMP WITH TIME ZONE[]', [[1n], [null], null]],
];

test.each(TYPES)('%s goes through a slot unchanged', async (type, values) => {
  const chunks = chunksInput(`type/${type}`, [{ ordinal: 3, type, chunks: [values, values.slice(1)] }]);
  const first = await slot.run(taskOf('SELECT c3 AS c0 FROM in0', [type], [chunks]));
  expect(rowsOfOutcome(first)).toEqual([...values, ...values.slice(1)].map((v) => [v]));
  if (first.kind !== 'succeeded') return;
  const again = await slot.run(taskOf('FROM in0', [type], [slicesInput([type], [...first.streams, ...first.streams])]));
  expect(rowsOfOutcome(again)).toHaveLength(10);
  const empty = await slot.run(taskOf('FROM in0 LIMIT 0', [type], [slicesInput([type], first.streams)]));
  expect(rowsOfOutcome(empty)).toEqual([]);
  if (empty.kind !== 'succeeded') return;
  const nothing = await slot.run(taskOf('FROM in0', [type], [slicesInput([type], empty.streams)]));
  expect(rowsOfOutcome(nothing)).toEqual([]);
});

test('no column of a run need be read, and a task need have no inputs', async () => {
  const base = chunksInput('none', [{ ordinal: 0, type: 'INTEGER', chunks: [[1, 2], [3]] }]);
  if (base.spec.kind !== 'chunks') return;
  const bare = {
    spec: { kind: 'chunks' as const, run: { ...base.spec.run, columns: [] } },
    given: { kind: 'chunks' as const, columns: [] },
  };
  expect(rowsOfOutcome(await slot.run(taskOf('SELECT count(*) FROM in0', ['BIGINT'], [bare])))).toEqual([[3n]]);
  expect(rowsOfOutcome(await slot.run(taskOf('SELECT 42', ['INTEGER'])))).toEqual([[42]]);
});

test('steps run in order, and leave nothing behind', async () => {
  const steps = [
    'CREATE TABLE kept AS SELECT range AS i FROM range(5)',
    'CREATE TEMP TABLE t AS FROM kept',
    'SELECT sum(i)::BIGINT FROM t',
  ];
  expect(rowsOfOutcome(await slot.run(taskOf(steps, ['BIGINT'])))).toEqual([[10n]]);
  expect(rowsOfOutcome(await slot.run(taskOf(steps, ['BIGINT'])))).toEqual([[10n]]);
  expect(await slot.run(taskOf('FROM kept', ['BIGINT']))).toMatchObject({ kind: 'failed', failure: { code: 'sql-invalid' } });
});

test('results are cut into batches of 122,880 rows', async () => {
  const outcome = await slot.run(taskOf('SELECT range::INTEGER FROM range(300000) WHERE range % 3 <> 0', ['INTEGER']));
  if (outcome.kind !== 'succeeded') throw new Error(JSON.stringify(outcome));
  expect(parseStream(outcome.streams[0] as Uint8Array).batches.map((b) => b.rows)).toEqual([122_880, 77_120]);
});

test('fresh engines with another history make the same bytes', async () => {
  const input = chunksInput('same', [
    { ordinal: 0, type: 'INTEGER', chunks: [Array.from({ length: 5000 }, (_, i) => (i % 7 === 0 ? null : i))] },
    { ordinal: 1, type: 'VARCHAR', chunks: [Array.from({ length: 5000 }, (_, i) => (i % 5 === 0 ? null : `v${i % 50}`))] },
  ]);
  const sql = 'SELECT c1, sum(c0)::BIGINT, avg(c0) / 3, list(c0) FROM in0 GROUP BY c1';
  const make = () => taskOf(sql, ['VARCHAR', 'BIGINT', 'DOUBLE', 'INTEGER[]'], [input]);
  const here = await slot.run(make());
  const other = await bootedSlot(64 * 1024 * 1024);
  const there = await other.run(make());
  expect(here.kind).toBe('succeeded');
  expect(here.kind === 'succeeded' && here.digest).toBe(there.kind === 'succeeded' && there.digest);
});
