/**
 * Tabs that go and come back in the middle of a job: reloaded, duplicated, closed beside another of their profile, frozen. What they
 * had stored is used again; what is counted comes from the job's story.
 */
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import type { AttemptPoint } from '../coordinator/sessions/breakpoints.ts';
import type { Tab } from './browser.ts';
import { orderLinesFile } from './data.ts';
import { Gate } from './gate.ts';
import { countersOf, Grid } from './grid.ts';
import { JumpClock } from './jump-clock.ts';
import type { RawTab } from './raw-tab.ts';

/** Stage 0 leaves large blocks in the tabs; stage 1 reads them all. `n` makes a query whose blocks no other test has made. */
const query = (n: number): string =>
  `SELECT order_key, supplier_key, tax FROM lines WHERE quantity > ${n} ORDER BY supplier_key, order_key, tax LIMIT 200000`;
/** Machines that run tests may be busy. */
const PATIENT = { timeout: 15_000 };
/** How long a frozen tab stays away, on the coordinator's clock: far beyond what a session or a lease may be silent. */
const FROZEN_MS = 60_000;
const JOIN = { slots: 1, sharePercent: 100 } as const;

const clock = new JumpClock();
let grid: Grid;
/** Stages after the first wait before their leases go out, until the test opens this. */
let held: Gate<void>;
let reached: Gate<void>;
const rawTabs: RawTab[] = [];
/** Non-inline blocks of stage 0, by the worker that made them. */
const made = new Map<string, string>();

beforeAll(async () => {
  grid = await Grid.start({
    localSlot: false,
    clock,
    breakpoints: {
      beforeLease: async ({ stage }: AttemptPoint) => {
        if (stage === 0) return;
        reached.open();
        await held.opened;
      },
      afterAccept: async (point) => {
        if (!point.inline && point.stage === 0) made.set(point.blockId, point.workerId);
      },
    },
  });
  await grid.dataset('lines', await orderLinesFile(600_000));
}, 120_000);

afterAll(() => grid.close());

beforeEach(() => {
  held = new Gate();
  reached = new Gate();
  made.clear();
});

afterEach(async () => {
  held.open();
  for (const tab of grid.tabs.splice(0)) {
    expect(tab.problems).toEqual([]);
    await tab.close();
  }
  for (const tab of rawTabs.splice(0)) await tab.close();
  await grid.until('no workers are left', async () => (await grid.workers()).length === 0);
});

async function openTab(): Promise<Tab> {
  const [tab] = await grid.openTabs(1);
  if (!tab) throw new Error('a tab was opened');
  return tab;
}

/** For what Playwright's own pages can't do. */
async function openRawTab(): Promise<RawTab> {
  const tab = await grid.openRawTab();
  rawTabs.push(tab);
  await expect.poll(() => tab.evaluate('document.querySelector("[data-test=join]")?.disabled'), PATIENT).toBe(false);
  await tab.evaluate('document.querySelector("[data-test=join]").click()');
  await grid.until('it has joined', async () => (await grid.workers()).some((w) => w.state === 'idle'));
  return tab;
}

/** All of the profile's outputs are on its disk: what is written behind the reports has been written. */
async function committed(tab: Tab | RawTab): Promise<void> {
  await expect.poll(async () => new Set(await tab.committedOutputs()), PATIENT).toEqual(new Set(made.keys()));
}

/** The answer is right, and nothing was computed twice. */
async function nothingRemade(comparing: ReturnType<Grid['compare']>): Promise<void> {
  held.open();
  const { difference, job } = await comparing;
  expect(difference).toBeUndefined();
  expect(countersOf(job).recomputes).toBe(0);
  const leased = grid.story(job.jobId).filter((line) => line.what === 'attemptLeased');
  expect(leased.filter((line) => line.detail?.cause === 'recompute')).toEqual([]);
}

test('a tab reloaded between stages: its committed blocks are used, not remade', async () => {
  const tab = await openTab();
  const comparing = grid.compare(query(10), [1]);
  await reached.opened;
  expect(made.size).toBeGreaterThan(0);
  await committed(tab);
  const before = await tab.workerId();
  await tab.page.reload();
  await grid.until('the loss is seen', async () => (await grid.workers()).length === 0);
  await tab.join(JOIN);
  expect(await tab.workerId()).toBe(before);
  await nothingRemade(comparing);
}, 60_000);

