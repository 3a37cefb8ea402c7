import { describe, expect, it } from 'vitest';
import type { PhysicalPlan, Stage } from '../../shared/plan/physical.ts';
import { inflatedPlanner } from './testing/inflated-planner.ts';
import type { Simulation } from './testing/simulate.ts';

const { planOf, run, native } = inflatedPlanner();

describe('sorts', () => {
  const sorts = [
    'SELECT word, whole, real, id FROM keys ORDER BY word DESC NULLS FIRST, real NULLS FIRST, whole DESC NULLS LAST, id',
    'SELECT items, pair, huge, id FROM keys ORDER BY items DESC, pair, huge DESC, id',
    'SELECT mood, id FROM keys ORDER BY mood DESC, id',
    'SELECT a.id, b.id FROM keys a JOIN other_keys b ON a.whole = b.whole ORDER BY b.id DESC, a.id',
    'SELECT id, weight FROM keys ORDER BY -id',
    'SELECT id FROM keys WHERE weight > 1000 ORDER BY id',
    'SELECT id + 1 FROM (SELECT id, weight FROM keys ORDER BY weight, id)',
  ];
  it.each(sorts)('%s', async (sql) => {
    // Big enough for ranges, small enough for few of them: every bucket is a task here.
    const plan = await planOf(sql, { factor: sql.includes(' JOIN ') ? 5_000 : 50_000 });
    const last = plan.stages.at(-1);
    if (!sql.includes('> 1000')) expect(last?.branches.map((b) => b.ordered)).toEqual([true]);
    for (const runBuckets of [3, 16]) expect((await run(plan, { runBuckets })).rows).toEqual(await native(sql));
  });

  it.each([
    ['SELECT id, amount, whole FROM keys ORDER BY amount DESC, real NULLS FIRST, id', 1, [1, 3, 0]],
    ['SELECT id + 1, whole FROM keys ORDER BY id', 1, [2]],
    ['SELECT huge, id FROM keys ORDER BY id DESC', 0, [1]],
    // Texts have no fixed width, HUGEINT has more bits than a key.
    ['SELECT word, id FROM keys ORDER BY id', undefined, []],
    ['SELECT id FROM keys ORDER BY word, id', undefined, []],
    ['SELECT id FROM keys ORDER BY huge, id', undefined, []],
    ['SELECT id FROM keys ORDER BY id LIMIT 5', undefined, []],
  ])('slots sort what has fixed width: %s', async (sql, extra, keys) => {
    const plan = await planOf(sql, { factor: 50_000 });
    const step = plan.stages.at(-1)?.branches[0]?.fragment.steps.at(-1);
    const unsorted = step?.kind === 'sql' ? step.unsorted : undefined;
    expect(unsorted?.extra.length).toBe(extra);
    expect(unsorted?.keys.map((k) => k.column) ?? []).toEqual(keys);
    expect((await run(plan, { runBuckets: 3 })).rows).toEqual(await native(sql));
  });

  it('rows of one frequent key are spread over several buckets', async () => {
    const plan = await planOf('SELECT flag, id FROM odd ORDER BY flag');
    const split = plan.stages.find((s) => s.output.partitioning.kind === 'range');
    const buckets = split && (await bucketsUsed(plan, split));
    expect(buckets).toBeGreaterThan(2);
  });

  /** Cuts of small tables, which a sample of a few rows would not tell apart. */
  const samplingAll = (plan: PhysicalPlan): PhysicalPlan =>
    JSON.parse(JSON.stringify(plan).replace(/USING SAMPLE [\d.]+%/g, 'USING SAMPLE 100%')) as PhysicalPlan;

  it.each([
    ['whole NULLS LAST, id', 'whole IS NOT NULL OR id < 5', true],
    ['whole DESC NULLS FIRST, id', 'whole IS NOT NULL OR id < 5', true],
    ['whole NULLS FIRST, id', 'whole IS NOT NULL OR id < 5', true],
    ['amount DESC, word, id', 'true', true],
    ['weight % 9, id', 'true', false],
    ['whole NULLS FIRST, id DESC', 'true', false],
    ['real DESC, id', 'id % 8 > 3 OR id < 9', true],
    ['huge, id', 'true', false],
    ['-id', 'true', true],
    ['word || id, id', 'word IS NOT NULL', true],
  ])('ORDER BY %s where %s: rows are placed by the first key alone: %s', async (order, where, alone) => {
    const first = order.split(/,| NULLS| DESC/)[0] ?? '';
    const sql = `SELECT ${first} AS first, id FROM keys WHERE ${where} ORDER BY ${order}`;
    const plan = samplingAll(await planOf(sql, { factor: 50_000 }));
    for (const runBuckets of [1, 16]) expect((await run(plan, { runBuckets })).rows).toEqual(await native(sql));
    const split = plan.stages.find((s) => s.output.partitioning.kind === 'range');
    const places = new Map<unknown, Set<unknown>>();
    for (const row of split ? await placed(plan, split) : []) {
      const key = row[plan.columns.findIndex((c) => c.name === 'first')];
      places.set(key, (places.get(key) ?? new Set()).add(row.at(-1)));
    }
    const apart = [...places.values()].some((buckets) => buckets.size > 1);
    expect(apart).toBe(!alone);
    expect(new Set([...places.values()].flatMap((buckets) => [...buckets])).size).toBeGreaterThan(11);
  });

  it.each([
    'whole NULLS LAST, id',
    'whole DESC NULLS FIRST, id',
    'amount DESC, word, id',
    'real DESC NULLS FIRST, id',
    'weight % 9, id',
    'huge, id',
    'flag, id',
  ])('few slots that each hold all rows pick their own ranges: ORDER BY %s', async (order) => {
    const sql = `SELECT * FROM (SELECT *, id % 7 = 0 AS flag FROM keys) ORDER BY ${order}`;
    for (const slots of [2, 3]) {
      const plan = samplingAll(await planOf(sql, { factor: 2_000, slots }));
      expect(plan.stages.at(-1)?.branches).toHaveLength(slots);
      expect(plan.stages.some((s) => s.output.partitioning.kind === 'range')).toBe(false);
      expect((await run(plan)).rows).toEqual(await native(sql));
    }
    for (const other of [{ slots: 4 }, { slots: 2, factor: 20_000 }]) {
      const plan = await planOf(sql, { factor: 2_000, ...other });
      expect(plan.stages.some((s) => s.output.partitioning.kind === 'range')).toBe(true);
    }
  });

  it('a small input is sorted in one task, which is no fallback', async () => {
    const plan = await planOf('SELECT date FROM flights ORDER BY delay, date', { factor: 1 });
    expect(plan.fallbacks).toEqual([]);
    expect(plan.stages).toHaveLength(2);
  });

  /** How many of its buckets get rows. */
  async function bucketsUsed(plan: PhysicalPlan, split: Stage): Promise<number> {
    return new Set((await placed(plan, split)).map((r) => r.at(-1))).size;
  }

  /** The rows of a plan that ends with the split, the bucket last. */
  async function placed(plan: PhysicalPlan, split: Stage): Promise<Simulation['rows']> {
    const single = {
      ...split,
      output: { columns: [...split.output.columns, { type: 'INTEGER', wire: 'INTEGER' }], partitioning: { kind: 'single' } },
    } as const;
    const columns = single.output.columns.map((c, i) => ({ ...c, name: `c${i}` }));
    return (await run({ ...plan, stages: [...plan.stages.slice(0, split.index), single], columns })).rows;
  }
});
