import { beforeAll, expect, test } from 'vitest';
import { streamOf } from '../../shared/arrow/testing.ts';
import { nodeSlotRuntime } from '../headless/slot-runtime.ts';
import type { SlotOutcome } from './api.ts';
import type { EngineBindings, SlotRuntime } from './bindings.ts';
import { Slot } from './slot.ts';
import { bootedSlot, chunksInput, coded, engineUrl, rowsOfOutcome, slicesInput, taskOf } from './testing/tasks.ts';

let slot: Slot;
beforeAll(async () => {
  slot = await bootedSlot(64 * 1024 * 1024);
});

/** A slot whose bindings a test may change before the engine boots. */
async function hookedSlot(hook: (bindings: EngineBindings) => void): Promise<Slot> {
  const runtime: SlotRuntime = {
    ...nodeSlotRuntime,
    async loadEngine(options) {
      const bindings = await nodeSlotRuntime.loadEngine(options);
      hook(bindings);
      return bindings;
    },
  };
  const hooked = new Slot(runtime);
  await hooked.boot({ slot: 0, engineUrl, memoryLimitBytes: 64 * 1024 * 1024 });
  return hooked;
}

const failureOf = (outcome: SlotOutcome) =>
  outcome.kind === 'failed' ? { ...outcome.failure, broken: outcome.broken } : outcome;
const ENDLESS = 'SELECT count(*) FROM range(1000000) a(i), range(100000) b(j) WHERE (i * j) % 7 = 3';
const alive = async () => expect(rowsOfOutcome(await slot.run(taskOf('SELECT 1', ['INTEGER'])))).toEqual([[1]]);

test.each([
  [
    "SELECT (range::VARCHAR || 'x')::INTEGER FROM range(10)",
    'sql-conversion',
    "Conversion Error: Could not convert string '0x' to INT32",
  ],
  ['SELECT 9223372036854775807 + range FROM range(3)', 'sql-out-of-range', 'Out of Range Error: Overflow in addition'],
  ["SELECT error('division by zero')", 'sql-division-by-zero', 'division by zero'],
  ["SELECT error('my own words')", 'sql-invalid-input', 'my own words'],
  ['SELECT nope FROM range(3)', 'sql-invalid', 'Binder Error'],
  ["SELECT * FROM read_csv('http://x/y.csv')", 'sql-permission', 'Permission Error'],
])("%s is the author's error %s", async (sql, code, words) => {
  const failure = failureOf(await slot.run(taskOf(sql, ['INTEGER'])));
  expect(failure).toMatchObject({ reason: 'author', code, broken: false, message: expect.stringContaining(words) });
  expect(failure).toMatchObject({ message: expect.not.stringContaining('LINE 1') });
  await alive();
});

test('the configuration is locked', async () => {
  for (const sql of [
    "SET memory_limit = '4GB'",
    'SET enable_external_access = true',
    "ATTACH 'x.db'",
    'LOAD json',
    "COPY (SELECT 1) TO 'x.csv'",
  ]) {
    expect(await slot.run(taskOf([sql, 'SELECT 1'], ['INTEGER']))).toMatchObject({ kind: 'failed', broken: false });
  }
});

test('a result of other types than planned is refused', async () => {
  expect(failureOf(await slot.run(taskOf('SELECT 1::BIGINT', ['INTEGER'])))).toMatchObject({
    reason: 'author',
    code: 'output-type',
    message: expect.stringContaining('c0 came as BIGINT where INTEGER was expected'),
  });
  await alive();
});

test('too little memory: a clear resource failure with a hint, and the engine lives', async () => {
  const sql = "SELECT s, count(*) FROM (SELECT hash(range)::VARCHAR || repeat('x', 40) s FROM range(3000000)) GROUP BY s";
  expect(failureOf(await slot.run(taskOf(sql, ['VARCHAR', 'BIGINT'])))).toMatchObject({
    reason: 'resource',
    code: 'memory-limit',
    hint: expect.stringContaining('memory'),
    broken: false,
  });
  await alive();
});

test('a result over the bound that the slot was booted with fails as out of memory, and the engine lives', async () => {
  const bounded = new Slot(nodeSlotRuntime);
  await bounded.boot({ slot: 0, engineUrl, memoryLimitBytes: 64 * 1024 * 1024, resultBytesMax: 100_000 });
  const failure = failureOf(await bounded.run(taskOf('SELECT range FROM range(1000000)', ['BIGINT'])));
  expect(failure).toMatchObject({ reason: 'resource', code: 'memory-limit', broken: false });
  expect(failure).toMatchObject({ message: expect.stringContaining('more than 100000 bytes') });
  expect(rowsOfOutcome(await bounded.run(taskOf('SELECT 1', ['INTEGER'])))).toEqual([[1]]);
});

test('too little memory for residents and task: residents go and the task runs again', async () => {
  const fresh = await bootedSlot(64 * 1024 * 1024);
  const values = Array.from({ length: 120_000 }, (_, i) => `${i} ${'x'.repeat(60)}`);
  for (const key of ['a', 'b']) {
    const input = chunksInput(key, [{ ordinal: 0, type: 'VARCHAR', chunks: [values] }]);
    await fresh.run(taskOf('SELECT count(c0) FROM in0', ['BIGINT'], [input]));
  }
  const groups = "SELECT hash(range)::VARCHAR || repeat('x', 20) s FROM range(600000) GROUP BY s";
  const sql = `SELECT count(*) FROM (${groups})`;
  const outcome = await fresh.run(taskOf(sql, ['BIGINT']));
  expect(outcome.residents).toEqual([
    { residentKey: 'a', ordinals: [] },
    { residentKey: 'b', ordinals: [] },
  ]);
  expect(rowsOfOutcome(outcome)).toEqual([[600_000n]]);
});

