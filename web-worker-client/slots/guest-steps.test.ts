/** Guests between SQL in one task: modules in AssemblyScript, and programs. */
import { beforeAll, describe, expect, test } from 'vitest';
import { compileGuestSource } from '../../guest/assemblyscript/testing/compile.ts';
import { streamOf } from '../../shared/arrow/testing.ts';
import { CAT, guest, wat } from '../../shared/guest/testing/wat.ts';
import { sha256Hex } from '../../shared/hash.ts';
import type { BlockId } from '../../shared/ids.ts';
import type { GuestStep } from '../../shared/plan/physical.ts';
import type { Slot } from './slot.ts';
import { batch, failureOf, SQUARE, step } from './testing/guests.ts';
import { bootedSlot, moduleInput, named, rowsOfOutcome, slicesInput, type TestInput, taskOf } from './testing/tasks.ts';

let slot: Slot;
const modules = new Map<string, Uint8Array>();

beforeAll(async () => {
  slot = await bootedSlot();
  for (const name of ['map', 'filter', 'flat-map', 'count-by-key']) {
    modules.set(name, await compileGuestSource(`examples/${name}.ts`));
  }
});

const example = (name: string): TestInput => moduleInput(modules.get(name) ?? new Uint8Array());
describe('modules', () => {
  test('SQL, a module, SQL', async () => {
    const steps = [SQUARE('SELECT range::DOUBLE AS c0 FROM range(200000)'), 'SELECT count(*), sum(c1), max(c0) FROM s0'];
    const sum = (199_999 * 200_000 * 399_999) / 6;
    const [row] = rowsOfOutcome(await slot.run(taskOf(steps, ['BIGINT', 'DOUBLE', 'DOUBLE'], [example('map')])));
    expect(row?.[0]).toBe(200_000n);
    expect(Number(row?.[1]) / sum).toBeCloseTo(1, 12);
    expect(row?.[2]).toBe(199_999);
  });

  test('a module alone, over rows of another stage, in the order of its input', async () => {
    const rows = slicesInput(['DOUBLE'], [streamOf([{ wire: 'DOUBLE', values: [3, null, -0.5] }])]);
    const outcome = await slot.run(taskOf([SQUARE('SELECT c0 FROM in1')], ['DOUBLE', 'DOUBLE'], [example('map'), rows]));
    expect(rowsOfOutcome(outcome)).toEqual([
      [3, 9],
      [null, null],
      [-0.5, 0.25],
    ]);
    const none = await slot.run(taskOf([SQUARE('SELECT c0 FROM in1 LIMIT 0')], ['DOUBLE', 'DOUBLE'], [example('map'), rows]));
    expect(rowsOfOutcome(none)).toEqual([]);
  });

  test('two modules in a row, with a parameter, and buckets', async () => {
    const over = step({
      action: 'filter',
      code: { kind: 'batch', module: 1, function: 'over', params: { over: 1e6 } },
      rows: { sql: 'SELECT c1 FROM s0', columns: named(['x', 'DOUBLE']) },
      output: named(['x', 'DOUBLE']),
    });
    const task = taskOf(
      [SQUARE('SELECT range::DOUBLE FROM range(2000)'), over],
      ['DOUBLE'],
      [example('map'), example('filter')],
      {
        output: { columns: named(['x', 'DOUBLE']), partitioning: { kind: 'hash', keys: [0], count: 4 } },
      },
    );
    const outcome = await slot.run(task);
    expect(rowsOfOutcome(outcome)).toHaveLength(999);
    expect(outcome.kind === 'succeeded' && outcome.buckets.map((b) => b.rows > 100)).toEqual([true, true, true, true]);
  });

  test('an aggregate: partial states here, merged there', async () => {
    const partial = step({
      action: 'partial',
      code: batch('count'),
      rows: { sql: "SELECT 'k' || (range % 3) FROM range(100000)", columns: named(['key', 'VARCHAR']) },
      output: named(['key', 'VARCHAR'], ['count', 'BIGINT']),
    });
    const states = await slot.run(taskOf([partial], ['VARCHAR', 'BIGINT'], [example('count-by-key')]));
    expect(rowsOfOutcome(states)).toEqual([
      ['k0', 33_334n],
      ['k1', 33_333n],
      ['k2', 33_333n],
    ]);
    if (states.kind !== 'succeeded') return;
    const merge = step({
      action: 'merge',
      code: batch('count'),
      rows: { sql: 'SELECT * FROM in1 ORDER BY c0', columns: named(['key', 'VARCHAR'], ['count', 'BIGINT']) },
      output: named(['key', 'VARCHAR'], ['count', 'BIGINT']),
    });
    const both = slicesInput(['VARCHAR', 'BIGINT'], [...states.streams, ...states.streams]);
    const merged = await slot.run(taskOf([merge], ['VARCHAR', 'BIGINT'], [example('count-by-key'), both]));
    expect(rowsOfOutcome(merged)).toEqual([
      ['k0', 66_668n],
      ['k1', 66_666n],
      ['k2', 66_666n],
    ]);
  });

  test('equal tasks make equal bytes on fresh slots, and random numbers come from the block', async () => {
    const random = guest({
      imports: `(import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
        (import "muster1" "fail" (func $fail (param i32 i32)))`,
      // Fails with 8 random letters: what a guest can say shortest.
      body: `(local $i i32) (drop (call $random (i32.const 1000) (i32.const 8)))
        (loop $more
          (i32.store8 (i32.add (i32.const 1000) (local.get $i))
            (i32.add (i32.const 97) (i32.and (i32.const 15) (i32.load8_u (i32.add (i32.const 1000) (local.get $i))))))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br_if $more (i32.lt_u (local.get $i) (i32.const 8))))
        (call $fail (i32.const 1000) (i32.const 8)) (i32.const 0)`,
    });
    const said = async (on: Slot, block: string) => {
      const blockId = sha256Hex(block) as BlockId;
      const draw = { ...SQUARE('SELECT 1::DOUBLE'), code: batch('f') };
      return failureOf(await on.run(taskOf([draw], ['DOUBLE', 'DOUBLE'], [moduleInput(random)], { blockId }))).message;
    };
    const [first, again, fresh, other] = [
      await said(slot, 'a'),
      await said(slot, 'a'),
      await said(await bootedSlot(), 'a'),
      await said(slot, 'b'),
    ];
    expect(first).toMatch(/^[a-p]{8}$/);
    expect([again, fresh]).toEqual([first, first]);
    expect(other).not.toBe(first);
  });
});

