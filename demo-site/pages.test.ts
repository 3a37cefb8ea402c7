/**
 * The pages as built, in real Chromium, under the content security policy, with a fake grid and a fake coordinator. Screenshots
 * land in dist/screenshots. The pages with the real ones behind them are tested in playwright/.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CACHE } from './testing/canned-data.ts';
import { type FakeServer, startFakeServer } from './testing/fake-server.ts';
import { pageWeight } from './testing/page-weight.ts';

const CHROMIUM = process.env.MUSTER_CHROMIUM ?? '/usr/bin/chromium';
const FLAGS =
  '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update';
const SHOTS = resolve(import.meta.dirname, '../dist/screenshots');
const LOOKS = [
  { width: 1280, height: 860, colorScheme: 'light' },
  { width: 1280, height: 860, colorScheme: 'dark' },
  { width: 390, height: 844, colorScheme: 'light' },
  { width: 360, height: 740, colorScheme: 'dark' },
] as const;

let pages: string;
let server: FakeServer;
let browser: Browser | undefined;

beforeAll(async () => {
  pages = mkdtempSync(join(tmpdir(), 'muster-pages-'));
  await build({ configFile: resolve(import.meta.dirname, 'testing/vite.config.ts'), logLevel: 'warn', build: { outDir: pages } });
  server = await startFakeServer(pages);
  mkdirSync(SHOTS, { recursive: true });
  if (existsSync(CHROMIUM)) {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: [...FLAGS.split(' '), '--disable-sync'] });
  }
}, 60_000);

afterAll(async () => {
  await browser?.close();
  await server?.close();
  rmSync(pages, { recursive: true, force: true });
});

interface Look {
  readonly width: number;
  readonly height: number;
  readonly colorScheme: 'light' | 'dark';
}

/** Opens a page, lets `body` use it, and fails on any page error, policy violation or sideways scrolling. */
async function withPage(path: string, look: Look, body: (page: Page, shot: (name: string) => Promise<void>) => Promise<void>) {
  if (browser === undefined) throw new Error(`no Chromium at ${CHROMIUM}`);
  const { width, height, colorScheme } = look;
  const context = await browser.newContext({ viewport: { width, height }, colorScheme });
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    if (/Content.Security.Policy|Refused to/i.test(message.text())) problems.push(message.text());
  });
  const shot = async (name: string): Promise<void> => {
    await page.screenshot({ path: join(SHOTS, `${name}-${width}-${colorScheme}.png`), fullPage: true });
    const sideways = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(sideways, `${name} scrolls sideways at ${width} px`).toBe(0);
  };
  try {
    await page.goto(`${server.url}${path}`);
    await body(page, shot);
    expect(problems).toEqual([]);
  } finally {
    await context.close();
  }
}

test('the volunteer page weighs at most 40 kB gzipped before joining', () => {
  const weight = pageWeight(pages, 'index.html');
  expect(weight.files.some(({ file }) => file.endsWith('.js'))).toBe(true);
  expect(weight.files.some(({ file }) => file.includes('fake-grid'))).toBe(false);
  expect(weight.gzipBytes).toBeLessThanOrEqual(40_000);
});

test('no page holds inline scripts, inline styles or event attributes', () => {
  for (const html of ['index.html', 'dashboard/index.html', 'lessons/index.html']) {
    const text = readFileSync(join(pages, html), 'utf8');
    expect(text).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=/i);
  }
});

