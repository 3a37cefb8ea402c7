import { describe, expect, it } from 'vitest';
import type { PhysicalPlan, Stage } from '../../shared/plan/physical.ts';
import { difference } from './testing/compare.ts';
import { inflatedPlanner } from './testing/inflated-planner.ts';

const { planOf, run, native } = inflatedPlanner();

const isSplit = (s: Stage): boolean => s.output.partitioning.kind === 'hash';
const splits = (plan: PhysicalPlan): number => plan.stages.filter(isSplit).length;
/** The stage that joins, in any of its branches. */
const joining = (plan: PhysicalPlan): Stage | undefined =>
  plan.stages.find((s) => s.operators.some((o) => /^\d*:? *join /.test(o)));

describe('which side of a join moves', () => {
  const few = "(VALUES (1, 'x'), (2, 'y'), (3, 'z')) v(k, n)";
  const neverShuffled = [
    `SELECT n, id FROM ${few} JOIN keys ON k = whole`,
    `SELECT n, id FROM keys JOIN ${few} ON k = whole`,
    `SELECT n, id FROM keys LEFT JOIN ${few} ON k = whole`,
    `SELECT n, id FROM ${few} LEFT JOIN keys ON k = whole`,
    `SELECT n, id FROM keys RIGHT JOIN ${few} ON k = whole AND weight > 5`,
    `SELECT n FROM ${few} WHERE k IN (SELECT whole FROM keys)`,
    `SELECT id FROM keys WHERE whole IN (SELECT k FROM ${few})`,
    `SELECT n FROM ${few} WHERE NOT EXISTS (SELECT 1 FROM keys WHERE whole = k)`,
    `SELECT id FROM keys WHERE NOT EXISTS (SELECT 1 FROM ${few} WHERE whole = k)`,
    `SELECT id, (SELECT n FROM ${few} WHERE k = whole) FROM keys`,
    'SELECT id FROM keys JOIN (SELECT iata, latitude FROM airports LIMIT 10) a ON latitude = whole',
  ];
  it.each(neverShuffled)('a few rows are never shuffled: %s', async (sql) => {
    const plan = await planOf(sql);
    expect(splits(plan)).toBe(0);
    expect(difference((await run(plan)).rows, await native(sql))).toBeUndefined();
  });

  const shuffled = [
    ['JOIN', [0, 1]],
    ['LEFT JOIN', [0]],
    ['RIGHT JOIN', [1]],
    ['FULL JOIN', undefined],
    ['SEMI JOIN', [0]],
    ['ANTI JOIN', [0]],
  ] as const;
  it.each(shuffled)(
    'two big sides of a %s are both split, and a skewed bucket where the kind allows it',
    async (word, splittable) => {
      const plan = await planOf(`SELECT count(*) FROM keys a ${word} other_keys b ON a.id = b.id AND a.weight > b.weight`);
      expect(splits(plan)).toBe(2);
      expect(joining(plan)?.branches[0]?.splittable).toEqual(splittable);
    },
  );

  it('nothing is split where an operator above needs a key’s rows together', async () => {
    const plan = await planOf('SELECT a.id, median(b.weight) FROM keys a JOIN other_keys b ON a.id = b.id GROUP BY 1');
    expect(splits(plan)).toBe(2);
    expect(joining(plan)?.branches[0]?.splittable).toBeUndefined();
  });

  it('NOT IN sends its right side to all', async () => {
    const plan = await planOf('SELECT count(*) FROM keys WHERE id NOT IN (SELECT id FROM other_keys)');
    expect(splits(plan)).toBe(0);
    expect(plan.fallbacks).toEqual([]);
  });

  it('the number of slots decides in between', async () => {
    const sql = 'SELECT count(*), sum(a.price) FROM order_lines a JOIN keys b ON a.order_key = b.id';
    const options = { factor: 40_000 };
    const [forTwo, forMany] = [await planOf(sql, { ...options, slots: 2 }), await planOf(sql, { ...options, slots: 200 })];
    const moved = (plan: PhysicalPlan) =>
      joining(plan)?.branches[0]?.inputs.map((i) => (i.kind === 'stage' ? i.exchange : 'scan'));
    expect(moved(forTwo)).toContain('broadcast');
    expect(moved(forMany)).toEqual(['hash', 'hash']);
  });

  it('a scalar subquery of several rows fails in the bucket', async () => {
    const plan = await planOf('SELECT id, (SELECT b.weight FROM other_keys b WHERE b.whole = a.whole) FROM keys a');
    expect(splits(plan)).toBe(2);
    await expect(run(plan)).rejects.toThrow(/More than one row returned by a subquery/);
  });
});