/** Writes a counter and a word to stderr, and no row. */
const COUNTER = `(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1 1)
  (data (i32.const 64) "reporter:counter:g,runs,2\\nhello\\n")
  (func (export "_start")
    (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 32))
    (drop (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8)))))`;

describe('programs', () => {
  const cat = (sql: string, output = named(['key', 'VARCHAR'], ['value', 'VARCHAR'])): GuestStep =>
    step({
      action: 'mapPartitions',
      code: { kind: 'stream', module: 0, input: 'tsv', output: 'tsv' },
      rows: { sql, columns: named(['a', 'INTEGER'], ['b', 'VARCHAR']) },
      output,
    });

  test('rows as lines through stdin and stdout, between SQL', async () => {
    const steps = [
      cat("SELECT range::INTEGER, 'v' || range FROM range(70000)"),
      "SELECT count(*), max(c1) FROM s0 WHERE c0 <> '1'",
    ];
    const outcome = await slot.run(taskOf(steps, ['BIGINT', 'VARCHAR'], [moduleInput(wat(CAT))]));
    expect(rowsOfOutcome(outcome)).toEqual([[69_999n, 'v9999']]);
    const none = await slot.run(taskOf([cat("SELECT 1, 'a' LIMIT 0")], ['VARCHAR', 'VARCHAR'], [moduleInput(wat(CAT))]));
    expect(rowsOfOutcome(none)).toEqual([]);
  });

  test('the block is the one that SQL alone makes, however its rows travelled', async () => {
    const sql = "SELECT range::INTEGER AS a, 'v' || repeat('x', (range % 50)::INTEGER) AS b FROM range(300000)";
    const types = ['VARCHAR', 'VARCHAR'];
    const through = await slot.run(taskOf([cat(sql)], types, [moduleInput(wat(CAT))]));
    const plain = await slot.run(taskOf(`SELECT a::VARCHAR, b FROM (${sql})`, types));
    expect(through.kind === 'succeeded' && through.digest).toBe(plain.kind === 'succeeded' && plain.digest);
  });

  test('SQL that fails while the program reads is told as SQL that fails; so is room that is gone while it writes', async () => {
    const late = "SELECT range::INTEGER, CASE WHEN range = 200000 THEN error('too late') ELSE 'v' END FROM range(300000)";
    const outcome = await slot.run(taskOf([cat(late)], ['VARCHAR', 'VARCHAR'], [moduleInput(wat(CAT))]));
    expect(failureOf(outcome)).toMatchObject({ reason: 'author', message: expect.stringContaining('too late'), broken: false });
    const small = await bootedSlot(24 * 1024 * 1024);
    const wide = cat("SELECT range::INTEGER, repeat('x', 1000) || range FROM range(60000)");
    const full = await small.run(taskOf([wide, 'SELECT count(*) FROM s0'], ['BIGINT'], [moduleInput(wat(CAT))]));
    expect(failureOf(full)).toMatchObject({ reason: 'resource', code: 'memory-limit' });
  });

  test('count by lines on stderr, which are no part of the log', async () => {
    const outcome = await slot.run(taskOf([cat("SELECT 1, 'a'")], ['VARCHAR', 'VARCHAR'], [moduleInput(wat(COUNTER))]));
    expect(outcome).toMatchObject({ kind: 'succeeded', accumulators: { 'g.runs': 2 }, log: 'hello' });
  });

  test('columns that are not the format’s are the author’s error, and so are others’ modules', async () => {
    const other = await slot.run(taskOf([cat("SELECT 1, 'a'", named(['n', 'BIGINT']))], ['BIGINT'], [moduleInput(wat(CAT))]));
    expect(failureOf(other)).toMatchObject({ reason: 'author', code: 'guest-output-type', broken: false });
    const batchModule = await slot.run(taskOf([cat("SELECT 1, 'a'")], ['VARCHAR', 'VARCHAR'], [example('map')]));
    expect(failureOf(batchModule)).toMatchObject({ reason: 'author', code: 'guest-abi' });
  });
});
