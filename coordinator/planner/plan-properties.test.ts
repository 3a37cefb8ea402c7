import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PhysicalPlan, ScanSource } from '../../shared/plan/physical.ts';
import { Planner } from './planner.ts';
import { bundledChild } from './testing/bundle-child.ts';
import { simulate } from './testing/simulate.ts';
import { CHUNK_ROWS, TABLES } from './testing/tables.ts';
import { inflated, makeWorld, nativeEngine, type World } from './testing/world.ts';

const NOW_MS = Date.UTC(2024, 4, 6, 7, 8, 9);
let world: World;
let planner: Planner;

beforeAll(async () => {
  world = await makeWorld(TABLES);
  planner = await Planner.start({ childEntry: await bundledChild() });
});

afterAll(() => planner?.close());

async function planOf(sql: string, datasets = world.datasets, nowMs = NOW_MS): Promise<PhysicalPlan> {
  const outcome = await planner.plan({ sql, datasets, nowMs });
  if (!outcome.ok) throw new Error(outcome.error.detail);
  return outcome.plan;
}

function scansOf(plan: PhysicalPlan): ScanSource[] {
  return plan.stages.flatMap((s) => s.branches.flatMap((b) => b.inputs.flatMap((i) => (i.kind === 'scan' ? [i.source] : []))));
}

describe('scans', () => {
  it('read only the columns that the query names', async () => {
    const [scan] = scansOf(await planOf('SELECT sum(price) FROM order_lines WHERE discount > 0.05'));
    expect(scan?.ordinals).toEqual([5, 6]);
    expect(scan?.chunks.every((c) => c.columns.length === 2)).toBe(true);
  });

  it('count(*) reads one narrow column', async () => {
    const [scan] = scansOf(await planOf('SELECT count(*) FROM order_lines'));
    expect(scan?.ordinals).toHaveLength(1);
  });

  const skipped: readonly [sql: string, needed: readonly number[]][] = [
    ['SELECT count(*) FROM order_lines WHERE order_key > 250', [6, 7]],
    ['SELECT count(*) FROM order_lines WHERE order_key = 3', [0]],
    ['SELECT count(*) FROM order_lines WHERE 3 >= order_key', [0]],
    ['SELECT count(*) FROM order_lines WHERE order_key IN (3, 80)', [0, 1, 2]],
    ["SELECT count(*) FROM order_lines WHERE ship_date >= DATE '1998-01-01'", [7]],
    ["SELECT count(*) FROM order_lines WHERE ship_date >= DATE '1998-01-01' - INTERVAL 30 DAY", [7]],
    ["SELECT count(*) FROM order_lines WHERE ship_date BETWEEN DATE '1993-01-01' AND DATE '1993-02-01' AND price > 0", [1]],
    ['SELECT count(*) FROM odd WHERE late > 0', [1, 2]],
    ['SELECT count(*) FROM odd WHERE big > 100000000000000000000', [1, 2]],
    ['SELECT count(*) FROM odd WHERE abs(id) > 390', [0, 1, 2]],
  ];
  it.each(skipped)('%s', async (sql, needed) => {
    const plan = await planOf(sql);
    expect(scansOf(plan)[0]?.needed).toEqual(needed);
    expect(plan.chunks.needed).toBe(needed.length);
  });

  it('other literals that skip no chunk change only the fragment', async () => {
    const [a, b] = [
      await planOf('SELECT sum(price) FROM order_lines WHERE quantity < 24'),
      await planOf('SELECT sum(price) FROM order_lines WHERE quantity < 25'),
    ];
    expect(scansOf(a)).toEqual(scansOf(b));
    expect(a.stages[0]?.branches[0]?.fragment.digest).not.toBe(b.stages[0]?.branches[0]?.fragment.digest);
    expect(a.stages[1]?.branches[0]?.fragment.digest).toBe(b.stages[1]?.branches[0]?.fragment.digest);
  });
});

describe('determinacy', () => {
  const marks: readonly [sql: string, marks: readonly string[]][] = [
    ['SELECT origin, count(*) FROM flights GROUP BY 1', ['determinate', 'determinate']],
    ['SELECT origin, list(delay) FROM flights GROUP BY 1', ['unordered', 'unordered']],
    ['SELECT first(delay) FROM flights', ['unordered', 'unordered']],
    ['SELECT stddev(delay), count(DISTINCT origin), count(DISTINCT delay) FROM flights', ['determinate', 'determinate']],
    ['SELECT * FROM flights LIMIT 3', ['unordered', 'unordered']],
    ['SELECT date, delay FROM flights ORDER BY delay', ['determinate', 'determinate']],
    ['SELECT date, rank() OVER (PARTITION BY origin ORDER BY date) FROM flights', ['determinate', 'determinate']],
    ['SELECT date, row_number() OVER (PARTITION BY origin) FROM flights', ['determinate', 'unordered']],
    ['SELECT date, random() FROM flights', ['indeterminate']],
    ['SELECT uuid(), count(*) FROM flights', ['determinate', 'indeterminate']],
    ['SELECT count(*) FROM flights USING SAMPLE 10%', ['indeterminate', 'determinate']],
    ['SELECT now(), count(*) FROM flights', ['determinate', 'determinate']],
  ];
  it.each(marks)('%s', async (sql, expected) => {
    expect((await planOf(sql)).stages.map((s) => s.determinacy)).toEqual(expected);
  });

  it('equal queries make equal plans', async () => {
    const sql = 'SELECT origin, list_transform([1], lambda x: x + 1), now() FROM flights ORDER BY date LIMIT 2';
    expect(await planOf(sql)).toEqual(await planOf(sql));
  });
});