describe('rows that are together stay there', () => {
  const exchanges: readonly [sql: string, splits: number][] = [
    ['SELECT a.whole, median(b.weight) FROM keys a JOIN other_keys b ON a.whole = b.whole GROUP BY 1', 2],
    ['SELECT b.whole, median(b.weight) FROM keys a JOIN other_keys b ON a.whole = b.whole GROUP BY 1', 2],
    ['SELECT a.whole, a.mood, median(b.weight) FROM keys a JOIN other_keys b ON a.whole = b.whole GROUP BY 1, 2', 2],
    ['SELECT a.mood, median(b.weight) FROM keys a JOIN other_keys b ON a.whole = b.whole GROUP BY 1', 3],
    // NULLs for unmatched rows stand everywhere.
    ['SELECT b.whole, median(a.weight) FROM keys a LEFT JOIN other_keys b ON a.whole = b.whole GROUP BY 1', 3],
    ['SELECT a.whole, median(b.weight) FROM keys a LEFT JOIN other_keys b ON a.whole = b.whole GROUP BY 1', 2],
    ['SELECT a.whole, median(b.weight) FROM keys a FULL JOIN other_keys b ON a.whole = b.whole GROUP BY 1', 3],
    ['SELECT DISTINCT a.whole, b.weight FROM keys a JOIN other_keys b ON a.whole = b.whole', 2],
    ['SELECT sum(b.weight) OVER (PARTITION BY a.whole) FROM keys a JOIN other_keys b ON a.whole = b.whole', 2],
    [
      'SELECT sum(x.m + y.m) FROM (SELECT id, median(weight) m FROM keys GROUP BY 1) x JOIN (SELECT id, mode(weight) m FROM keys GROUP BY 1) y USING (id)',
      2,
    ],
    ['SELECT count(*) FROM keys a JOIN other_keys b ON a.id = b.id JOIN keys c ON c.id = a.id', 3],
    ['SELECT x.id, max(m) FROM (SELECT id, word, median(weight) m FROM keys GROUP BY 1, 2) x GROUP BY 1', 1],
  ];
  it.each(exchanges)('%s', async (sql, expected) => {
    const plan = await planOf(sql);
    expect(splits(plan)).toBe(expected);
    expect(difference((await run(plan, { splitBuckets: true, alternatives: 'never' })).rows, await native(sql))).toBeUndefined();
  });
});