test('cancel ends a running query between two slices', async () => {
  let polled: () => void = () => undefined;
  const runs = new Promise<void>((resolve) => {
    polled = resolve;
  });
  const watched = await hookedSlot((bindings) => {
    const poll = bindings.pollPendingQuery.bind(bindings);
    bindings.pollPendingQuery = (connection) => {
      polled();
      return poll(connection);
    };
  });
  const task = taskOf(ENDLESS, ['BIGINT']);
  const running = watched.run(task);
  await runs;
  await watched.cancel(task.attemptId, 'the volunteer paused');
  expect(failureOf(await running)).toMatchObject({ reason: 'released', message: 'the volunteer paused', broken: false });
  expect(rowsOfOutcome(await watched.run(taskOf('SELECT 1', ['INTEGER'])))).toEqual([[1]]);
});

test('an attempt that waits for its turn can be cancelled', async () => {
  const [first, second] = [taskOf('SELECT 1', ['INTEGER']), taskOf('SELECT 2', ['INTEGER'])];
  const outcomes = [slot.run(first), slot.run(second)];
  await slot.cancel(second.attemptId, 'not needed');
  expect((await Promise.all(outcomes)).map((o) => o.kind)).toEqual(['succeeded', 'failed']);
});

test('a task past its deadline ends with reason deadline', async () => {
  const task = taskOf(ENDLESS, ['BIGINT'], [], { maxRunMs: 50 });
  expect(failureOf(await slot.run(task))).toMatchObject({ reason: 'deadline', code: 'max-run', broken: false });
  await alive();
});

test('a paced task waits, and can be cancelled while it waits', async () => {
  const task = taskOf('SELECT 1', ['INTEGER'], [], { minRunMs: 3_000_000, maxRunMs: 4_000_000 });
  const running = slot.run(task);
  await slot.cancel(task.attemptId, 'enough');
  expect(failureOf(await running)).toMatchObject({ reason: 'released' });
});

test('attempts run one after the other', async () => {
  const outcomes = await Promise.all([1, 2, 3].map((n) => slot.run(taskOf(`SELECT ${n}`, ['INTEGER']))));
  expect(outcomes.map(rowsOfOutcome)).toEqual([[[1]], [[2]], [[3]]]);
});

test('a corrupt slice is an input failure that names it, whatever is wrong with it', async () => {
  const good = streamOf([{ wire: 'INTEGER', values: [1, 2] }]);
  const flipped = slicesInput(['INTEGER'], [good]);
  if (flipped.given.kind !== 'slices' || flipped.spec.kind !== 'slices') return;
  const bytes = flipped.given.slices[0]?.bytes as Uint8Array;
  bytes[bytes.length - 20] = 1;
  const [slice] = flipped.spec.slices;
  const outcome = failureOf(await slot.run(taskOf('FROM in0', ['INTEGER'], [flipped])));
  expect(outcome).toMatchObject({
    reason: 'input',
    code: 'slice-corrupt',
    slices: [{ blockId: slice?.blockId, bucket: 0, why: 'corrupt' }],
    message: expect.stringContaining('digest'),
  });
  const otherTypes = slicesInput(['BIGINT'], [good]);
  expect(failureOf(await slot.run(taskOf('FROM in0', ['BIGINT'], [otherTypes])))).toMatchObject({ reason: 'input' });
  const zstd = coded(good, 'zstd');
  for (const damaged of [zstd.bytes.slice(0, -3), zstd.bytes.map((b, i) => (i === 12 ? b ^ 0xff : b)), new Uint8Array(3), good]) {
    const input = { spec: flipped.spec, given: { kind: 'slices' as const, slices: [{ ...zstd, bytes: damaged }] } };
    expect(failureOf(await slot.run(taskOf('FROM in0', ['INTEGER'], [input])))).toMatchObject({ reason: 'input', broken: false });
  }
  await alive();
});

test('a trap reports a broken slot, and every later attempt too', async () => {
  const weak = await hookedSlot((bindings) => {
    const start = bindings.startPendingQuery.bind(bindings);
    bindings.startPendingQuery = (connection, sql, stream) => {
      if (sql.includes('trap me')) throw new WebAssembly.RuntimeError('unreachable');
      return start(connection, sql, stream);
    };
  });
  expect(rowsOfOutcome(await weak.run(taskOf('SELECT 1', ['INTEGER'])))).toEqual([[1]]);
  const trap = failureOf(await weak.run(taskOf("SELECT 'trap me'", ['VARCHAR'])));
  expect(trap).toMatchObject({ reason: 'resource', code: 'engine-trap', broken: true });
  expect(failureOf(await weak.run(taskOf('SELECT 1', ['INTEGER'])))).toMatchObject({ code: 'engine-trap', broken: true });
});

test('running before boot is refused', async () => {
  await expect(new Slot(nodeSlotRuntime).run(taskOf('SELECT 1', ['INTEGER']))).rejects.toThrow('not booted');
});
