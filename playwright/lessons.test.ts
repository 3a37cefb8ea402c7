/**
 * Lessons on real tabs: one click, and what the picture shows in the end is what a plain process computes from the same data. The page is
 * opened as in a class: over plain http under a name that is not loopback, with an author's token.
 */
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { escapeRaster } from '../demo-site/lessons/pictures/raster.ts';
import { SIZES as COMPONENTS, linksSql } from '../examples/connected-components/job.ts';
import { connectedComponentsOracle } from '../examples/connected-components/oracle.ts';
import { pointsSql, START } from '../examples/k-means/job.ts';
import { kMeansOracle } from '../examples/k-means/oracle.ts';
import { SIZES as PICTURE } from '../examples/mandelbrot/job.ts';
import { mandelbrotOracle } from '../examples/mandelbrot/oracle.ts';
import { nQueensOracle } from '../examples/n-queens/oracle.ts';
import { textLines } from '../examples/text.ts';
import { wordCountOracle } from '../examples/word-count/oracle.ts';
import type { Tab } from './browser.ts';
import { airportsFile, flightsFile } from './data.ts';
import { Grid } from './grid.ts';

const SHOTS = join(tmpdir(), 'muster-screenshots');
const NAME = 'muster.test';
let grid: Grid;
let lessons: Tab;
let page: Page;

beforeAll(async () => {
  mkdirSync(SHOTS, { recursive: true });
  grid = await Grid.start({ advertise: [NAME], browserArgs: [`--host-resolver-rules=MAP ${NAME} 127.0.0.1`] });
  await grid.dataset('flights', flightsFile());
  await grid.dataset('airports', airportsFile());
  const token = await grid.authorToken();
  lessons = await grid.openTab({ url: `http://${NAME}:${grid.port}/lessons#t=${token}` });
  page = lessons.page;
  expect(await page.evaluate(() => globalThis.isSecureContext)).toBe(false);
}, 60_000);

afterAll(async () => {
  const problems = grid?.tabs.flatMap((tab) => tab.problems) ?? [];
  await grid?.close();
  expect(problems).toEqual([]);
});

async function fits(name: string): Promise<void> {
  for (const width of [390, 1280]) {
    await page.setViewportSize({ width, height: 844 });
    const sideways = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(sideways, `${name} scrolls sideways at ${width} px`).toBe(0);
  }
}

async function shot(name: string): Promise<void> {
  await fits(name);
  await page.screenshot({ path: join(SHOTS, `lesson-${name}.png`), fullPage: true });
}

/** One click. */
async function begin(id: string): Promise<void> {
  await page.click(`[data-test=lesson-${id}]`);
  await page.waitForSelector(`[data-lesson=${id}]`);
  await page.click('[data-test=start]');
}

/** One click, and to its end. */
async function run(id: string): Promise<void> {
  await begin(id);
  await page.waitForSelector('[data-phase=done]', { timeout: 25_000 });
}

interface Marked {
  readonly name: string;
  readonly value: string;
}

/** What marks of the picture stand for. */
function marks(selector: string): Promise<readonly Marked[]> {
  return page.$$eval(selector, (all) =>
    all.map((one) => ({ name: one.getAttribute('data-name') ?? '', value: one.getAttribute('data-value') ?? '' })),
  );
}

test('mandelbrot: without a tab it waits and says so; the first tab that joins draws the oracle’s every pixel', async () => {
  await page.click('[data-test=lesson-mandelbrot]');
  await page.click('[data-test=start]');
  await expect.poll(() => page.textContent('[data-test=state]'), { timeout: 20_000 }).toContain('Waiting for a tab');
  expect(await page.textContent('[data-test=tabs]')).toBe('No tab computes yet.');
  await grid.openTabs(1);
  await page.waitForSelector('[data-phase=done]', { timeout: 25_000 });
  expect(await page.textContent('[data-test=tabs]')).toBe('1 tab computes.');
  const drawn = await page.$eval('[data-test=picture] canvas', (canvas: HTMLCanvasElement) => {
    const pixels = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height);
    return pixels ? { width: pixels.width, data: [...pixels.data] } : undefined;
  });
  const lines = mandelbrotOracle({ ...PICTURE, width: 320, height: 200, iterations: 500 });
  const expected = escapeRaster(
    lines.flatMap((line) => [...line]),
    320,
    200,
    500,
  );
  expect(drawn?.width).toBe(320);
  expect(drawn?.data).toEqual([...expected.rgba]);
  await shot('mandelbrot');
}, 60_000);

