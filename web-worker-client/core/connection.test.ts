import { expect, test } from 'vitest';
import { CLOSE } from '../../shared/protocol/version.ts';
import { backoffMs, STEADY_MS } from './connection.ts';
import { TabCore } from './tab-core.ts';

test('back-off grows, is jittered, and has an end', () => {
  expect(backoffMs(0, 1006, 0)).toBe(250);
  expect(backoffMs(0, 1006, 0.999)).toBeLessThan(500);
  expect(backoffMs(40, 1006, 0.999)).toBeLessThan(30_000);
  expect(backoffMs(0, CLOSE.full, 0)).toBe(5000);
});

test('a tab that breaks the protocol in each session comes back ever more seldom, until a session lasts', () => {
  const traits = { slots: 1, visibility: 'visible', share: 1, memoryPerSlotBytes: 1 << 28 } as const;
  const tab = new TabCore({ traits, random: () => 0.5 });
  let atMs = 0;
  tab.handle({ type: 'joinRequested' }, atMs);
  const pauseAfter = (epoch: number, lastedMs: number): number => {
    tab.handle({ type: 'socketOpened', epoch }, atMs);
    tab.handle({ type: 'welcomed', epoch, workerId: 'w-1', heartbeatMs: 20_000, returning: true }, atMs);
    atMs += lastedMs;
    tab.handle({ type: 'socketClosed', epoch, code: CLOSE.badMessage, reason: 'no such type' }, atMs);
    const closedMs = atMs;
    atMs = tab.nextDeadlineMs() ?? Number.NaN;
    tab.handle({ type: 'timePassed' }, atMs);
    return atMs - closedMs;
  };
  const pauses = Array.from({ length: 9 }, (_, i) => pauseAfter(i + 1, 20));
  expect(pauses).toEqual([375, 750, 1_500, 3_000, 6_000, 12_000, 22_500, 22_500, 22_500]);
  expect(pauseAfter(10, STEADY_MS)).toBe(375);
});
