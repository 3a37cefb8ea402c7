/** Attempts lost with their tab before it told of a start: which of them count, and what becomes of a task that ends tabs at once. */
import { beforeAll, expect, it } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { FakeTab } from './testing/fake-tab.ts';
import { Fleet } from './testing/fleet.ts';
import { aggregatePlan, branch, planOf, scan } from './testing/plans.ts';

beforeAll(loadHashes);

const MiB = 1024 * 1024;
const ONE = { dataset: 'one', chunks: 1 };
/** In runs of one chunk in a slot of that little memory. */
const TWO = { dataset: 'two', chunks: 2, ordinals: [0], chunkBytes: 4 * MiB };
const SMALL = { memoryPerSlotBytes: 20 * MiB };

/** Tab a has two leases in its one slot. */
function twoLeases(): { fleet: Fleet; tab: FakeTab; ended: () => unknown; deathsOf: (lease: number) => number } {
  const fleet = new Fleet();
  const tab = fleet.join('a', SMALL);
  const job = fleet.submit('job-1', planOf([branch('rows', scan(TWO))]));
  expect(tab.attempts.size).toBe(2);
  const deathsOf = (lease: number): number => {
    const lines = fleet.scheduler.story(fleet.leases[lease]?.task.blockId ?? '');
    return lines.filter(({ what, detail }) => what === 'attemptEnded' && detail?.how === 'died').length;
  };
  return { fleet, tab, deathsOf, ended: () => fleet.scheduler.job(job)?.counters.ended };
}

it('one that waits behind a running one did surely not start', () => {
  const { fleet, tab, ended, deathsOf } = twoLeases();
  const [first] = [...tab.attempts.values()];
  if (first) fleet.start(first);
  fleet.kill(tab);
  expect(ended()).toEqual({ died: 1, released: 1 });
  expect(deathsOf(0)).toBe(1);
});

it('one that waits behind another whose input is loaded did surely not start', () => {
  const { fleet, tab, ended, deathsOf } = twoLeases();
  for (const { task } of tab.attempts.values()) {
    const [input] = task.inputs;
    if (input?.kind !== 'chunks') throw new Error('it reads no chunks');
    const changes = [{ slot: 0, residentKey: input.run.residentKey, ordinals: [0] }];
    fleet.send({ type: 'residentsChanged', sessionId: tab.sessionId, changes });
  }
  fleet.kill(tab);
  expect(ended()).toEqual({ died: 1, released: 1 });
  expect(deathsOf(0)).toBe(1);
});

it('one may have run before another that was still fetching', () => {
  const { fleet, tab, ended } = twoLeases();
  fleet.kill(tab);
  expect(ended()).toEqual({ died: 2 });
});

it('a lease that runs out behind a running one is released', () => {
  const { fleet, tab, ended } = twoLeases();
  const [first] = [...tab.attempts.values()];
  if (first) fleet.start(first);
  fleet.passTo(LIMITS.leaseMs);
  expect(ended()).toEqual({ died: 1, released: 1 });
});

it('a task that ends its tab at once fails its job at the ceiling, and the others work on', () => {
  const fleet = new Fleet();
  const tabs = Array.from({ length: 30 }, (_, i) => fleet.join(`n${i}`));
  const bad = fleet.submit('job-bad', aggregatePlan(ONE));
  const good = fleet.submit('job-good', aggregatePlan({ dataset: 'good', chunks: 60 }));
  const killer = fleet.attempts().find((attempt) => attempt.jobId === bad)?.task.blockId;
  for (let steps = 0; steps < 1_000 && fleet.unsettled() > 0; steps++) {
    const deadly = fleet.attempts().find((attempt) => attempt.task.blockId === killer);
    const tab = deadly && fleet.tabs.get(deadly.sessionId);
    const [next] = fleet.attempts();
    if (tab) fleet.kill(tab);
    else if (next) fleet.run(next);
    else fleet.answerCollect();
  }
  expect(fleet.settled.get(bad)).toMatchObject({ state: 'failed', error: { code: 'killed-workers', stage: 0 } });
  expect(fleet.settled.get(bad)?.error?.detail).toContain(`${LIMITS.deathsPerTask} workers vanished while running it`);
  expect(fleet.settled.get(good)?.state).toBe('successful');
  expect(fleet.tabs.size).toBe(tabs.length - LIMITS.deathsPerTask);
});
