/** The dashboard's code box with the real compiler and a real tab: an error at its line, then an answer, its logs, and a failing job. */
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../client/index.ts';
import type { Tab } from './browser.ts';
import { airportsFile, flightsFile } from './data.ts';
import { Grid } from './grid.ts';

const SHOTS = join(tmpdir(), 'muster-screenshots');
let grid: Grid;
let dashboard: Tab;
let page: Page;

beforeAll(async () => {
  mkdirSync(SHOTS, { recursive: true });
  grid = await Grid.start();
  await grid.dataset('flights', flightsFile());
  await grid.dataset('airports', airportsFile());
  await grid.openTabs(1);
  dashboard = await grid.openTab({ url: `${grid.url}/dashboard` });
  page = dashboard.page;
  await page.waitForSelector('[data-test=datasets] li');
  await page.click('[data-test=mode-code]');
}, 60_000);

afterAll(async () => {
  const problems = grid?.tabs.flatMap((tab) => tab.problems) ?? [];
  await grid?.close();
  expect(problems).toEqual([]);
});

async function words(selector: string): Promise<string> {
  return ((await page.textContent(selector)) ?? '').replace(/\s+/g, ' ').trim();
}

async function shot(name: string): Promise<void> {
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 844 });
    await page.screenshot({ path: join(SHOTS, `${name}-${width}.png`), fullPage: true });
    const sideways = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(sideways, `${name} scrolls sideways at ${width} px`).toBe(0);
  }
  await page.setViewportSize({ width: 1280, height: 800 });
}

async function firstRow(): Promise<readonly string[]> {
  await page.waitForSelector('[data-test=result] tbody tr', { timeout: 25_000 });
  return page.locator('[data-test=result] tbody tr').first().locator('td').allTextContents();
}

test('a source that does not compile is marked at its line; corrected, it runs', async () => {
  const good = await page.inputValue('[data-test=source]');
  const wrong = good.replace('x.get<f64>(row)', 'x.get<f64>(rwo)');
  const before = wrong.slice(0, wrong.indexOf('rwo')).split('\n');
  const [line, column] = [before.length, (before.at(-1)?.length ?? 0) + 1];
  await page.fill('[data-test=source]', wrong);
  await page.click('[data-test=run-code]');
  await page.waitForSelector('[data-test=diagnostics] li');
  expect(await words('[data-test=diagnostics]')).toContain(`line ${line}, column ${column}`);
  expect(await words('[data-test=diagnostics]')).toContain("Cannot find name 'rwo'");
  expect(await words('[data-test=diagnostics] mark')).toBe('rwo');
  expect(await words('.gutter .bad-line')).toBe(String(line));
  await shot('code-box-error');
  await page.click('[data-test=diagnostics] button');
  const caret = await page.evaluate(() => (document.activeElement as HTMLTextAreaElement).selectionStart);
  expect(caret).toBe(wrong.indexOf('rwo'));

  await page.fill('[data-test=source]', good);
  expect(await page.locator('[data-test=diagnostics]').count()).toBe(0);
  await page.press('[data-test=source]', 'Control+Enter');
  // 1² + 2² + … + n² = n (n + 1) (2n + 1) / 6
  expect(await firstRow()).toEqual(['100000', String((1e5 * (1e5 + 1) * (2e5 + 1)) / 6)]);
  await expect.poll(() => words('[data-test=jobs]')).toContain('map with square (AssemblyScript)');
}, 60_000);

test('the same source is not compiled again, and rows that are left out are had from the job', async () => {
  const compiled: string[] = [];
  page.on('request', (request) => {
    if (request.method() === 'POST' && request.url().endsWith('/v1/modules')) compiled.push(request.url());
  });
  await page.fill('[data-test=then]', '');
  await page.click('[data-test=run-code]');
  await expect
    .poll(() => words('[data-test=all-rows]').catch(() => ''), { timeout: 20_000 })
    .toMatch(/GET \/v1\/jobs\/job-\w+\/result\?format=csv$/);
  await shot('code-box-more');
  expect(compiled).toEqual([]);
  const { modules } = connect(grid.url);
  for (const { digest } of await modules.list()) await modules.delete(digest);
  await page.fill('[data-test=then]', 'SELECT count(*), sum(square) FROM output');
  await page.click('[data-test=run-code]');
  await expect.poll(firstRow, { timeout: 20_000 }).toEqual(['100000', expect.any(String)]);
  expect(compiled).toHaveLength(1);
}, 60_000);

test('samples run on the demo’s data and equal SQL; what code logs is shown', async () => {
  await page.click('[data-test=sample]:text("How late")');
  await page.click('[data-test=run-code]');
  await expect.poll(() => words('[data-test=logs]').catch(() => ''), { timeout: 20_000 }).toMatch(/this partition has \d+ steps/);
  const sql = `SELECT CAST(floor(delay / 15) * 15 AS INTEGER) AS minutes, count(*) AS flights FROM flights
    WHERE delay IS NOT NULL GROUP BY minutes ORDER BY flights DESC LIMIT 1`;
  expect(await firstRow()).toEqual((await grid.native.query(sql)).result.rows[0]?.map(String));
  await shot('code-box-result');

  await page.click('[data-test=sample]:text("Words")');
  await page.click('[data-test=run-code]');
  await expect.poll(() => firstRow(), { timeout: 20_000 }).toEqual(['municipal', expect.stringMatching(/^\d+$/)]);
}, 60_000);

test('the job’s own error, and what is missing, stand where they belong', async () => {
  await page.fill('[data-test=source]', "export const words = ({ name }) => { throw new Error('no words for ' + name); };");
  await page.click('[data-test=run-code]');
  await page.waitForSelector('[data-test=problem]');
  expect(await words('[data-test=problem]')).toContain('no words for');
  expect(await words('[data-test=problem]')).toContain('words (JavaScript) failed in the relation output');
  await shot('code-box-failed');
  await page.fill('[data-test=schema]', 'word');
  await page.click('[data-test=run-code]');
  expect(await words('[data-test=missing]')).toContain('word has no type'.replace('word', '“word”'));
  expect(await page.locator('[data-test=problem]').count()).toBe(0);
  await page.fill('[data-test=schema]', 'word VARCHAR');
  await page.fill('[data-test=then]', 'SELECT wort FROM output');
  await page.click('[data-test=run-code]');
  await expect.poll(() => words('[data-test=problem]')).toMatch(/1 \| SELECT wort FROM output.*in the relation answer/);
}, 60_000);

test('a relation that another client cached appears by itself, and is let go with a click', async () => {
  expect(await page.locator('[data-test=relations]').count()).toBe(0);
  const kept = connect(grid.url).table('airports').select({ place: 'state' }).cache();
  await kept.count();
  await expect
    .poll(() => words('[data-test=relations] li').catch(() => ''), { timeout: 20_000 })
    .toMatch(/3,376 rows .* by local.*in 1 tab/);
  await page.click('[data-test=let-go]');
  await page.waitForSelector('[data-test=relations]', { state: 'detached' });
  expect((await connect(grid.url).cache()).relations).toEqual([]);
}, 60_000);
