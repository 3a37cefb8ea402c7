/**
 * Shuffles between real tabs: answers equal to native DuckDB's, whatever is killed at whatever point, and only what was lost is
 * made again. The coordinator is held at named points or slowed by its pace option; nothing waits on time.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { AttemptPoint, ServingPoint } from '../coordinator/sessions/breakpoints.ts';
import type { Tab } from './browser.ts';
import { orderLinesFile, ordersFile, sideFile } from './data.ts';
import { Gate } from './gate.ts';
import { countersOf, Grid } from './grid.ts';

const points: {
  beforeLease?: ((point: AttemptPoint) => Promise<void>) | undefined;
  afterLease?: ((point: AttemptPoint) => Promise<void>) | undefined;
  afterAccept?: ((point: AttemptPoint & { inline: boolean }) => Promise<void>) | undefined;
  whileServing?: ((point: ServingPoint) => Promise<void>) | undefined;
} = {};

let grid: Grid;

async function start(paceMs: number): Promise<void> {
  grid = await Grid.start({
    paceMs,
    breakpoints: {
      beforeLease: async (point) => points.beforeLease?.(point),
      afterLease: async (point) => points.afterLease?.(point),
      afterAccept: async (point) => points.afterAccept?.(point),
      whileServing: async (point) => points.whileServing?.(point),
    },
  });
  await grid.dataset('lines', await orderLinesFile(600_000));
  await grid.dataset('orders', await ordersFile(150_000));
  await grid.dataset('a', await sideFile(500_000, 0, 1));
  await grid.dataset('b', await sideFile(500_000, 0, 2));
}

afterEach(() => {
  points.beforeLease = undefined;
  points.afterLease = undefined;
  points.afterAccept = undefined;
  points.whileServing = undefined;
});

async function closeTab(tab: Tab): Promise<void> {
  expect(tab.problems).toEqual([]);
  grid.tabs.splice(grid.tabs.indexOf(tab), 1);
  await tab.close();
}

async function tabOf(workerId: string): Promise<Tab> {
  for (const tab of grid.tabs) if ((await tab.workerId()) === workerId) return tab;
  throw new Error(`no tab has the worker ${workerId}`);
}

/**
 * Split by k on both sides, however many slots there are: a full join can't be broadcast. `n` makes a query whose joined blocks no
 * other test has left on the coordinator.
 */
const shuffledJoin = (n: number): string => `SELECT count(*) AS n, count(a.k) AS x, sum(a.v - b.v) AS s, max(a.t || b.t) AS m
  FROM a FULL JOIN b ON a.k = b.k WHERE coalesce(a.v, 0) <> ${n}`;

describe('three tabs', () => {
  beforeAll(async () => {
    await start(0);
    await grid.openTabs(3);
  }, 120_000);
  afterAll(() => grid.close());

  test.each([
    ['join of two large sides', shuffledJoin(1), []],
    ['left join', 'SELECT count(*) AS n, count(b.k) AS m, sum(b.v) AS s FROM a LEFT JOIN b ON a.k = b.k AND a.v < b.v', []],
    ['full join', 'SELECT count(*) AS n, count(a.k) AS x, count(b.k) AS y FROM a FULL JOIN b ON a.k = b.k AND a.v + 5 > b.v', []],
    ['semi join', 'SELECT count(*) AS n, sum(v) AS s FROM a WHERE EXISTS (SELECT 1 FROM b WHERE b.k = a.k AND b.v > a.v)', []],
    ['anti join', 'SELECT count(*) AS n, sum(v) AS s FROM a WHERE NOT EXISTS (SELECT 1 FROM b WHERE b.k = a.k)', []],
    ['not in', 'SELECT count(*) AS n FROM a WHERE k NOT IN (SELECT k FROM b WHERE v % 2 = 0)', []],
    [
      'join with a parent table',
      `SELECT o.priority, count(*) AS n, sum(l.extended_price) AS p FROM lines l JOIN orders o ON l.order_key = o.order_key
       WHERE o.total > 1000 GROUP BY o.priority ORDER BY o.priority`,
      [0],
    ],
    ['many groups', 'SELECT order_key, sum(quantity) AS q FROM lines GROUP BY order_key HAVING sum(quantity) > 180', []],
    ['count distinct', 'SELECT ship_mode, count(DISTINCT part_key) AS n FROM lines GROUP BY ship_mode ORDER BY ship_mode', [0]],
    ['median by group', 'SELECT supplier_key, median(extended_price) AS m FROM lines GROUP BY supplier_key', []],
    [
      'full sort',
      'SELECT extended_price, order_key, line_number FROM lines WHERE tax > 0.06 ORDER BY extended_price DESC, order_key, line_number',
      [0, 1, 2],
    ],
    [
      'window by key',
      `SELECT supplier_key, max(rank) AS ranks, sum(running) AS s FROM (SELECT supplier_key,
         row_number() OVER (PARTITION BY supplier_key ORDER BY order_key, line_number) AS rank,
         sum(quantity) OVER (PARTITION BY supplier_key ORDER BY order_key, line_number) AS running FROM lines) GROUP BY supplier_key`,
      [],
    ],
    ['except', 'SELECT part_key FROM lines WHERE tax = 0.01 EXCEPT SELECT part_key FROM lines WHERE tax = 0.02', []],
    ['intersect', 'SELECT k FROM a WHERE v < 400000 INTERSECT SELECT k FROM b WHERE v > 300000', []],
  ] as const)('%s equals native, and nothing is gathered that need not be', async (_name, sql, orderedBy) => {
    const { difference, job } = await grid.compare(sql, orderedBy);
    expect(difference).toBeUndefined();
    expect((await grid.admin.job(job.jobId).plan()).fallbacks).toEqual([]);
  });

  test('a side of ten rows is never shuffled', async () => {
    const { difference, job } = await grid.compare(
      'SELECT count(*) AS n, sum(a.v) AS s FROM a JOIN (VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9), (10)) t(k) ON a.k = t.k',
    );
    expect(difference).toBeUndefined();
    const plan = await grid.admin.job(job.jobId).plan();
    expect(plan.fallbacks).toEqual([]);
    expect(JSON.stringify(plan.stages)).not.toContain('split by hash');
  });
});