describe('alternatives', () => {
  const sql = 'SELECT a.id, b.id FROM keys a JOIN (SELECT * FROM other_keys WHERE weight * 2 + 1 > 180) b ON a.whole = b.whole';

  it('a side that proved small is broadcast, and the other one is never split', async () => {
    const plan = await planOf(sql);
    const big = plan.stages.find((s) => s.startsAfter !== undefined);
    const { taken, stages, rows } = await run(plan, { alternatives: 'bySize' });
    expect(taken).toEqual([expect.stringMatching(/^stage \d+ is small: broadcast, stage \d+ is not shuffled$/)]);
    expect(stages).not.toContain(big?.index);
    expect(difference(rows, await native(sql))).toBeUndefined();
  });

  it('without them both sides are split', async () => {
    const plan = await planOf(sql);
    const { stages, rows } = await run(plan, { alternatives: 'never' });
    expect(stages).toHaveLength(plan.stages.length);
    expect(difference(rows, await native(sql))).toBeUndefined();
  });

  it('a side without rows ends the join', async () => {
    const empty = sql.replace('> 180', '> 1800');
    const plan = await planOf(empty);
    const { taken, stages, rows, tasks } = await run(plan);
    expect(taken).toEqual([expect.stringMatching(/^stage \d+ has no rows/)]);
    expect(rows).toEqual([]);
    expect(stages).toHaveLength(2);
    expect(tasks).toBeLessThan(5);
  });

  it('only where the join may: unmatched rows of the other side are still wanted', async () => {
    const outer = sql.replace('JOIN', 'LEFT JOIN').replace('> 180', '> 1800');
    const plan = await planOf(outer);
    const { taken, rows } = await run(plan);
    expect(taken).toEqual([expect.stringMatching(/is small/)]);
    expect(difference(rows, await native(outer))).toBeUndefined();
    const full = await planOf(outer.replace('LEFT', 'FULL'));
    expect(full.stages.flatMap((s) => s.alternatives ?? [])).toEqual([]);
  });

  it('sizes that the catalogue knows need none', async () => {
    const plan = await planOf('SELECT count(*) FROM keys a JOIN other_keys b ON a.id = b.id');
    expect(plan.stages.flatMap((s) => s.alternatives ?? [])).toEqual([]);
    expect(plan.stages.flatMap((s) => s.startsAfter ?? [])).toEqual([]);
  });

  it('what is volatile is not made in another place', async () => {
    const plan = await planOf(sql.replace('keys a', '(SELECT *, random() r FROM keys) a').replace('a.id', 'a.r'));
    expect(plan.stages.flatMap((s) => s.alternatives ?? []).filter((a) => a.when.bytesMax !== undefined)).toEqual([]);
  });
});

describe('groups', () => {
  const q1 =
    'SELECT return_flag, line_status, sum(quantity), avg(price), count(*) FROM order_lines GROUP BY ALL ORDER BY return_flag, line_status';

  it('few groups are merged in one task, however many the rows', async () => {
    const plan = await planOf(q1, { distinct: true });
    expect(plan.stages.map((s) => s.output.partitioning.kind)).toEqual(['single', 'single']);
    const byExpression = await planOf("SELECT date_trunc('month', date), count(*) FROM flights GROUP BY 1", { distinct: true });
    expect(splits(byExpression)).toBe(0);
  });

  it('groups that may be many meet by hash', async () => {
    for (const sql of [q1, 'SELECT date, count(*) FROM flights GROUP BY 1', 'SELECT DISTINCT date FROM flights'])
      expect(splits(await planOf(sql))).toBe(1);
  });

  it('the values of COUNT(DISTINCT) meet by hash, and their counts in one task', async () => {
    const plan = await planOf('SELECT count(DISTINCT date) FROM flights');
    expect(plan.stages.map((s) => s.output.partitioning.kind)).toEqual(['hash', 'single', 'single']);
  });
});

describe('buckets', () => {
  it('are 16, and more only for more bytes', async () => {
    const counts = [];
    for (const factor of [10_000, 200_000, 10_000_000]) {
      const plan = await planOf('SELECT id, median(weight) FROM keys GROUP BY 1', { factor });
      const by = plan.stages[0]?.output.partitioning;
      counts.push(by?.kind === 'hash' ? by.count : 0);
    }
    expect(counts).toEqual([16, 64, 256]);
  });
});

describe('what people see', () => {
  it('exchanges are in titles and operators', async () => {
    const plan = await planOf('SELECT a.id, b.id FROM keys a JOIN other_keys b ON a.whole = b.whole ORDER BY a.weight');
    expect(plan.stages.map((s) => s.title)).toContain('scan keys, split by hash');
    const lines = plan.stages.flatMap((s) => s.operators);
    expect(lines).toContainEqual(expect.stringMatching(/^split by hash of c\d+ into \d+$/));
    expect(lines).toContainEqual(expect.stringMatching(/^ *read by hash of c\d+$/));
    expect(lines).toContainEqual(expect.stringMatching(/^split by range of the sort keys into \d+$/));
  });
});
