import { describe, expect, it } from 'vitest';
import type { MergedRows, PhysicalPlan } from '../../shared/plan/physical.ts';
import { inflatedPlanner } from './testing/inflated-planner.ts';

const { planOf } = inflatedPlanner();

function mergeOf(plan: PhysicalPlan): MergedRows | undefined {
  const step = plan.stages.at(-1)?.branches[0]?.fragment.steps.at(-1);
  return step?.kind === 'sql' ? step.merge : undefined;
}

describe('a last stage that only merges says so without SQL', () => {
  it('one group', async () => {
    const plan = await planOf('SELECT max(id), sum(amount * 2), avg(whole), count(*) FROM keys', { factor: 50_000 });
    expect(mergeOf(plan)).toEqual({
      groups: [],
      values: [
        { kind: 'max', column: 0 },
        { kind: 'sum', column: 1 },
        { kind: 'sum', column: 2 },
        { kind: 'sum', column: 3 },
        { kind: 'sum', column: 4 },
      ],
      output: [
        { kind: 'value', value: 0 },
        { kind: 'value', value: 1 },
        { kind: 'mean', sum: 2, count: 3 },
        { kind: 'count', value: 4 },
      ],
      order: [],
    });
  });

  it('few groups in an order, of which a part is taken', async () => {
    const sql = 'SELECT count(*) AS n, flag FROM odd GROUP BY flag ORDER BY n DESC NULLS FIRST, flag LIMIT 3 OFFSET 1';
    const plan = await planOf(sql, { factor: 50_000, distinct: true });
    expect(mergeOf(plan)).toEqual({
      groups: [0],
      values: [{ kind: 'sum', column: 1 }],
      output: [
        { kind: 'count', value: 0 },
        { kind: 'group', group: 0 },
      ],
      order: [
        { by: { kind: 'count', value: 0 }, descending: true, nullsFirst: true },
        { by: { kind: 'group', group: 0 }, descending: false, nullsFirst: false },
      ],
      limit: 3,
      offset: 1,
    });
  });
});

describe('the engine says it where', () => {
  it.each([
    ['the order of groups is open', 'SELECT flag, count(*) FROM odd GROUP BY flag'],
    ['groups are filtered', 'SELECT flag, count(*) AS n FROM odd GROUP BY flag HAVING count(*) > 3 ORDER BY flag'],
    ['what was merged is computed with', 'SELECT sum(id) + 1 FROM keys'],
    ['a mean is cast', 'SELECT avg(whole)::FLOAT FROM keys'],
    ['values are not merged one by one', 'SELECT count(DISTINCT whole) FROM keys'],
    ['parts are more than sums', 'SELECT stddev(whole) FROM keys'],
    ['types compare in ways of their own', 'SELECT max(mood) FROM keys'],
    ['rows are not merged', 'SELECT id FROM keys ORDER BY id LIMIT 3'],
  ])('%s', async (_why, sql) => {
    const plan = await planOf(sql, { factor: 50_000, distinct: true });
    expect(plan.stages.length).toBeGreaterThan(1);
    expect(mergeOf(plan)).toBeUndefined();
  });
});