describe('clocks', () => {
  it('are the time of planning, at every rung', async () => {
    const engine = nativeEngine(world.connection);
    const clock = 'now()::TIMESTAMP, current_date, current_timestamp::TIMESTAMP, today(), get_current_timestamp()::TIMESTAMP';
    const want = [['2024-05-06 07:08:09', '2024-05-06', '2024-05-06 07:08:09', '2024-05-06', '2024-05-06 07:08:09']];
    for (const from of [
      '',
      ' FROM (WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 1) SELECT * FROM r)',
    ]) {
      const { rows } = await simulate(engine, await planOf(`SELECT ${clock}${from}`), { chunkRows: CHUNK_ROWS });
      expect(rows).toEqual(want);
    }
  });

  it('prune chunks', async () => {
    const plan = await planOf(
      'SELECT count(*) FROM order_lines WHERE ship_date > current_date',
      world.datasets,
      Date.UTC(1998, 0, 1),
    );
    expect(scansOf(plan)[0]?.needed).toEqual([7]);
  });
});

describe('joins', () => {
  it('a small plain side is read whole by every task, without a stage', async () => {
    const plan = await planOf("SELECT count(*) FROM flights JOIN airports ON origin = iata WHERE state = 'CA'");
    expect(plan.stages).toHaveLength(2);
    expect(plan.stages[0]?.branches[0]?.inputs.map((i) => i.kind === 'scan' && i.read)).toEqual(['partition', 'all']);
  });

  const exchangesOf = (plan: PhysicalPlan): readonly string[] =>
    plan.stages.flatMap((s) => s.branches.flatMap((b) => b.inputs.flatMap((i) => (i.kind === 'stage' ? [i.exchange] : []))));

  it('a stored side of several chunks that every slot can keep is read whole by every task', async () => {
    const plan = await planOf('SELECT count(*) FROM order_lines JOIN odd ON part_key = id WHERE id > 3');
    expect(exchangesOf(plan)).toEqual(['gather']);
    expect(plan.stages[0]?.branches[0]?.inputs.map((i) => i.kind !== 'module' && i.read).sort()).toEqual(['all', 'partition']);
    expect(plan.stages[0]?.operators.some((o) => o.includes('all of odd'))).toBe(true);
  });

  it('what slots can keep is their own memory’s part, in a query and in a plan of several relations', async () => {
    const sql = 'SELECT count(*) AS n FROM order_lines JOIN odd ON part_key = id';
    const relations = { relations: [{ name: 'counted', relation: { kind: 'sql' as const, sql } }], result: 'counted' };
    for (const work of [{ sql }, { sql: 'a plan', relations }]) {
      const wholeWith = async (slotBytes: number): Promise<boolean> => {
        const outcome = await planner.plan({ ...work, datasets: world.datasets, nowMs: NOW_MS, slotBytes });
        if (!outcome.ok) throw new Error(outcome.error.detail);
        return outcome.plan.stages.flatMap((s) => s.operators).some((o) => o.includes('all of odd'));
      };
      expect(await wholeWith(64 * 1024 * 1024)).toBe(true);
      expect(await wholeWith(16 * 1024)).toBe(false);
    }
  });

  it.each([
    ['is computed', 'SELECT count(*) FROM order_lines JOIN (SELECT unnest([id]) AS id FROM odd) ON part_key = id', 1],
    ['is mostly filtered away', "SELECT count(*) FROM order_lines JOIN odd ON part_key = id WHERE late = 7 AND word = 'x'", 1],
    ['is too large to stay loaded', 'SELECT count(*) FROM order_lines JOIN odd ON part_key = id', 40_000],
  ])('one that %s is broadcast by a stage of its own, or split', async (_why, sql, factor) => {
    const plan = await planOf(sql, factor === 1 ? world.datasets : inflated(world.datasets, factor, { distinct: false }));
    expect(exchangesOf(plan)).not.toEqual(['gather']);
    expect(plan.stages.flatMap((s) => s.operators).some((o) => o.includes('all of'))).toBe(false);
  });

  it('a scalar subquery of several rows fails in the task', async () => {
    for (const sql of [
      "SELECT (SELECT city FROM airports WHERE state = origin) FROM (SELECT 'CA' AS origin, date FROM flights)",
      'SELECT (SELECT delay FROM flights) FROM airports',
    ]) {
      const run = simulate(nativeEngine(world.connection), await planOf(sql), { chunkRows: CHUNK_ROWS });
      await expect(run).rejects.toThrow(/More than one row returned by a subquery/);
    }
  });
});

describe('what people see', () => {
  it('titles, operators and the logical tree are in words', async () => {
    const plan = await planOf('SELECT origin, avg(delay) FROM flights WHERE distance > 500 GROUP BY 1 ORDER BY 2 DESC LIMIT 3');
    expect(plan.stages.map((s) => s.title)).toEqual(['scan flights, filter, aggregate partially', 'aggregate finally, top rows']);
    expect(plan.logical.op).toBe('limit');
    expect(plan.columns.map((c) => c.name)).toEqual(['origin', 'avg(delay)']);
    expect(plan.datasets).toEqual([{ name: 'flights', version: 'version-flights' }]);
  });

  it('a fallback names its stage', async () => {
    const plan = await planOf('SELECT date, row_number() OVER (ORDER BY date) FROM flights');
    expect(plan.stages.at(-1)?.fallback).toMatchObject({ operator: 'window' });
    expect(plan.stages[0]?.fallback).toBeUndefined();
  });
});
