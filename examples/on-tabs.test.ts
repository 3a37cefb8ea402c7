/** Each example gives its oracle's answer on two real tabs, also when one is closed midway, and equal blocks whichever tab made them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JobHandle } from '../client/index.ts';
import { skipName } from '../guest/testing/toolchains.ts';
import type { Example } from './example.ts';
import { CASES, LANGUAGES } from './testing/cases.ts';
import { expectClose } from './testing/close.ts';
import { built, toolchainOf } from './testing/guests.ts';
import { WatchedGrid } from './testing/watched-grid.ts';

let watched: WatchedGrid;

/** Building for a new target takes a minute, the first time; and it holds this process up, as a grid must not be. */
beforeAll(async () => {
  for (const { example } of LANGUAGES) {
    if (missingFor(example) === undefined) await Promise.all(Object.values(example.guests).map(built));
  }
}, 400_000);

beforeAll(async () => {
  watched = await WatchedGrid.start();
  await watched.grid.openTabs(2);
}, 90_000);

afterAll(async () => {
  const problems = watched?.grid.tabs.flatMap((tab) => tab.problems) ?? [];
  await watched?.grid.close();
  expect(problems).toEqual([]);
});

function missingFor(example: Example<unknown>): string | undefined {
  const missing = Object.values(example.guests)
    .map(toolchainOf)
    .find((toolchain) => toolchain.missing !== undefined);
  return missing && skipName(missing);
}

/** Registers a test that is skipped, by name, where a toolchain is missing. */
function testOf(example: Example<unknown>, what: string, work: () => Promise<void>): void {
  const missing = missingFor(example);
  if (missing === undefined) test(what, work);
  else test.skip(`${what}: ${missing}`, () => undefined);
}

describe.each(CASES.map((one) => [one.example.name, one] as const))('%s', (_name, { example, expected, again, whole }) => {
  let blocks = 0;
  let jobs: readonly JobHandle[] = [];

  testOf(example, 'the oracle’s answer on two tabs', async () => {
    const { answer, made, ...run } = await watched.run(example);
    expectClose(answer, await expected(watched.grid));
    expect(new Set(made.map(({ workerId }) => workerId)).size).toBe(2);
    blocks = made.length;
    jobs = run.jobs;
  });

  if (whole !== undefined) {
    testOf(example, 'what was not needed any more is cancelled', async () => {
      const { state, counters } = (await jobs[0]?.status()) ?? {};
      expect(state).toBe('cancelled');
      expect(counters?.attempts).toBeGreaterThan(0);
      expect(counters?.attempts).toBeLessThan(counters?.tasksPlanned ?? 0);
      await watched.grid.until('no slot is busy', async () => (await watched.grid.workers()).every((w) => w.busySlots === 0));
    });
  }

  if (again !== undefined) {
    testOf(example, 'from the second job on nothing is read from the source', async () => {
      // Slots may hold the first one's columns since an earlier example: that it scanned is sure, that it loaded something is not.
      const [first, ...others] = await Promise.all(jobs.map((job) => watched.scansOf(job)));
      expect(first?.attempts).toBeGreaterThan(0);
      expect(others.length).toBeGreaterThan(1);
      expect(others).toEqual(others.map(() => ({ attempts: 0, bytes: 0 })));
    });
  }

  testOf(example, 'equal blocks from both tabs', async () => {
    const [first, second] = await watched.digestsOfEach(whole ?? example);
    expect(first?.length).toBeGreaterThan(1);
    expect(second).toEqual(first);
  });

  testOf(example, 'also with a tab closed midway', async () => {
    const { answer, closed } = await watched.run(again?.example ?? example, {
      reuse: again !== undefined,
      closeFromBlock: Math.max(1, Math.floor(blocks / 2)),
    });
    expect(closed).toBe(true);
    expectClose(answer, await (again ?? { expected }).expected(watched.grid));
    await watched.grid.openTabs(1);
  });
});

describe('in other languages', () => {
  for (const { example, expected } of LANGUAGES) {
    testOf(example, example.name, async () => {
      const { answer } = await watched.run(example);
      expectClose(answer, await expected(watched.grid));
    });
  }
});
