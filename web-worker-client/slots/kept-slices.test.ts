/** Slices of cached relations that stay loaded. */
import { expect, test } from 'vitest';
import { streamOf } from '../../shared/arrow/testing.ts';
import type { Slot } from './slot.ts';
import { bootedSlot, rowsOfOutcome, slicesInput, type TestInput, taskOf } from './testing/tasks.ts';

const MiB = 1024 * 1024;

/** Two slices of two columns; `given: false`: nothing comes with the task. */
function kept(key: string, from: number, given = true): TestInput {
  const streams = [from, from + 2].map((n) =>
    streamOf([
      { name: 'c0', wire: 'INTEGER', values: [n, n + 1] },
      { name: 'c1', wire: 'VARCHAR', values: [`row ${n}`, null] },
    ]),
  );
  const input = slicesInput(['INTEGER', 'VARCHAR'], streams);
  if (input.spec.kind !== 'slices') throw new Error('slices were made');
  return { spec: { ...input.spec, residentKey: key }, given: given ? input.given : { kind: 'slices', slices: [] } };
}

const sums = (slot: Slot, input: TestInput) =>
  slot.run(taskOf('SELECT sum(c0)::BIGINT, max(c1) FROM in0', ['BIGINT', 'VARCHAR'], [input]));

test('the second task over them loads nothing and needs none of their bytes', async () => {
  const slot = await bootedSlot();
  const first = await sums(slot, kept('k', 10));
  expect(rowsOfOutcome(first)).toEqual([[46n, 'row 12']]);
  expect(first.residents).toEqual([{ residentKey: 'k', ordinals: [0, 1] }]);
  expect(first.costs.loadedBytes).toBeGreaterThan(0);
  const warm = await sums(slot, kept('k', 10, false));
  expect(rowsOfOutcome(warm)).toEqual([[46n, 'row 12']]);
  expect(warm.residents).toEqual([]);
  expect(warm.costs.loadedBytes).toBe(0);
  const other = await sums(slot, kept('other', 20));
  expect(rowsOfOutcome(other)).toEqual([[86n, 'row 22']]);
});

test('steps of several statements read the table, and leave it', async () => {
  const slot = await bootedSlot();
  const steps = ['CREATE TEMP TABLE twice AS SELECT c0 * 2 AS n FROM in0', 'SELECT sum(n)::BIGINT FROM twice'];
  expect(rowsOfOutcome(await slot.run(taskOf(steps, ['BIGINT'], [kept('k', 1)])))).toEqual([[20n]]);
  expect(rowsOfOutcome(await slot.run(taskOf(steps, ['BIGINT'], [kept('k', 1, false)])))).toEqual([[20n]]);
});

test('one that was dropped is lacking, and is loaded again', async () => {
  const slot = await bootedSlot();
  await sums(slot, kept('k', 1));
  expect(await slot.dropResidents()).toEqual([{ residentKey: 'k', ordinals: [] }]);
  expect(await sums(slot, kept('k', 1, false))).toMatchObject({ kind: 'lacking', inputs: [{ input: 0, ordinals: [0, 1] }] });
  const again = await sums(slot, kept('k', 1));
  expect(rowsOfOutcome(again)).toEqual([[10n, 'row 3']]);
  expect(again.residents).toEqual([{ residentKey: 'k', ordinals: [0, 1] }]);
});

test('those that are named are dropped behind the task that runs, and no others', async () => {
  const slot = await bootedSlot();
  await sums(slot, kept('k', 1));
  await sums(slot, kept('other', 20));
  const running = sums(slot, kept('k', 1, false));
  const dropped = slot.dropResidents(['k', 'unknown']);
  expect(rowsOfOutcome(await running)).toEqual([[10n, 'row 3']]);
  expect(await dropped).toEqual([{ residentKey: 'k', ordinals: [] }]);
  expect((await sums(slot, kept('k', 1, false))).kind).toBe('lacking');
  expect((await sums(slot, kept('other', 20, false))).kind).toBe('succeeded');
});

/** About 0.8 MB of rows. */
function big(key: string, rows = 100_000): TestInput {
  const values = Array.from({ length: rows }, (_, i) => BigInt(i));
  const input = slicesInput(['BIGINT'], [streamOf([{ name: 'c0', wire: 'BIGINT', values }])]);
  if (input.spec.kind !== 'slices') throw new Error('slices were made');
  return { ...input, spec: { ...input.spec, residentKey: key } };
}

test('where memory is short the least recently used goes', async () => {
  const slot = await bootedSlot(32 * MiB);
  const dropped: string[] = [];
  for (let i = 0; i < 19; i++) {
    const outcome = await slot.run(taskOf('SELECT count(c0) FROM in0', ['BIGINT'], [big(`k${i}`)]));
    expect(rowsOfOutcome(outcome)).toEqual([[100_000n]]);
    dropped.push(...outcome.residents.filter((change) => change.ordinals.length === 0).map((change) => change.residentKey));
  }
  expect(dropped.length).toBeGreaterThan(0);
  expect(dropped).toEqual(dropped.map((_, i) => `k${i}`));
});

test('one that is larger than the share is used and not kept, and what is kept stays', async () => {
  const slot = await bootedSlot(16 * MiB);
  await sums(slot, kept('small', 1));
  const outcome = await slot.run(taskOf('SELECT count(c0) FROM in0', ['BIGINT'], [big('big', 850_000)]));
  if (outcome.kind === 'failed') expect(outcome.failure.code).toBe('memory-limit');
  else expect(rowsOfOutcome(outcome)).toEqual([[850_000n]]);
  expect(outcome.residents.map((change) => change.residentKey)).not.toContain('big');
  if (outcome.kind === 'succeeded') expect(rowsOfOutcome(await sums(slot, kept('small', 1, false)))).toEqual([[10n, 'row 3']]);
});

test('bytes with another digest are refused, and nothing stays of them', async () => {
  const slot = await bootedSlot();
  const { spec, given } = kept('k', 1);
  if (given.kind !== 'slices') throw new Error('slices were made');
  for (const { bytes } of given.slices.slice(1)) bytes[bytes.length - 9] = (bytes[bytes.length - 9] ?? 0) ^ 1;
  const outcome = await sums(slot, { spec, given });
  expect(outcome).toMatchObject({ kind: 'failed', failure: { reason: 'input', code: 'slice-corrupt' }, residents: [] });
  const again = await sums(slot, kept('k', 1));
  expect(rowsOfOutcome(again)).toEqual([[10n, 'row 3']]);
});