describe('tabs that are killed in the midst of a shuffle', () => {
  beforeAll(() => start(300), 120_000);
  afterAll(() => grid.close());
  afterEach(async () => {
    for (const tab of [...grid.tabs]) await closeTab(tab);
    await grid.until('no workers are left', async () => (await grid.workers()).length === 0);
  });

  /** Runs the join, and kills the tab at the first point that `choose` takes; only blocks that this tab alone had are remade. */
  async function killAt(where: 'afterLease' | 'afterAccept', choose: (point: AttemptPoint) => boolean, n: number): Promise<void> {
    await grid.openTabs(3);
    const reached = new Gate<AttemptPoint>();
    // Also what it still reported while it was being closed: that is lost as well.
    const made = new Map<string, Set<string>>();
    points.afterAccept = async (point) => {
      if (!point.inline) made.set(point.workerId, (made.get(point.workerId) ?? new Set()).add(point.blockId));
      if (where === 'afterAccept' && choose(point)) reached.open(point);
    };
    points.afterLease = async (point) => {
      if (where === 'afterLease' && choose(point)) reached.open(point);
    };
    const comparing = grid.compare(shuffledJoin(n));
    const point = await reached.opened;
    await closeTab(await tabOf(point.workerId));
    const { difference, job } = await comparing;
    expect(difference).toBeUndefined();
    expect(JSON.stringify((await grid.admin.job(job.jobId).plan()).stages)).toContain('split by hash');
    const { attempts, tasksPlanned, tasksReused, recomputes, ended } = countersOf(job);
    expect(recomputes).toBeLessThanOrEqual(made.get(point.workerId)?.size ?? 0);
    expect(attempts).toBe(
      tasksPlanned - tasksReused + recomputes + (ended.input ?? 0) + (ended.released ?? 0) + (ended.died ?? 0),
    );
  }

  test('before the map reports', () => killAt('afterLease', (point) => point.stage === 0, 2));
  test('after the map reported, before its block is committed', () => killAt('afterAccept', (point) => point.stage === 0, 3));
  test('while it serves a slice', async () => {
    await grid.openTabs(3);
    const serving = new Gate<ServingPoint>();
    const killed = new Gate<void>();
    const made = new Map<string, string>();
    points.afterAccept = async (point) => {
      if (!point.inline && point.stage < 2 && point.workerId !== 'coordinator') made.set(point.blockId, point.workerId);
    };
    points.whileServing = async (point) => {
      serving.open(point);
      if (point.sessionId === (await serving.opened).sessionId) await killed.opened;
    };
    const comparing = grid.compare(shuffledJoin(4));
    const { workerId, blockIds } = await serving.opened;
    const held = [...made].flatMap(([blockId, maker]) => (maker === workerId ? [blockId] : []));
    expect(blockIds.length).toBeGreaterThan(0);
    expect(held).toEqual(expect.arrayContaining([...blockIds]));
    const remade = new Set<string>();
    points.afterLease = async (point) => {
      if (point.stage < 2) remade.add(point.blockId);
    };
    await closeTab(await tabOf(workerId));
    await grid.until('the loss is seen', async () => (await grid.workers()).length === 2);
    killed.open();
    const { difference, job } = await comparing;
    expect(difference).toBeUndefined();
    expect(remade).toEqual(new Set(held));
    const { attempts, tasksPlanned, tasksReused, recomputes, ended } = countersOf(job);
    expect(recomputes).toBe(held.length);
    expect(ended.input).toBeGreaterThan(0);
    expect(attempts).toBe(
      tasksPlanned - tasksReused + recomputes + (ended.input ?? 0) + (ended.released ?? 0) + (ended.died ?? 0),
    );
  });

  test('while it reduces', () => killAt('afterLease', (point) => point.stage === 2 && point.workerId !== 'coordinator', 5));
});
