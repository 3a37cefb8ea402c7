import { beforeEach, expect, test } from 'vitest';
import type { Slot } from './slot.ts';
import { bootedSlot, chunksInput, rowsOfOutcome, type TestColumnChunks, taskOf } from './testing/tasks.ts';

let slot: Slot;
beforeEach(async () => {
  slot = await bootedSlot(64 * 1024 * 1024);
});

const column = (ordinal: number, from: number): TestColumnChunks => ({
  ordinal,
  type: 'INTEGER',
  chunks: [
    [from, from + 1],
    [from + 2, null],
  ],
});

test('the second query loads nothing; a column asked for later comes as a second group', async () => {
  const a = column(0, 10);
  const b = column(4, 20);
  const first = await slot.run(taskOf('SELECT sum(c0)::BIGINT FROM in0', ['BIGINT'], [chunksInput('k', [a])]));
  expect(rowsOfOutcome(first)).toEqual([[33n]]);
  expect(first.residents).toEqual([{ residentKey: 'k', ordinals: [0] }]);
  expect(first.costs.loadedBytes).toBeGreaterThan(0);

  const warm = await slot.run(taskOf('SELECT max(c0) FROM in0', ['INTEGER'], [chunksInput('k', [a], [])]));
  expect(rowsOfOutcome(warm)).toEqual([[12]]);
  expect(warm.costs.loadedBytes).toBe(0);
  expect(warm.residents).toEqual([]);

  const both = await slot.run(
    taskOf('SELECT c4, c0 FROM in0 WHERE c0 > 10', ['INTEGER', 'INTEGER'], [chunksInput('k', [a, b], [4])]),
  );
  expect(rowsOfOutcome(both)).toEqual([
    [21, 11],
    [22, 12],
  ]);
  expect(both.residents).toEqual([{ residentKey: 'k', ordinals: [0, 4] }]);

  const either = await slot.run(taskOf('SELECT count(c4) FROM in0', ['BIGINT'], [chunksInput('k', [b], [])]));
  expect(rowsOfOutcome(either)).toEqual([[3n]]);
});

test('groups that are joined often become one table, with the same rows', async () => {
  const [a, b] = [column(0, 10), column(4, 20)];
  await slot.run(taskOf('SELECT c0 FROM in0', ['INTEGER'], [chunksInput('k', [a])]));
  await slot.run(taskOf('SELECT c4 FROM in0', ['INTEGER'], [chunksInput('k', [b])]));
  const plans = new Set<string>();
  for (let i = 0; i < 12; i++) {
    const both = await slot.run(taskOf('SELECT c4, c0 FROM in0', ['INTEGER', 'INTEGER'], [chunksInput('k', [b, a], [])]));
    expect(rowsOfOutcome(both)).toEqual([
      [20, 10],
      [21, 11],
      [22, 12],
      [null, null],
    ]);
    const tables = await slot.run(taskOf('SELECT count(*) FROM duckdb_tables()', ['BIGINT']));
    plans.add(String(rowsOfOutcome(tables)));
  }
  expect([...plans]).toEqual(['2', '1']);
});

test('columns that are neither resident nor given are named, and nothing is loaded', async () => {
  const task = taskOf('SELECT c0 FROM in0', ['INTEGER'], [chunksInput('k', [column(0, 1), column(2, 5)], [2])]);
  expect(await slot.run(task)).toMatchObject({ kind: 'lacking', inputs: [{ input: 0, ordinals: [0] }], residents: [] });
});

test('dropping residents is reported, and the next task says what it lacks', async () => {
  await slot.run(taskOf('SELECT c0 FROM in0', ['INTEGER'], [chunksInput('k', [column(0, 1)])]));
  expect(await slot.dropResidents()).toEqual([{ residentKey: 'k', ordinals: [] }]);
  const next = await slot.run(taskOf('SELECT c0 FROM in0', ['INTEGER'], [chunksInput('k', [column(0, 1)], [])]));
  expect(next.kind).toBe('lacking');
});

test('the least recently used run goes when there is no room, never one that the task reads', async () => {
  const big = (): TestColumnChunks => ({
    ordinal: 0,
    type: 'BIGINT',
    chunks: [Array.from({ length: 100_000 }, (_, i) => BigInt(i))],
  });
  // 40 % of 32 MiB hold 16 runs of 0.8 MB.
  const small = await bootedSlot(32 * 1024 * 1024);
  const changes: string[] = [];
  for (let i = 0; i < 19; i++) {
    const outcome = await small.run(taskOf('SELECT count(c0) FROM in0', ['BIGINT'], [chunksInput(`run${i}`, [big()])]));
    expect(rowsOfOutcome(outcome)).toEqual([[100_000n]]);
    if (i === 10) await small.run(taskOf('SELECT count(c0) FROM in0', ['BIGINT'], [chunksInput('run0', [big()], [])]));
    changes.push(...outcome.residents.filter((r) => r.ordinals.length === 0).map((r) => r.residentKey));
  }
  expect(changes[0]).toBe('run1');
  expect(changes).not.toContain('run0');
});

test('a run larger than the share is used and not kept', async () => {
  const small = await bootedSlot(16 * 1024 * 1024);
  const values = Array.from({ length: 400_000 }, (_, i) => `row ${i} with some text`);
  const chunks = [0, 1, 2, 3].map((k) => values.slice(k * 100_000, (k + 1) * 100_000));
  const outcome = await small.run(
    taskOf('SELECT count(c0) FROM in0', ['BIGINT'], [chunksInput('big', [{ ordinal: 0, type: 'VARCHAR', chunks }])]),
  );
  if (outcome.kind === 'failed') expect(outcome.failure.code).toBe('memory-limit');
  else expect(rowsOfOutcome(outcome)).toEqual([[400_000n]]);
  expect(outcome.residents).toEqual([]);
});
