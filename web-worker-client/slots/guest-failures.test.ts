/** Guests that fail: each with a clear error, and the slot goes on as it was. */
import { beforeAll, expect, test } from 'vitest';
import { compileGuestSource } from '../../guest/assemblyscript/testing/compile.ts';
import { guest } from '../../shared/guest/testing/wat.ts';
import type { SlotInput } from './api.ts';
import type { Slot } from './slot.ts';
import { batch, failureOf, SQUARE } from './testing/guests.ts';
import { bootedSlot, moduleInput, rowsOfOutcome, type TestInput, taskOf } from './testing/tasks.ts';

let slot: Slot;
const modules = new Map<string, Uint8Array>();

beforeAll(async () => {
  slot = await bootedSlot();
  for (const name of ['map', 'filter']) modules.set(name, await compileGuestSource(`examples/${name}.ts`));
});

const example = (name: string): TestInput => moduleInput(modules.get(name) ?? new Uint8Array());

const run = (bytes: Uint8Array, more: Parameters<typeof taskOf>[3] = {}) => {
  const bad = { ...SQUARE('SELECT range::DOUBLE FROM range(100000)'), code: batch('f') };
  return slot.run(taskOf([bad, 'FROM s0'], ['DOUBLE', 'DOUBLE'], [moduleInput(bytes)], more));
};
const alive = async () => {
  const steps = [SQUARE('SELECT 2::DOUBLE'), 'SELECT c1 FROM s0'];
  expect(rowsOfOutcome(await slot.run(taskOf(steps, ['DOUBLE'], [example('map')])))).toEqual([[4]]);
  expect(
    rowsOfOutcome(await slot.run(taskOf("SELECT count(*) FROM duckdb_tables() WHERE table_name LIKE 't%'", ['BIGINT']))),
  ).toEqual([[0n]]);
};

test('fail is the author’s error', async () => {
  const bytes = guest({
    body: '(call $fail (i32.const 200) (i32.const 4)) (i32.const 0)',
    more: '(data (i32.const 200) "oops")',
  });
  expect(failureOf(await run(bytes))).toMatchObject({
    reason: 'author',
    code: 'guest-fail',
    message: 'oops',
    step: 0,
    broken: false,
  });
  await alive();
});

test('a memory bomb is a resource error, and the slot’s thread is replaced', async () => {
  const body =
    '(loop $more (if (i32.eq (i32.const -1) (memory.grow (i32.const 16))) (then (unreachable))) (br $more)) (i32.const 0)';
  const failure = failureOf(await run(guest({ body, memory: '4 1024' })));
  expect(failure).toMatchObject({ reason: 'resource', code: 'guest-memory', broken: true });
  await alive();
});

test('endless recursion', async () => {
  const bytes = guest({ body: '(call $again)', more: '(func $again (result i32) (i32.add (i32.const 1) (call $again)))' });
  expect(failureOf(await run(bytes))).toMatchObject({ reason: 'resource', code: 'guest-stack', broken: true });
  await alive();
});

test('past the deadline, a guest that calls its host', async () => {
  const body = '(loop $on (call $progress (f64.const 0.5)) (br $on)) (i32.const 0)';
  expect(failureOf(await run(guest({ body }), { maxRunMs: 300 }))).toMatchObject({ reason: 'deadline' });
  await alive();
});

test('a module that is not admitted, and one that is not what was promised', async () => {
  const forbidden = guest({ imports: '(import "env" "fetch" (func $fetch))', body: '(call $fetch) (i32.const 0)' });
  expect(failureOf(await run(forbidden))).toMatchObject({ reason: 'author', code: 'guest-module' });
  const { spec } = example('map');
  const { given } = example('filter');
  const swapped = await slot.run(taskOf([SQUARE('SELECT 2.5::DOUBLE')], ['DOUBLE', 'DOUBLE'], [{ spec, given }]));
  // Compiled under this digest before: what came with the task is not looked at.
  expect(rowsOfOutcome(swapped)).toEqual([[2.5, 6.25]]);
  const fresh = await bootedSlot();
  const refused = await fresh.run(taskOf([SQUARE('SELECT 2.5::DOUBLE')], ['DOUBLE', 'DOUBLE'], [{ spec, given }]));
  expect(failureOf(refused)).toMatchObject({ reason: 'input', code: 'slice-corrupt' });
  await alive();
});

test('a module that was compiled need not come again; one that was not is asked for', async () => {
  const { spec, given } = example('map');
  const task = (slices: SlotInput) => taskOf([SQUARE('SELECT 3::DOUBLE')], ['DOUBLE', 'DOUBLE'], [{ spec, given: slices }]);
  const none: SlotInput = { kind: 'module', slices: [] };
  const fresh = await bootedSlot();
  expect(await fresh.run(task(none))).toMatchObject({ kind: 'lacking', inputs: [{ input: 0, ordinals: [] }] });
  expect(rowsOfOutcome(await fresh.run(task(given)))).toEqual([[3, 9]]);
  expect(rowsOfOutcome(await fresh.run(task(none)))).toEqual([[3, 9]]);
});

test('an SQL error in a guest’s rows is the author’s', async () => {
  const outcome = await slot.run(taskOf([SQUARE("SELECT error('in the rows')")], ['DOUBLE', 'DOUBLE'], [example('map')]));
  expect(failureOf(outcome)).toMatchObject({ reason: 'author', code: 'sql-invalid-input' });
  await alive();
});
