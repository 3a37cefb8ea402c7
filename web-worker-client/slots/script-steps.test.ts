/** Scripts as steps of a task: between SQL, with sides, counting, in groups. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { GuestCode, GuestStep } from '../../shared/plan/physical.ts';
import type { Slot } from './slot.ts';
import { failureOf, script, step } from './testing/guests.ts';
import { bootedSlot, named, rowsOfOutcome, taskOf } from './testing/tasks.ts';

let slot: Slot;

beforeAll(async () => {
  slot = await bootedSlot();
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

  test('mapPartitions reads rows as it asks for them, and hands its own on before the end', async () => {
    const copies = (sql: string, f: string): GuestStep =>
      step({
        action: 'mapPartitions',
        code: script(`export function* f(rows) { ${f} }`),
        rows: { sql, columns: named(['i', 'INTEGER']) },
        output: named(['i', 'INTEGER']),
      });
    const rows = 'SELECT range::INTEGER AS i FROM range(150000)';
    const through = await slot.run(taskOf([copies(rows, 'yield* rows;')], ['INTEGER']));
    const plain = await slot.run(taskOf(rows, ['INTEGER']));
    expect(through.kind === 'succeeded' && through.digest).toBe(plain.kind === 'succeeded' && plain.digest);
    const some = await slot.run(
      taskOf([copies(rows, 'for (const row of rows) { yield row; if (row.i === 2) return; }')], ['INTEGER']),
    );
    expect(rowsOfOutcome(some)).toEqual([[0], [1], [2]]);
    const late = "SELECT CASE WHEN range = 140000 THEN error('too late') ELSE range END::INTEGER FROM range(150000)";
    const caught = await slot.run(taskOf([copies(late, 'try { yield* rows; } catch { yield { i: 1 }; }')], ['INTEGER']));
    expect(failureOf(caught)).toMatchObject({ reason: 'author', message: expect.stringContaining('too late') });
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
