/** Guests between SQL in one task: modules in AssemblyScript, scripts and programs. */
import { beforeAll, describe, expect, test } from 'vitest';
import { compileGuestSource } from '../../guest/assemblyscript/testing/compile.ts';
import { streamOf } from '../../shared/arrow/testing.ts';
import { guest, wat } from '../../shared/guest/testing/wat.ts';
import { sha256Hex } from '../../shared/hash.ts';
import type { BlockId } from '../../shared/ids.ts';
import type { GuestCode, GuestStep } from '../../shared/plan/physical.ts';
import type { Slot } from './slot.ts';
import { batch, failureOf, SQUARE, script, step } from './testing/guests.ts';
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

describe('scripts', () => {
  test('flatMap between SQL, with the names of its rows', async () => {
    const split = step({
      action: 'flatMap',
      code: script("export const f = (row) => row.line.split(' ').map((word) => ({ word }));"),
      rows: { sql: "SELECT 'a b ' || range FROM range(1000)", columns: named(['line', 'VARCHAR']) },
      output: named(['word', 'VARCHAR']),
    });
    const steps = [split, 'SELECT c0, count(*) FROM s0 GROUP BY c0 HAVING count(*) > 1 ORDER BY c0'];
    expect(rowsOfOutcome(await slot.run(taskOf(steps, ['VARCHAR', 'BIGINT'])))).toEqual([
      ['a', 1000n],
      ['b', 1000n],
    ]);
  });

  test('an aggregate by key', async () => {
    const code: GuestCode = script(
      'export const f = { zero: () => 0, add: (sum, row) => sum + row.n, merge: (a, b) => a + b, finish: (n) => ({ n }) };',
    );
    const columns = named(['key', 'VARCHAR'], ['n', 'INTEGER']);
    const partial = step({
      action: 'partial',
      code,
      keys: ['key'],
      rows: { sql: "SELECT 'k' || (range % 2), 1 FROM range(10)", columns: named(['key', 'VARCHAR'], ['n', 'INTEGER']) },
      output: named(['key', 'VARCHAR'], ['state', 'VARCHAR']),
    });
    const merge = step({
      action: 'merge',
      code,
      keys: ['key'],
      rows: { sql: 'SELECT * FROM s0 ORDER BY c0', columns: named(['key', 'VARCHAR'], ['state', 'VARCHAR']) },
      output: columns,
    });
    expect(rowsOfOutcome(await slot.run(taskOf([partial, merge], ['VARCHAR', 'INTEGER'])))).toEqual([
      ['k0', 5],
      ['k1', 5],
    ]);
  });

  test('mapPartitions sees the end, also of nothing', async () => {
    const count = (sql: string): GuestStep =>
      step({
        action: 'mapPartitions',
        code: script('export function* f(rows) { let n = 0; for (const row of rows) n += row.i; yield { n }; }'),
        rows: { sql, columns: named(['i', 'INTEGER']) },
        output: named(['n', 'BIGINT']),
      });
    expect(rowsOfOutcome(await slot.run(taskOf([count('SELECT range::INTEGER FROM range(100000)')], ['BIGINT'])))).toEqual([
      [4_999_950_000n],
    ]);
    expect(rowsOfOutcome(await slot.run(taskOf([count('SELECT range::INTEGER FROM range(0)')], ['BIGINT'])))).toEqual([[0n]]);
  });

  test('what it logs comes with the success', async () => {
    const columns = named(['i', 'INTEGER']);
    const code = script("export const f = (row) => { console.log('saw', row.i); return row; };");
    const noisy = step({ action: 'map', code, rows: { sql: 'SELECT range::INTEGER FROM range(3)', columns }, output: columns });
    expect(await slot.run(taskOf([noisy], ['INTEGER']))).toMatchObject({ kind: 'succeeded', log: 'saw 0\nsaw 1\nsaw 2' });
  });

  test('what its guests count comes with the block, and its digest covers it', async () => {
    const columns = named(['i', 'INTEGER']);
    const rows = { sql: 'SELECT range::INTEGER FROM range(10000)', columns };
    const counting = (amount: string): GuestStep =>
      step({
        action: 'map',
        code: script(`export const f = (row, ctx) => { ctx.add('rows', ${amount}); return row; };`),
        rows,
        output: columns,
      });
    const total = step({
      action: 'mapPartitions',
      code: script('export function* f(rows, ctx) { for (const row of rows) { ctx.add("odd", row.i & 1); yield row; } }'),
      rows: { ...rows, sql: 'FROM s0' },
      output: columns,
    });
    const [two, plain, none] = [
      await slot.run(taskOf([counting('1'), total], ['INTEGER'])),
      await slot.run(taskOf([counting('2'), total], ['INTEGER'])),
      await slot.run(taskOf(['SELECT range::INTEGER FROM range(10000)'], ['INTEGER'])),
    ];
    expect(two).toMatchObject({ kind: 'succeeded', accumulators: { odd: 5000, rows: 10_000 } });
    expect(plain).toMatchObject({ kind: 'succeeded', accumulators: { odd: 5000, rows: 20_000 } });
    expect(none).not.toHaveProperty('accumulators');
    const digests = [two, plain, none].map((outcome) => outcome.kind === 'succeeded' && outcome.digest);
    expect(new Set(digests).size).toBe(3);
  });

  test('what it adds must be a number under a name', async () => {
    const columns = named(['i', 'INTEGER']);
    const rows = { sql: 'SELECT range::INTEGER FROM range(3)', columns };
    const adding = async (what: string) => {
      const code = script(`export const f = (row, ctx) => {\n  ctx.add(${what});\n  return row;\n};`);
      return failureOf(await slot.run(taskOf([step({ action: 'map', code, rows, output: columns })], ['INTEGER']))).message;
    };
    expect(await adding("'x', 'y'")).toMatch(/ctx\.add takes a name and a finite number, not string and y.*line 2/);
    expect(await adding("'x', 0 / 0")).toContain('not string and NaN');
    expect(await adding("'x'.repeat(65), 1")).toContain('65 bytes; 64 are allowed');
    expect(await adding("'x' + row.i, 1) || [...Array(70).keys()].map((k) => ctx.add('n' + k, 1)")).toContain('more than 64');
  });

  test('sides are arrays of rows', async () => {
    const columns = named(['i', 'INTEGER']);
    const looked = step({
      action: 'map',
      code: script(
        'export const f = (row, ctx) => ({ name: ctx.side(0)[row.i].name, none: ctx.side(1).length, rows: ctx.side(0).length });',
      ),
      rows: { sql: 'SELECT range::INTEGER FROM range(3)', columns },
      sides: [
        { sql: "SELECT 'n' || range FROM range(10000)", columns: named(['name', 'VARCHAR']) },
        { sql: 'SELECT 1::INTEGER LIMIT 0', columns },
      ],
      output: named(['name', 'VARCHAR'], ['none', 'INTEGER'], ['rows', 'INTEGER']),
    });
    const outcome = await slot.run(taskOf([looked], ['VARCHAR', 'INTEGER', 'INTEGER']));
    expect(rowsOfOutcome(outcome)).toEqual([0, 1, 2].map((i) => [`n${i}`, 0, 10_000]));
    const code = script('export const f = (row, ctx) => ctx.side(2);');
    const failure = failureOf(await slot.run(taskOf([{ ...looked, code }], ['VARCHAR', 'INTEGER', 'INTEGER'])));
    expect(failure.message).toContain('there is no side 2: the relation has 2');
  });

  test('a cogroup is called once for each key, of either side', async () => {
    const columns = named(['k', 'DOUBLE'], ['v', 'INTEGER']);
    const groups = step({
      action: 'mapPartitions',
      code: script(`export function* f({ k }, left, right, ctx) {
        ctx.add('keys', 1);
        yield { k, left: left.map((row) => row.v).join(), right: right.map((row) => row.v).join() };
      }`),
      keys: ['k'],
      rows: {
        sql: 'SELECT col0::DOUBLE, col1 FROM (VALUES (-0e0, 1), (0.0, 2), (1.0, 3), (3.0, 4), (NULL, 5)) ORDER BY col0',
        columns,
      },
      sides: [
        {
          sql: 'SELECT col0::DOUBLE, col1 FROM (VALUES (0.0, 10), (2.0, 20), (2.0, 21), (3.0, 30), (NULL, 50)) ORDER BY col0',
          columns,
        },
      ],
      output: named(['k', 'DOUBLE'], ['left', 'VARCHAR'], ['right', 'VARCHAR']),
    });
    const outcome = await slot.run(taskOf([groups], ['DOUBLE', 'VARCHAR', 'VARCHAR']));
    expect(rowsOfOutcome(outcome)).toEqual([
      [0, '1,2', '10'],
      [1, '3', ''],
      [3, '4', '30'],
      [null, '5', '50'],
      [2, '', '20,21'],
    ]);
    expect(outcome).toMatchObject({ accumulators: { keys: 5 } });
  });

  test('an error names the place, and what the script said before', async () => {
    const code = script(
      "export function f(row) {\n  console.log('at', row.i);\n  if (row.i > 2) throw new TypeError('too far');\n  return row;\n}",
    );
    const columns = named(['i', 'INTEGER']);
    const bad = step({ action: 'map', code, rows: { sql: 'SELECT range::INTEGER FROM range(10)', columns }, output: columns });
    const failure = failureOf(await slot.run(taskOf([bad, 'FROM s0'], ['INTEGER'])));
    expect(failure).toMatchObject({ reason: 'author', code: 'guest-script', broken: false });
    expect(failure.message).toMatch(/too far.*line 3/);
    expect(failure.message).toMatch(/at 3$/);
  });
});

/** Copies stdin to stdout, 64 bytes at a time. */
const CAT = `(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1 1)
  (func (export "_start")
    (loop $more
      (i32.store (i32.const 0) (i32.const 1024)) (i32.store (i32.const 4) (i32.const 64))
      (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
      (i32.store (i32.const 4) (i32.load (i32.const 8)))
      (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 12)))
      (br_if $more (i32.load (i32.const 8))))))`;

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
