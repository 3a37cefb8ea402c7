/**
 * Both pages as they are built and served, with the real grid behind them, on a desktop and on a phone: nothing is loaded before
 * consent, every word and control is there, nothing breaks our policy, logs an error or scrolls sideways. Screenshots land in the
 * temporary folder that the last line names.
 */
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser } from './browser.ts';
import { flightsFile } from './data.ts';
import { Grid } from './grid.ts';

const SHOTS = join(tmpdir(), 'muster-screenshots');
const LOOKS = [
  { width: 1280, height: 860 },
  { width: 390, height: 844 },
] as const;
/** What joining needs and reading the page does not: the client with its engine, and the grid itself. */
const AFTER_CONSENT = /join-grid|browser-entry|duckdb|\.wasm|\/v1\//;

let grid: Grid;
let browser: Browser;
let onPage: PageWatch | undefined;

beforeAll(async () => {
  mkdirSync(SHOTS, { recursive: true });
  grid = await Grid.start();
  await grid.dataset('flights', flightsFile());
  browser = await launchBrowser();
}, 60_000);

afterEach(async () => {
  await onPage?.close();
  onPage = undefined;
  for (const tab of grid.tabs.splice(0)) await tab.close();
  await grid.until('no tab is left', async () => (await grid.workers()).length === 0);
});

afterAll(async () => {
  await browser?.close();
  await grid?.close();
  console.log(`screenshots: ${SHOTS}`);
});

/** A page of its own profile, with all that it loads and all that goes wrong on it from the first moment. */
class PageWatch {
  readonly page: Page;
  readonly requests: string[] = [];
  readonly sockets: string[] = [];
  readonly workers: string[] = [];
  readonly problems: string[] = [];
  readonly #width: number;

  private constructor(page: Page, width: number) {
    this.page = page;
    this.#width = width;
    page.on('request', (request) => this.requests.push(request.url()));
    page.on('websocket', (socket) => this.sockets.push(socket.url()));
    page.on('worker', (worker) => this.workers.push(worker.url()));
    page.on('pageerror', (error) => this.problems.push(`page error: ${error.message}`));
    page.on('console', (message) => {
      if (message.type() === 'error' || /Content.Security.Policy|Refused to/i.test(message.text())) {
        this.problems.push(`console: ${message.text()}`);
      }
    });
    page.on('requestfailed', (request) => this.problems.push(`not loaded: ${request.url()} ${request.failure()?.errorText}`));
  }

  static async open(path: string, viewport: (typeof LOOKS)[number]): Promise<PageWatch> {
    const context = await browser.newContext({ viewport, isMobile: viewport.width < 600 });
    const watch = new PageWatch(await context.newPage(), viewport.width);
    onPage = watch;
    await watch.page.goto(`${grid.url}${path}`);
    return watch;
  }

  async shot(name: string): Promise<void> {
    await this.page.screenshot({ path: join(SHOTS, `${name}-${this.#width}.png`), fullPage: true });
    const sideways = await this.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(sideways, `${name} scrolls sideways at ${this.#width} px`).toBe(0);
  }

  async words(selector = '#app'): Promise<string> {
    return ((await this.page.textContent(selector)) ?? '').replace(/\s+/g, ' ');
  }

  /** What the profile keeps of this site. */
  stored(): Promise<{ readonly databases: number; readonly items: number }> {
    return this.page.evaluate(async () => ({
      databases: (await indexedDB.databases()).length,
      items: localStorage.length + sessionStorage.length,
    }));
  }

  waitForState(state: RegExp): Promise<unknown> {
    return this.page.waitForFunction(
      (pattern) => new RegExp(pattern).test(document.querySelector('[data-state]')?.getAttribute('data-state') ?? ''),
      state.source,
      { timeout: 25_000 },
    );
  }

  close(): Promise<void> {
    return this.page.context().close();
  }
}

