/** The relay under load, in a process of its own: many tabs at once, slow ones among them, and its memory. */
import { expect, test } from 'vitest';
import { type LoadPlan, putLoad } from './testing/load.ts';

const KiB = 1024;
const MiB = 1024 * KiB;
const GROWTH_MOST = 64 * MiB;

test('200 MiB pass to a slow reader in flat memory', { timeout: 60_000 }, async () => {
  const names = Array.from({ length: 25 }, (_, i) => `block ${i}`);
  const report = await putLoad({
    tabs: ['holder', 'reader'],
    blocks: names.map((name) => ({ name, holder: 'holder', sizes: Array.from({ length: 8 }, () => MiB) })),
    fetches: [{ tab: 'reader', blocks: names, bytesPerSecond: 80 * MiB }],
  });
  expect(report.fetches).toMatchObject([{ bytes: 200 * MiB, failed: [] }]);
  expect(report.rssGrowth).toBeLessThan(GROWTH_MOST);
});

test('a reader that takes nothing holds nobody up: what it has not read lies on disk', { timeout: 60_000 }, async () => {
  const report = await putLoad({
    tabs: ['holder', 'late', 'fast', 'other'],
    blocks: [
      { name: 'large', holder: 'holder', sizes: [96 * MiB] },
      { name: 'small', holder: 'holder', sizes: Array.from({ length: 32 }, () => 64 * KiB) },
    ],
    fetches: [
      { tab: 'other', blocks: ['small'] },
      { tab: 'fast', blocks: ['large'] },
      // It would wait for ever if the fast one waited for it.
      { tab: 'late', blocks: ['large'], after: 'fast' },
    ],
  });
  for (const fetch of report.fetches) expect(fetch.failed).toEqual([]);
  expect(report.fetches.map(({ bytes }) => bytes / MiB)).toEqual([2, 96, 96]);
  // Both had it from one pull.
  expect(report.served.bytes).toBe(98 * MiB);
  expect(report.totals?.spilledBytes).toBeGreaterThan(48 * MiB);
  expect(report.totals?.diskBytes).toBe(0);
  expect(report.rssGrowth).toBeLessThan(GROWTH_MOST);
});

test('six tabs that all fetch from each other, a slow one among them, all get everything', { timeout: 60_000 }, async () => {
  const tabs = ['a', 'b', 'c', 'd', 'e', 'f'];
  const blocksOf = (tab: string): string[] => ['0', '1', '2', '3'].map((index) => `${tab}${index}`);
  const plan: LoadPlan = {
    tabs,
    blocks: tabs.flatMap((tab) =>
      blocksOf(tab).map((name) => ({ name, holder: tab, sizes: Array.from({ length: 12 }, () => 256 * KiB) })),
    ),
    fetches: tabs.map((tab) => ({
      tab,
      blocks: tabs.filter((other) => other !== tab).flatMap(blocksOf),
      ...(tab === 'c' && { bytesPerSecond: 20 * MiB }),
    })),
  };
  const report = await putLoad(plan);
  for (const { bytes, failed } of report.fetches) {
    expect(failed).toEqual([]);
    expect(bytes).toBe(5 * 4 * 12 * 256 * KiB);
  }
  // Each slice has five readers; the slow one may be too late to share.
  expect(report.served.bytes).toBeLessThan(3 * 6 * 4 * 12 * 256 * KiB);
  expect(report.rssGrowth).toBeLessThan(GROWTH_MOST);
});
