import { beforeAll, expect, test } from 'vitest';
import { namedByPosition } from '../../shared/arrow/canonical.ts';
import { ReferenceSplitter } from '../../shared/arrow/split.ts';
import { rowsOf, streamOf } from '../../shared/arrow/testing.ts';
import { digestOf, digestOfList } from '../../shared/hash.ts';
import type { OutputPartitioning } from '../../shared/plan/recipe.ts';
import type { Slot } from './slot.ts';
import { bootedSlot, planColumn, slicesInput, taskOf } from './testing/tasks.ts';

let slot: Slot;
beforeAll(async () => {
  slot = await bootedSlot();
});

async function split(sql: string, columns: readonly string[], partitioning: OutputPartitioning) {
  const outcome = await slot.run(taskOf(sql, columns, [], { output: { columns: columns.map(planColumn), partitioning } }));
  if (outcome.kind !== 'succeeded') throw new Error(JSON.stringify(outcome));
  return outcome;
}

test('a task makes one stream per bucket, with rows, bytes and digests', async () => {
  const types = ['BIGINT', 'VARCHAR', 'DECIMAL(18,2)'];
  const sql = `SELECT CASE WHEN range % 7 > 0 THEN range % 50 END, 'name ' || range, (range / 100)::DECIMAL(18,2) FROM range(10000)`;
  const by: OutputPartitioning = { kind: 'hash', keys: [0], count: 16 };
  const outcome = await split(sql, types, by);
  const whole = await split(sql, types, { kind: 'single' });
  const reference = new ReferenceSplitter(namedByPosition(types), by);
  for (const stream of whole.streams) reference.addPiece(stream);
  const expected = reference.finish();
  expect(outcome.streams).toEqual(expected.map((s) => s.bytes));
  const digests = expected.map((s) => digestOf(s.bytes));
  expect(outcome.buckets).toEqual(expected.map((s, i) => ({ rows: s.rows, bytes: s.bytes.length, digest: digests[i] })));
  expect(outcome.digest).toBe(digestOfList(digests));
  expect(outcome.buckets.reduce((sum, b) => sum + b.rows, 0)).toBe(10_000);
});

test('by range, the last column says the bucket and is not stored', async () => {
  const outcome = await split('SELECT range, (range // 4)::INTEGER FROM range(10)', ['BIGINT'], { kind: 'range', count: 4 });
  expect(outcome.streams.map((s) => rowsOf(s).flat())).toEqual([[0n, 1n, 2n, 3n], [4n, 5n, 6n, 7n], [8n, 9n], []]);
});

test('rows that the slot sorts itself are those that the engine sorts, in the same block', async () => {
  const types = ['BIGINT', 'DECIMAL(18,2)'];
  const rows = `SELECT range AS a, (hash(range) % 100 / 100)::DECIMAL(18,2) AS b, CASE WHEN range % 5 > 0 THEN -(range % 11)::INTEGER END AS k FROM range(200000)`;
  const sql = `SELECT a AS c0, b AS c1 FROM (${rows}) ORDER BY k DESC NULLS LAST, b, a`;
  const keys = [
    { column: 2, descending: true, nullsFirst: false },
    { column: 1, descending: false, nullsFirst: false },
    { column: 0, descending: false, nullsFirst: false },
  ];
  const unsorted = { sql: `SELECT a AS c0, b AS c1, k AS c2 FROM (${rows})`, extra: ['INTEGER'], keys };
  const [engine, own] = [
    await slot.run(taskOf(sql, types)),
    await slot.run(taskOf([{ kind: 'sql', sql: 'SELECT 1 / 0 FROM nowhere', unsorted }], types)),
  ];
  expect(own).toMatchObject({ kind: 'succeeded', buckets: [{ rows: 200_000 }] });
  if (engine.kind === 'succeeded' && own.kind === 'succeeded') expect(own.digest).toBe(engine.digest);
});

test('a bucket that does not exist is the error of the fragment', async () => {
  const columns = [planColumn('BIGINT')];
  const output = { columns, partitioning: { kind: 'range' as const, count: 2 } };
  const outcome = await slot.run(taskOf('SELECT range, 2::INTEGER FROM range(1)', ['BIGINT'], [], { output }));
  expect(outcome).toMatchObject({ kind: 'failed', failure: { reason: 'author', code: 'output-type' }, broken: false });
});

test('buckets of several tasks are read back as one input', async () => {
  const by: OutputPartitioning = { kind: 'hash', keys: [0], count: 4 };
  const parts = [
    await split('SELECT range FROM range(1000)', ['BIGINT'], by),
    await split('SELECT range FROM range(500, 1500)', ['BIGINT'], by),
  ];
  const streams = parts.flatMap((p) => p.streams.slice(2, 3));
  const input = slicesInput(['BIGINT'], [...streams, streamOf([{ wire: 'BIGINT', values: [] }])]);
  const outcome = await slot.run(
    taskOf('SELECT count(*) = 2 * count(DISTINCT c0) FROM in0 WHERE c0 BETWEEN 500 AND 999', ['BOOLEAN'], [input]),
  );
  if (outcome.kind !== 'succeeded') throw new Error(JSON.stringify(outcome));
  expect(outcome.streams.flatMap(rowsOf)).toEqual([[true]]);
});