describe.skipIf(!existsSync(CHROMIUM))('in Chromium', () => {
  test.each(LOOKS)('volunteer page at $width px, $colorScheme', async (look) => {
    const fetched: string[] = [];
    await withPage('/#t=secret', look, async (page, shot) => {
      page.on('request', (request) => fetched.push(request.url()));
      await page.waitForSelector('[data-test=join]');
      // The token is out of the address, and nothing but the page itself was loaded.
      expect(page.url()).toBe(`${server.url}/`);
      expect(fetched.filter((url) => /fake-grid|\/v1\//.test(url))).toEqual([]);
      await shot('volunteer-consent');
      await page.locator('[data-test=slots]').fill('2');
      await page.locator('[data-test=share]').fill('80');
      await page.click('[data-test=join]');
      await page.waitForSelector('[data-state=working]');
      expect(await page.title()).toMatch(/^working 1\/2 · \d+ done/);
      await shot('volunteer-working');
      await page.click('[data-test=pause]');
      await page.waitForSelector('[data-state=paused]');
      await shot('volunteer-paused');
      await page.click('[data-test=resume]');
      await page.waitForSelector('[data-state=working]');
      await page.click('[data-test=leave-delete]');
      await page.waitForSelector('[data-state=left]');
      await shot('volunteer-left');
    });
  });

  test.each(LOOKS)('dashboard at $width px, $colorScheme', async (look) => {
    await withPage('/dashboard/', look, async (page, shot) => {
      await page.waitForSelector('[data-test=workers] li');
      await page.fill('[data-test=sql]', 'select origin, count(*) as n from flights group by origin');
      await page.click('[data-test=run]');
      await page.waitForSelector('[data-test=result] tbody tr');
      await shot('dashboard-result');
      await page.click('[data-test=tab-plan]');
      await page.waitForSelector('[data-test=plan]');
      expect(await page.textContent('[data-test=plan]')).toContain('Part of this query runs in one place');
      await shot('dashboard-plan');
      await page.fill('[data-test=sql]', 'select origin\nfrom fligths');
      await page.press('[data-test=sql]', 'Control+Enter');
      await page.waitForSelector('[data-test=problem]');
      const problem = await page.textContent('[data-test=problem]');
      expect(problem).toContain('Did you mean flights?');
      expect(problem).toContain('2 | from fligths');
      expect(await page.textContent('[data-test=long-run]')).toMatch(
        /Task 3 of stage 1 .* has been running for 45 s on w-4k2mz0qpa/,
      );
      await shot('dashboard-error');
      expect(await page.textContent('[data-test=recomputes]')).toContain('its only copy was lost');
      await page.fill('[data-test=log-filter]', 'worker lost');
      await page.waitForFunction(() => document.querySelectorAll('[data-test=log] li').length === 1);
    });
  });

  test.each(LOOKS)('where a dataset lives, at $width px, $colorScheme', async (look) => {
    await withPage('/dashboard/', look, async (page, shot) => {
      await page.waitForSelector('[data-test=datasets] li');
      await page.click('[data-test=datasets] li:nth-child(1) summary');
      await page.waitForSelector('text=No tab has any of it yet');
      await page.click('[data-test=datasets] li:nth-child(2) summary');
      await page.waitForSelector('[data-test=where] li');
      expect(await page.textContent('[data-test=where] li')).toContain('48 loaded, 72 sent');
      await shot('dashboard-where');
    });
  });

  test.each(LOOKS)('cached relations, at $width px, $colorScheme', async (look) => {
    await withPage('/dashboard/', look, async (page, shot) => {
      const rows = page.locator('[data-test=relations] li');
      await rows.nth(1).waitFor();
      const words = async (i: number): Promise<string> => ((await rows.nth(i).textContent()) ?? '').replace(/\s+/g, ' ');
      expect(await words(0)).toMatch(/points.*2,961,004 rows · 16\.0 MB by local ?in 3 tabs.*kept in the tabs that made it/);
      expect(await words(0)).toContain('14.6 MB loaded in 3 slots of 2 tabs');
      expect(await words(1)).not.toContain('loaded in');
      expect(await words(1)).toMatch(/4 of 6 blocks on the coordinator.*2 of 6 blocks are lost/);
      // The second one is the admin's: others may read it, and no more.
      expect(await page.locator('[data-test=let-go]').count()).toBe(1);
      await page.locator('[aria-label="Cached relations"]').scrollIntoViewIfNeeded();
      await shot('dashboard-relations');
      const gone: string[] = [];
      await page.route('**/v1/cache/*', (route) => {
        gone.push(new URL(route.request().url()).pathname);
        return route.fulfill({ status: 204 });
      });
      await page.route('**/v1/cache', (route) => route.fulfill({ json: { ...CACHE, relations: CACHE.relations.slice(1) } }));
      await page.click('[data-test=let-go]');
      await page.waitForFunction(() => document.querySelectorAll('[data-test=relations] li').length === 1);
      expect(gone).toEqual(['/v1/cache/cache-7f3a-1']);
    });
  });

  test('without cached relations there is no part for them, and the coordinator is asked once', async () => {
    await withPage('/lessons/', LOOKS[0], async (page) => {
      let asked = 0;
      await page.route('**/v1/cache', (route) => {
        asked += 1;
        return route.fulfill({ json: { ...CACHE, relations: [] } });
      });
      await page.goto(`${server.url}/dashboard/`);
      await page.waitForSelector('[data-test=recomputes] li');
      await expect.poll(() => asked).toBe(1);
      expect(await page.locator('[aria-label="Cached relations"]').count()).toBe(0);
    });
  });

  test('a job made from a plan is shown with its relations, not as SQL', async () => {
    await withPage('/dashboard/', LOOKS[0], async (page, shot) => {
      await page.click('[aria-label="Show the result of job-planned"]');
      await page.waitForSelector('[data-test=result] tbody tr');
      expect(await page.textContent('[data-test=asked]')).toMatch(
        /^lines: SELECT[\s\S]*words: flatMap lines with[\s\S]*result: counts$/,
      );
      expect(await page.inputValue('[data-test=sql]')).toBe('');
      await shot('dashboard-plan-job');
      await page.click('[aria-label="Show the result of job-latest"]');
      await page.waitForSelector('[data-test=result] tbody tr');
      expect(await page.inputValue('[data-test=sql]')).toMatch(/^select origin/);
    });
  });

  test.each(LOOKS)('every lesson before its run, at $width px, $colorScheme', async (look) => {
    await withPage('/lessons/#k-means', look, async (page, shot) => {
      await page.waitForSelector('[data-lesson=k-means]');
      const links = page.locator('.lesson-list a');
      for (let i = 0; i < (await links.count()); i++) {
        await links.nth(i).click();
        await page.waitForSelector('[data-test=start]');
        expect((await page.textContent('[data-test=lesson]')) ?? '').toMatch(/Try this/);
        await page.click('.guest-source summary');
        await page.waitForSelector('.guest-source pre');
        await shot(`lesson-${i}`);
      }
    });
  });

  test('a dataset uploads with its name taken from the file', async () => {
    await withPage('/dashboard/', LOOKS[0], async (page) => {
      await page.setInputFiles('[data-test=upload-file]', {
        name: 'My Trips 2024.csv',
        mimeType: 'text/csv',
        buffer: Buffer.from('a,b\n1,2\n'),
      });
      expect(await page.inputValue('[data-test=upload-name]')).toBe('my_trips_2024');
      await page.click('[data-test=upload]');
      await page.waitForSelector('[data-test=upload-name]', { state: 'detached' });
    });
  });
});
