/** The coordinator is killed in the middle of a job of real tabs: they come back by themselves, with what they hold and what they run. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser, Tab } from './browser.ts';
import { orderLinesFile } from './data.ts';
import { MortalGrid, redoneOf } from './mortal-grid.ts';

const SQL =
  'SELECT order_key, count(*) AS n, sum(quantity) AS q FROM lines GROUP BY order_key ORDER BY q DESC, order_key LIMIT 400';

let grid: MortalGrid;
let browser: Browser;
const tabs: Tab[] = [];

beforeAll(async () => {
  grid = await MortalGrid.start(['--pace', '400']);
  await grid.dataset('lines', await orderLinesFile(600_000));
  browser = await launchBrowser();
  for (let i = 0; i < 2; i++) {
    const tab = await Tab.open(browser, { url: `${grid.url}/` });
    await tab.join({ slots: 1, sharePercent: 100 });
    tabs.push(tab);
  }
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await grid?.close();
});

test('tabs whose coordinator was killed go on where they were, without a reload', async () => {
  const names = await Promise.all(tabs.map((tab) => tab.workerId()));
  const { id } = await grid.admin.sql(SQL);
  await grid.until('some of its tasks are done', async () => ((await grid.job(id)).stages[0]?.done ?? 0) > 1);
  await grid.crash();
  expect(await grid.differs(id, SQL, [2, 0])).toBeUndefined();
  expect((await grid.admin.workers()).map((worker) => worker.workerId).sort()).toEqual(names.sort());
  expect(redoneOf(await grid.job(id)).recomputes).toBeLessThanOrEqual(1);
  for (const tab of tabs) {
    expect(await tab.state()).toMatch(/idle|working/);
    expect(tab.problems).toEqual([]);
  }
}, 60_000);
