/** All tabs are gone: jobs wait and say so in words, on the page and on the command line; a new tab finishes them. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Tab } from './browser.ts';
import { type Command, muster } from './command.ts';
import { flightsFile } from './data.ts';
import { Gate } from './gate.ts';
import { Grid } from './grid.ts';

const FROM_PAGE = 'SELECT origin, count(*) AS n FROM flights WHERE delay > 200 GROUP BY origin ORDER BY n DESC, origin LIMIT 3';
const FROM_COMMAND = 'SELECT destination, count(*) AS n FROM flights WHERE delay < -20 GROUP BY 1 ORDER BY n DESC, 1 LIMIT 3';

let grid: Grid;
let command: Command | undefined;
/** The last tab closes between the first lease and its message. */
const leased = new Gate<void>();
const held = new Gate<void>();

beforeAll(async () => {
  grid = await Grid.start({
    breakpoints: {
      beforeLease: async () => {
        leased.open();
        await held.opened;
      },
    },
  });
  await grid.dataset('flights', flightsFile());
}, 60_000);

afterAll(async () => {
  command?.kill();
  await grid.close();
});

async function newestJob(besides: readonly string[]): Promise<string> {
  let found: string | undefined;
  await grid.until('the job is accepted', async () => {
    found = (await grid.admin.jobs()).find(({ jobId }) => !besides.includes(jobId))?.jobId;
    return found !== undefined;
  });
  return found ?? '';
}

/** Waits until the page shows a text that fits. */
async function pageSays(tab: Tab, selector: string, pattern: RegExp): Promise<void> {
  await tab.page.locator(selector).filter({ hasText: pattern }).first().waitFor({ timeout: 20_000 });
}

async function nativeRows(sql: string): Promise<string[][]> {
  return (await grid.native.query(sql)).result.rows.map((row) => row.map(String));
}

/** The cells below the line of a drawn table. */
function drawnRows(stdout: string): string[][] {
  const lines = stdout.trimEnd().split('\n');
  return lines
    .slice(lines.findIndex((line) => line.includes('─┼─')) + 1)
    .map((line) => line.split('│').map((cell) => cell.trim()));
}

test('a running job and a queued one wait when the last tab closes, say so in words, and a new tab finishes them', async () => {
  const [tab] = (await grid.openTabs(1)) as [Tab];
  const dashboard = await grid.openTab({ url: `${grid.url}/dashboard` });
  await dashboard.page.fill('[data-test=sql]', FROM_PAGE);
  await dashboard.page.click('[data-test=run]');
  const ofPage = await newestJob([]);
  command = muster('sql', '--url', grid.url, '--data-dir', grid.dataDir, FROM_COMMAND);
  const ofCommand = await newestJob([ofPage]);
  await leased.opened;

  await tab.close();
  await grid.until('no tab is left', async () => (await grid.workers()).length === 0);
  held.open();
  await pageSays(dashboard, '#outcome', /Waiting for tabs.*open the volunteer page/s);
  await pageSays(dashboard, '[data-test=health]', /waiting for tabs/);
  await pageSays(dashboard, '[data-test=jobs]', /waiting.*no worker is connected/s);
  const [said] = await command.says(/^Waiting: no worker .*$/m);
  expect(said).toContain('open the volunteer page');
  expect(said).toContain('muster worker');
  for (const jobId of [ofPage, ofCommand]) expect((await grid.admin.job(jobId).status()).state).toBe('waiting');

  const next = await grid.openTab();
  await next.join({ slots: 1, sharePercent: 100 });
  const { code, stdout, stderr } = await command.ended;
  expect(code, stderr).toBe(0);
  expect(drawnRows(stdout)).toEqual(await nativeRows(FROM_COMMAND));
  expect(stderr).toContain('(3 rows');
  await pageSays(dashboard, '[data-test=summary]', /3 rows/);
  const shown = await dashboard.page
    .locator('[data-test=result] tbody tr')
    .evaluateAll((rows) => rows.map((row) => Array.from(row.querySelectorAll('td'), (cell) => cell.textContent ?? '')));
  expect(shown).toEqual(await nativeRows(FROM_PAGE));
  expect(await dashboard.page.locator('#outcome').textContent()).not.toMatch(/waiting/i);
  for (const { problems } of [tab, dashboard, next]) expect(problems).toEqual([]);
}, 60_000);