describe('one click, and the picture is the oracle’s', () => {
  test('word count', async () => {
    await grid.openTabs(1);
    await run('word-count');
    await expect.poll(() => page.textContent('[data-test=at-work]')).toMatch(/Tab 1\s*\d+ tasks?Tab 2\s*\d+ tasks?/);
    const shown = (await marks('[data-test=bars] li')).map(({ name, value }) => [name, Number(value)] as const);
    const all = [...wordCountOracle(textLines({ documents: 400, linesEach: 50 }))].sort((a, b) => b[1] - a[1]);
    expect(new Map(shown)).toEqual(new Map(all.slice(0, shown.length)));
    await shot('word-count');
  }, 60_000);

  test('n-queens', async () => {
    await run('n-queens');
    const shown = (await marks('[data-test=ways] li')).map(({ name, value }) => [Number(name), Number(value)]);
    expect(shown).toEqual([4, 5, 6, 7, 8, 9, 10, 11].map((n) => [n, nQueensOracle(n)]));
    await shot('n-queens');
  }, 60_000);

  test('connected components', async () => {
    await run('connected-components');
    const shown = (await marks('[data-test=node]')).map(({ name, value }) => [name, value] as const);
    const links = (await grid.native.query(linksSql({ ...COMPONENTS, miles: 120 }))).result.rows;
    const expected = new Map(connectedComponentsOracle(links.map(([a, b]) => [String(a), String(b)] as const)));
    expect(shown.length).toBeGreaterThan(20);
    for (const [name, component] of shown) expect([name, component]).toEqual([name, expected.get(name)]);
    await shot('connected-components');
  }, 60_000);
});

test.each(['pi', 'inverted-index', 'sha-256', 'page-rank', 'needleman-wunsch'])(
  '%s runs to its end',
  async (id) => {
    await run(id);
    expect(await page.textContent('[data-test=said]')).not.toBe('');
    await fits(id);
  },
  60_000,
);

test('k-means: a tab is closed after the first steps, and the centres are the oracle’s', async () => {
  const [, closing] = grid.tabs.filter((tab) => tab !== lessons);
  await begin('k-means');
  await page.waitForFunction(() => /After \d+ step/.test(document.querySelector('[data-test=said]')?.textContent ?? ''));
  await closing?.close();
  // Else it was closed too late to be missed.
  expect(await page.getAttribute('[data-test=state]', 'data-phase')).toBe('running');
  await page.waitForSelector('[data-phase=done]', { timeout: 25_000 });
  await expect.poll(() => page.textContent('[data-test=at-work]')).toContain('(gone)');
  const shown = await page.$$eval('[data-test=centre]', (all) =>
    all.map((one) => ['data-x', 'data-y'].map((name) => Number(one.getAttribute(name)))),
  );
  const points = (await grid.native.query(pointsSql({ until: '2001-01-25', iterations: 8 }))).result.rows;
  const [xs, ys] = [points.map(([x]) => Number(x)), points.map(([, y]) => Number(y))];
  for (const [i, { x, y }] of kMeansOracle({ xs, ys }, START, 8).entries()) {
    expect(shown[i]?.[0]).toBeCloseTo(x, 9);
    expect(shown[i]?.[1]).toBeCloseTo(y, 9);
  }
  await shot('k-means');
}, 60_000);
