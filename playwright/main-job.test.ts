/**
 * The main job on real tabs: answers equal to native DuckDB's, also when tabs close, pause or are not there. Tests hold the
 * coordinator at named points and wait on states, never on time.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { AttemptPoint } from '../coordinator/sessions/breakpoints.ts';
import { airportsFile, flightsFile, orderLinesFile } from './data.ts';
import { Gate } from './gate.ts';
import { countersOf, Grid } from './grid.ts';

/** What the current test wants to happen at the coordinator's named points. */
const points: {
  beforeLease?: ((point: AttemptPoint) => Promise<void>) | undefined;
  afterLease?: ((point: AttemptPoint) => Promise<void>) | undefined;
  afterAccept?: ((point: AttemptPoint & { inline: boolean }) => Promise<void>) | undefined;
} = {};

let grid: Grid;

beforeAll(async () => {
  grid = await Grid.start({
    breakpoints: {
      beforeLease: async (point) => points.beforeLease?.(point),
      afterLease: async (point) => points.afterLease?.(point),
      afterAccept: async (point) => points.afterAccept?.(point),
    },
  });
  await grid.dataset('flights', flightsFile());
  await grid.dataset('airports', airportsFile());
  await grid.dataset('lines', await orderLinesFile(600_000));
}, 120_000);

afterAll(() => grid.close());

beforeEach(() => {
  points.beforeLease = undefined;
  points.afterLease = undefined;
  points.afterAccept = undefined;
});

async function closeTabs(): Promise<void> {
  for (const tab of grid.tabs.splice(0)) {
    expect(tab.problems).toEqual([]);
    await tab.close();
  }
  await grid.until('no workers are left', async () => (await grid.workers()).length === 0);
}

