/** Lessons on a real tab: one click, and what the picture shows in the end is what a plain process computes from the same data. */
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pointsSql, START } from '../examples/k-means/job.ts';
import { kMeansOracle } from '../examples/k-means/oracle.ts';
import { textLines } from '../examples/text.ts';
import { wordCountOracle } from '../examples/word-count/oracle.ts';
import type { Tab } from './browser.ts';
import { airportsFile, flightsFile } from './data.ts';
import { Grid } from './grid.ts';

const SHOTS = join(tmpdir(), 'muster-screenshots');
let grid: Grid;
let lessons: Tab;
let page: Page;

beforeAll(async () => {
  mkdirSync(SHOTS, { recursive: true });
  grid = await Grid.start();
  await grid.dataset('flights', flightsFile());
  await grid.dataset('airports', airportsFile());
  lessons = await grid.openTab({ url: `${grid.url}/lessons` });
  page = lessons.page;
}, 60_000);

afterAll(async () => {
  const problems = grid?.tabs.flatMap((tab) => tab.problems) ?? [];
  await grid?.close();
  expect(problems).toEqual([]);
});

async function shot(name: string): Promise<void> {
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 844 });
    await page.screenshot({ path: join(SHOTS, `lesson-${name}-${width}.png`), fullPage: true });
    const sideways = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(sideways, `${name} scrolls sideways at ${width} px`).toBe(0);
  }
  await page.setViewportSize({ width: 1280, height: 860 });
}

/** One click, and to its end. */
async function run(id: string): Promise<void> {
  await page.click(`[data-test=lesson-${id}]`);
  await page.waitForSelector(`[data-lesson=${id}]`);
  await page.click('[data-test=start]');
  await page.waitForSelector('[data-phase=done]', { timeout: 25_000 });
}

/** A query's rows from native DuckDB over the same file, as numbers. */
async function numbers(sql: string): Promise<number[][]> {
  return (await grid.native.query(sql)).result.rows.map((row) => row.map(Number));
}

test('without a tab the lesson waits and says so; the first tab that joins begins', async () => {
  await page.click('[data-test=start]');
  await expect.poll(() => page.textContent('[data-test=state]'), { timeout: 20_000 }).toContain('Waiting for a tab');
  expect(await page.textContent('[data-test=tabs]')).toBe('No tab computes yet.');
  await grid.openTabs(1);
  await page.waitForSelector('[data-phase=done]', { timeout: 25_000 });
  expect(await page.textContent('[data-test=tabs]')).toBe('1 tab computes.');
}, 60_000);

describe('the picture is the oracle’s', () => {
  test('word count', async () => {
    await run('word-count');
    const shown = await page.$$eval('[data-test=bars] li', (bars) =>
      bars.map((bar) => [bar.getAttribute('data-name'), Number(bar.getAttribute('data-value'))]),
    );
    const all = [...wordCountOracle(textLines({ documents: 400, linesEach: 50 }))].sort((a, b) => b[1] - a[1]);
    expect(new Map(shown as [string, number][])).toEqual(new Map(all.slice(0, shown.length)));
    expect(await page.textContent('[data-test=at-work]')).toMatch(/Tab 1\s*\d+ tasks?/);
    await shot('word-count');
  }, 60_000);

  test('k-means', async () => {
    await run('k-means');
    const shown = await page.$$eval('[data-test=centre]', (all) =>
      all.map((one) => ['data-x', 'data-y'].map((name) => Number(one.getAttribute(name)))),
    );
    const points = await numbers(pointsSql({ until: '2001-01-25', iterations: 8 }));
    const [xs, ys] = [points.map(([x = 0]) => x), points.map(([, y = 0]) => y)];
    const expected = kMeansOracle({ xs, ys }, START, 8);
    for (const [i, { x, y }] of expected.entries()) {
      expect(shown[i]?.[0]).toBeCloseTo(x, 9);
      expect(shown[i]?.[1]).toBeCloseTo(y, 9);
    }
    await shot('k-means');
  }, 60_000);
});