test('a tab frozen for 60 s in mid-job: thawed, it comes back with its blocks, and none is remade', async () => {
  const tab = await openRawTab();
  const comparing = grid.compare(query(11), [1]);
  await reached.opened;
  await committed(tab);
  expect(made.size).toBeGreaterThan(0);
  await tab.freeze();
  clock.jump(FROZEN_MS);
  await grid.until('the coordinator gives it up', async () => (await grid.workers()).length === 0);
  await tab.thaw();
  await grid.until('it is back with its blocks', async () =>
    (await grid.workers()).some((w) => w.state !== 'paused' && w.blocks === made.size),
  );
  await nothingRemade(comparing);
}, 60_000);

test('a tab frozen in mid-run lets go of its attempt, and works again when it is thawed', async () => {
  const tab = await openRawTab();
  const job = await grid.sql('SELECT count(*) AS n FROM range(100000) a, range(100000) b WHERE (a.range * b.range) % 7 = 3');
  onTestFinished(() => job.cancel());
  await expect
    .poll(() => tab.evaluate('document.querySelector("[data-state]")?.getAttribute("data-state")'), PATIENT)
    .toBe('working');
  await tab.freeze();
  // At once where the link still got to say so; on a busy machine when the coordinator misses its heartbeats.
  const endedAttempts = async (): Promise<number> => {
    const { released = 0, died = 0 } = countersOf(await job.status()).ended;
    return released + died;
  };
  await grid.until('its attempt has ended', async () => (await endedAttempts()) > 0);
  await grid.until('it is asked for nothing', async () => (await grid.workers()).every((w) => w.state === 'paused'));
  await tab.thaw();
  await grid.until('it runs again', async () => (await grid.workers()).some((w) => w.busySlots > 0));
}, 60_000);

test("a tab's database is deleted in mid-job: what is gone is made again, and the answer is right", async () => {
  const tab = await openTab();
  const comparing = grid.compare(query(13), [1]);
  await reached.opened;
  await committed(tab);
  await tab.page.evaluate(
    () =>
      new Promise<void>((done, failed) => {
        const request = indexedDB.deleteDatabase('muster');
        request.onsuccess = () => done();
        request.onerror = () => failed(request.error);
      }),
  );
  held.open();
  const { difference, job } = await comparing;
  expect(difference).toBeUndefined();
  expect(countersOf(job).recomputes).toBeLessThanOrEqual(made.size);
  expect(await tab.state()).toMatch(/idle|working/);
}, 60_000);

test('of two tabs of one profile one closes: the other serves what it had stored', async () => {
  const tab = await openTab();
  const comparing = grid.compare(query(12), [1]);
  await reached.opened;
  await committed(tab);
  const sibling = await tab.sibling();
  await sibling.join(JOIN);
  expect(await grid.workers()).toHaveLength(2);
  expect(await sibling.workerId()).not.toBe(await tab.workerId());
  await tab.closePage();
  await grid.until('one is gone', async () => (await grid.workers()).length === 1);
  expect(await sibling.state()).toMatch(/idle|working/);
  await nothingRemade(comparing);
  expect(sibling.problems).toEqual([]);
}, 60_000);

test('a duplicated tab is a worker of its own, and the first one stays', async () => {
  const tab = await openTab();
  const name = await tab.workerId();
  const copy = await tab.sibling({ copy: true });
  expect(await copy.workerId()).toBe(name);
  await copy.join(JOIN);
  const names = (await grid.workers()).map((w) => w.workerId);
  expect(new Set(names).size).toBe(2);
  expect(names).toContain(name);
  expect(await tab.workerId()).toBe(name);
  expect(await copy.workerId()).not.toBe(name);
  held.open();
  const { difference } = await grid.compare('SELECT count(*) AS n FROM lines WHERE tax > 0.03');
  expect(difference).toBeUndefined();
}, 60_000);