describe('two tabs', () => {
  beforeAll(async () => {
    await grid.openTabs(2);
  }, 60_000);
  afterAll(closeTabs);

  test.each([
    ['count', 'SELECT count(*) AS n FROM flights', []],
    [
      'join with a small side',
      `SELECT a.name, count(*) AS n, avg(f.delay) AS mean, min(f.date) AS first
       FROM flights f JOIN airports a ON f.origin = a.iata WHERE f.distance > 500 GROUP BY a.name ORDER BY n DESC, a.name LIMIT 10`,
      [1, 0],
    ],
    ['distinct', 'SELECT DISTINCT destination FROM flights WHERE delay > 300', []],
    [
      'pricing summary',
      `SELECT return_flag, line_status, sum(quantity) AS q, sum(extended_price) AS p,
         sum(extended_price * (1 - discount)) AS d, avg(discount) AS a, count(*) AS n
       FROM lines WHERE ship_date <= DATE '1998-09-02' GROUP BY ALL ORDER BY ALL`,
      [0, 1],
    ],
    [
      'union all, values and top-N',
      `SELECT k, v FROM (SELECT origin AS k, delay AS v FROM flights WHERE delay > 1000
         UNION ALL SELECT destination, delay FROM flights WHERE delay < -500 UNION ALL VALUES ('none', 0)) ORDER BY v DESC, k LIMIT 7`,
      [1, 0],
    ],
    [
      'full sort gathers and is right',
      'SELECT order_key, comment FROM lines WHERE quantity = 50 AND discount = 0 ORDER BY comment, order_key',
      [1, 0],
    ],
  ] as const)('%s equals native', async (_name, sql, orderedBy) => {
    const { difference } = await grid.compare(sql, orderedBy);
    expect(difference).toBeUndefined();
  });

  test('a query over 2 of 14 columns moves only those, and again with other literals nothing at all', async () => {
    const read = ['tax', 'commit_date'];
    const query = (from: string): string =>
      `SELECT sum(tax) AS t, count(*) AS n FROM lines WHERE commit_date >= DATE '${from}' AND commit_date < DATE '${from}' + 30`;
    const all = await grid.admin.datasets.get('lines');
    expect(all.schema).toHaveLength(14);
    const first = await grid.compare(query('1994-03-01'));
    expect(first.difference).toBeUndefined();
    // DECIMAL(15,2) travels as 16 bytes a row, DATE as 4; headers and padding are a few KiB a chunk.
    const twoColumns = all.rows * (16 + 4);
    const { bytesLoaded, bytesMoved } = countersOf(first.job);
    expect(bytesLoaded, `${read}`).toBeGreaterThanOrEqual(twoColumns);
    expect(bytesLoaded).toBeLessThan(twoColumns * 1.02);
    expect(bytesMoved).toBeGreaterThan(0);
    expect(bytesMoved).toBeLessThan(twoColumns);
    const other = await grid.compare(query('1995-07-01'));
    expect(other.difference).toBeUndefined();
    const { tasksReused, ...again } = countersOf(other.job);
    expect(tasksReused).toBe(0);
    expect(again.bytesMoved).toBe(0);
    // The final stage loads what the first one made; of the dataset's chunks nothing is loaded.
    const made = other.job.stages.reduce((bytes, stage) => bytes + stage.bytes, 0);
    expect(again.bytesLoaded).toBeLessThanOrEqual(made);
  });

  test('the same query again is answered from blocks that are there', async () => {
    const sql = 'SELECT count(*) AS n, max(delay) AS worst FROM flights WHERE distance < 200';
    await grid.compare(sql);
    const again = await grid.compare(sql);
    expect(again.difference).toBeUndefined();
    expect(countersOf(again.job).attempts).toBe(0);
  });

  test('cancel frees the slots', async () => {
    const leased = new Gate<AttemptPoint>();
    points.afterLease = async (point) => leased.open(point);
    const job = await grid.sql('SELECT count(*) AS n FROM range(100000) a, range(100000) b WHERE (a.range * b.range) % 7 = 3');
    await leased.opened;
    await grid.until('the slot computes', async () => (await grid.workers()).some((w) => w.busySlots > 0));
    const began = performance.now();
    await job.cancel();
    await grid.until('no slot is busy', async () => (await grid.workers()).every((w) => w.busySlots === 0));
    expect(performance.now() - began).toBeLessThan(1_000);
    expect((await job.status()).state).toBe('cancelled');
    const { difference } = await grid.compare('SELECT count(*) AS n FROM flights WHERE delay = 17');
    expect(difference).toBeUndefined();
  });

  test('pause hands the running attempt back and the tab still serves its blocks', async () => {
    const [first, second] = grid.tabs;
    if (!first || !second) throw new Error('two tabs are open');
    const held = new Gate<void>();
    const produced = new Map<string, string>();
    const reached = new Gate<AttemptPoint>();
    points.afterAccept = async (point) => {
      if (!point.inline) produced.set(point.blockId, point.workerId);
    };
    // Stage 2 waits before its lease, so that stage 1's blocks lie in both tabs when one of them is paused.
    points.beforeLease = async (point) => {
      if (point.stage === 0) return;
      reached.open(point);
      await held.opened;
    };
    const sql =
      'SELECT order_key, part_key, comment FROM lines WHERE discount < 0.09 ORDER BY part_key, order_key, comment LIMIT 150000';
    const comparing = grid.compare(sql, [1]);
    const point = await reached.opened;
    expect(new Set(produced.values()).size).toBe(2);
    const workers = await grid.workers();
    const consumer = point.workerId;
    const other = workers.find((w) => w.workerId !== consumer);
    const pausedTab = await tabOf(other?.workerId ?? '');
    await pausedTab.page.click('[data-test=pause]');
    await pausedTab.waitForState(/^paused$/);
    held.open();
    const { difference, job } = await comparing;
    expect(difference).toBeUndefined();
    expect(countersOf(job).recomputes).toBe(0);
    // Now the running attempt: the remaining tab computes for long, is paused, and hands it back within a second.
    points.beforeLease = undefined;
    const running = await grid.sql(
      'SELECT count(*) AS n FROM range(100000) a, range(100000) b WHERE (a.range * b.range) % 7 = 5',
    );
    await grid.until('it runs', async () => (await grid.workers()).some((w) => w.busySlots > 0));
    const busy = await tabOf((await grid.workers()).find((w) => w.busySlots > 0)?.workerId ?? '');
    const began = performance.now();
    await busy.page.click('[data-test=pause]');
    await grid.until('it was handed back', async () => (countersOf(await running.status()).ended.released ?? 0) > 0);
    expect(performance.now() - began).toBeLessThan(1_000);
    expect((await running.status()).state).not.toBe('failed');
    await running.cancel();
    for (const tab of [first, second]) {
      // The page is told some moments after the coordinator.
      await tab.waitForState(/^paused$/);
      await tab.page.click('[data-test=resume]');
      await tab.waitForState(/^idle$/);
    }
  });

  async function tabOf(workerId: string) {
    for (const tab of grid.tabs) {
      if ((await tab.workerId()) === workerId) return tab;
    }
    throw new Error(`no tab has the worker ${workerId}`);
  }
});