describe.each(LOOKS)('at $width px', (look) => {
  test('the volunteer reads, agrees, lends, pauses and leaves; nothing is loaded before', async () => {
    const watch = await PageWatch.open('/', look);
    const { page } = watch;
    await page.waitForSelector('[data-test=join]');
    await page.waitForLoadState('networkidle');
    const consent = await watch.words();
    for (const words of [
      'Nothing has started yet',
      'What runs',
      'DuckDB',
      'What is downloaded',
      'What is stored',
      'What is sent back',
      'What is never seen or sent',
      'pausing takes effect within a second',
    ]) {
      expect(consent).toContain(words);
    }
    expect(consent, 'how much is downloaded and stored').toMatch(/[\d.]+ MB.*up to [\d.]+ [MG]B/);
    expect(watch.requests.filter((url) => AFTER_CONSENT.test(url))).toEqual([]);
    expect(watch.requests.every((url) => url.startsWith(grid.url) || url.startsWith('data:'))).toBe(true);
    expect([watch.sockets, watch.workers]).toEqual([[], []]);
    expect(await watch.stored()).toEqual({ databases: 0, items: 0 });
    expect(await grid.workers()).toEqual([]);
    await watch.shot('volunteer-consent');

    await page.locator('[data-test=slots]').fill('1');
    await page.locator('[data-test=share]').fill('100');
    await page.click('[data-test=join]');
    await watch.waitForState(/^idle$/);
    expect(watch.requests.some((url) => /duckdb.*\.wasm/.test(url))).toBe(true);
    expect(await grid.workers()).toHaveLength(1);
    const { difference } = await grid.compare(`SELECT count(*) AS n FROM flights WHERE delay > ${look.width}`);
    expect(difference).toBeUndefined();
    await page.waitForFunction(() => Number(document.querySelector('[data-test=tasks-done]')?.textContent) > 0);
    const joined = await watch.words();
    for (const words of [
      'What this tab did',
      'CPU seconds',
      'Pause now',
      'Finish, then pause',
      'Leave and delete cached blocks',
    ]) {
      expect(joined).toContain(words);
    }
    await watch.shot('volunteer-joined');

    await page.click('[data-test=pause]');
    await watch.waitForState(/^paused$/);
    await watch.shot('volunteer-paused');
    await page.click('[data-test=resume]');
    await watch.waitForState(/^idle$/);
    await page.click('[data-test=leave-delete]');
    await watch.waitForState(/^left$/);
    expect(await watch.words()).toContain('Thank you');
    expect(await watch.words()).toContain('have been deleted from this browser');
    await grid.until('the tab is gone', async () => (await grid.workers()).length === 0);
    await watch.shot('volunteer-left');
    expect(watch.problems).toEqual([]);
  }, 60_000);

  test('the dashboard shows tabs, jobs and datasets, and answers a query with its plan', async () => {
    const watch = await PageWatch.open('/dashboard', look);
    const { page } = watch;
    await page.waitForSelector('[data-test=datasets] li');
    const empty = await watch.words();
    for (const words of ['Tabs', 'Jobs', 'Datasets', 'Nobody is here yet', 'waiting for tabs', 'flights', 'no block was lost']) {
      expect(empty).toContain(words);
    }
    await watch.shot('dashboard-empty');

    const tab = await grid.openTab();
    await tab.join({ slots: 1, sharePercent: 100 });
    await page.waitForSelector('[data-test=workers] li');
    const sql = `SELECT origin, count(*) AS n, avg(delay) AS mean FROM flights WHERE distance > ${look.width}
      GROUP BY origin ORDER BY n DESC, origin LIMIT 20`;
    await page.fill('[data-test=sql]', sql);
    await page.click('[data-test=run]');
    await page.waitForSelector('[data-test=result] tbody tr');
    const first = (await grid.native.query(sql)).result.rows[0]?.[0];
    expect(await page.textContent('[data-test=result] tbody tr td')).toBe(first);
    // The rows come first; what the job cost, and that it is over, the page hears a moment later.
    await expect.poll(() => watch.words('[data-test=summary]')).toMatch(/20 rows in .+ attempts? · .+ moved/);
    await expect.poll(() => watch.words('[data-test=jobs]')).toMatch(/successful/);
    await watch.shot('dashboard-result');
    await page.click('[data-test=tab-plan]');
    await page.waitForSelector('[data-test=plan]');
    await expect.poll(() => watch.words('[data-test=plan]')).toMatch(/flights/);
    await watch.shot('dashboard-plan');
    await tab.close();
    await page.waitForFunction(() => document.querySelectorAll('[data-test=workers] li').length === 0);
    expect([...watch.problems, ...tab.problems]).toEqual([]);
  }, 60_000);
});