describe('tabs that close', () => {
  afterAll(closeTabs);

  test('a tab closed between stages: its sole blocks are made again, and only those', async () => {
    await grid.openTabs(2);
    const held = new Gate<void>();
    const reached = new Gate<AttemptPoint>();
    const made = new Map<string, string>();
    points.afterAccept = async (point) => {
      if (!point.inline && point.stage === 0) made.set(point.blockId, point.workerId);
    };
    points.beforeLease = async (point) => {
      if (point.stage === 0) return;
      reached.open(point);
      await held.opened;
    };
    const sql =
      'SELECT order_key, supplier_key, tax FROM lines WHERE quantity > 10 ORDER BY supplier_key, order_key, tax LIMIT 200000';
    const comparing = grid.compare(sql, [1]);
    const point = await reached.opened;
    const victimId = [...made.values()].find((workerId) => workerId !== point.workerId);
    expect(victimId).toBeDefined();
    const lostBlocks = [...made.values()].filter((workerId) => workerId === victimId).length;
    for (const tab of grid.tabs) {
      if ((await tab.workerId()) === victimId) {
        const began = performance.now();
        await tab.close();
        grid.tabs.splice(grid.tabs.indexOf(tab), 1);
        await grid.until('the loss is seen', async () => (await grid.workers()).length === 1);
        expect(performance.now() - began).toBeLessThan(1_000);
        break;
      }
    }
    points.beforeLease = undefined;
    held.open();
    const { difference, job } = await comparing;
    expect(difference).toBeUndefined();
    const { attempts, tasksPlanned, tasksReused, recomputes, ended } = countersOf(job);
    expect(recomputes).toBe(lostBlocks);
    expect(attempts).toBe(
      tasksPlanned - tasksReused + recomputes + (ended.input ?? 0) + (ended.released ?? 0) + (ended.died ?? 0),
    );
    const why = grid.story(job.jobId).filter((line) => line.what === 'attemptLeased' && line.detail?.cause === 'recompute');
    expect(why).toHaveLength(lostBlocks);
  });

  test('with all tabs gone the job waits and says so; a new tab finishes it', async () => {
    await closeTabs();
    const sql = 'SELECT origin, count(*) AS n FROM flights WHERE delay > 60 GROUP BY origin';
    const job = await grid.sql(sql);
    await grid.until('it says that it waits', async () => /tab|worker/i.test((await job.status()).waitingFor ?? ''));
    expect((await job.status()).state).toBe('waiting');
    await grid.openTabs(1);
    const { difference } = await grid.compare(sql);
    expect(difference).toBeUndefined();
    expect((await job.wait()).state).toBe('successful');
  });
});
