/** What guests count: each block once, whatever was tried, repeated, lost or reused to have it. */
import { beforeAll, expect, test } from 'vitest';
import type { Accumulators } from '../../shared/guest/accumulators.ts';
import { loadHashes } from '../../shared/hash.ts';
import type { JobId } from '../../shared/ids.ts';
import { Scheduler } from './scheduler.ts';
import { Fleet } from './testing/fleet.ts';
import { branch, caching, gather, hash, hashed, planOf, scan } from './testing/plans.ts';

beforeAll(loadHashes);

/** Four tasks that count their rows, five a chunk, and one that does not. */
const counting = (end = 'final') => planOf([branch('count rows', scan({ dataset: 'd', chunks: 4 }))], [branch(end, gather(0))]);
const ALL = { blocks: 4, rows: 20 };

const counted = (fleet: Fleet, job: JobId): Accumulators | undefined => fleet.scheduler.job(job)?.accumulators;
const fail = (): never => {
  throw new Error('no attempt is leased');
};
const first = (fleet: Fleet) => fleet.attempts()[0] ?? fail();
/** Runs the attempts that count, and no others. */
const runCounting = (fleet: Fleet): void => {
  for (let next = fleet.attempts().find((x) => x.stage === 0); next; next = fleet.attempts().find((x) => x.stage === 0)) {
    fleet.run(next);
  }
};

test('they grow while a job runs, stay when it has settled, and are absent where nobody counts', () => {
  const fleet = new Fleet();
  fleet.join('a', { slots: 4 });
  const job = fleet.submit('job-1', counting());
  expect(counted(fleet, job)).toBeUndefined();
  fleet.run(first(fleet));
  expect(counted(fleet, job)).toEqual({ blocks: 1, rows: 5 });
  fleet.finish();
  expect(fleet.settled.get(job)?.state).toBe('successful');
  expect(counted(fleet, job)).toEqual(ALL);
  const plain = fleet.submit('job-2', planOf([branch('nobody', scan({ dataset: 'd', chunks: 4 }))]));
  fleet.finish();
  expect(counted(fleet, plain)).toBeUndefined();
});

test('a retry counts once, and a failed attempt not at all', () => {
  const fleet = new Fleet();
  fleet.join('a', { slots: 2 });
  fleet.join('b', { slots: 2 });
  const job = fleet.submit('job-1', counting());
  fleet.fail(first(fleet), 'resource');
  expect(counted(fleet, job)).toBeUndefined();
  fleet.finish();
  expect(fleet.scheduler.job(job)?.counters.attempts).toBe(6);
  expect(counted(fleet, job)).toEqual(ALL);
});

test('a late report counts its block once, before and after another attempt', () => {
  const fleet = new Fleet();
  const a = fleet.join('a', { slots: 4 });
  const job = fleet.submit('job-1', counting());
  const [early, late] = fleet.attempts();
  if (!early || !late) return fail();
  fleet.leave(a);
  fleet.join('b', { slots: 4 });
  // Nobody has made this one: its report counts. The other comes when its block is there.
  fleet.succeed(early);
  runCounting(fleet);
  fleet.succeed(late);
  expect(counted(fleet, job)).toEqual(ALL);
  fleet.finish();
  expect(counted(fleet, job)).toEqual(ALL);
});

test('a second job that reuses the blocks counts them, too', () => {
  const fleet = new Fleet();
  fleet.join('a', { slots: 4 });
  fleet.submit('job-1', counting());
  fleet.finish();
  const made = fleet.leases.length;
  const again = fleet.submit('job-2', counting('other'));
  fleet.finish();
  expect(fleet.leases).toHaveLength(made + 1);
  expect(counted(fleet, again)).toEqual(ALL);
});

test('blocks that are lost and made again, or come back with their tab, count once', () => {
  const fleet = new Fleet({ rowBytes: 1024 * 1024 });
  const a = fleet.join('a', { slots: 4 });
  const job = fleet.submit('job-1', counting());
  runCounting(fleet);
  expect(counted(fleet, job)).toEqual(ALL);
  fleet.kill(a);
  // Nowhere, and counted all the same: they were accepted.
  expect(counted(fleet, job)).toEqual(ALL);
  fleet.join('b', { slots: 1 });
  fleet.run(first(fleet));
  const back = fleet.join('a', { slots: 4, paused: true });
  fleet.announce(back);
  fleet.change(back, { paused: false });
  fleet.finish();
  expect(fleet.scheduler.job(job)?.counters.recomputes).toBeLessThan(4);
  expect(counted(fleet, job)).toEqual(ALL);
});

test('jobs that read a kept relation count what it was made from, though nobody knows those blocks any more', () => {
  const fleet = new Fleet({ limits: { reusableBlocks: 0 } });
  fleet.join('a', { slots: 4 });
  const plan = (end: string) => {
    const counts = hashed(8, branch('count rows', scan({ dataset: 'd', chunks: 4 })));
    return caching(planOf(counts, [branch('sum', hash(0))], [branch(end, gather(1))]), 1, 'sums');
  };
  for (const n of [1, 2, 3]) {
    const job = fleet.submit(`job-${n}`, plan(`end ${n}`));
    fleet.finish();
    expect(counted(fleet, job)).toEqual(ALL);
  }
  expect(fleet.leases.filter(({ stage, jobId }) => stage === 0 && jobId !== 'job-1')).toEqual([]);
});

test('a tab that returns after its job ended brings them to the next job', () => {
  const fleet = new Fleet();
  const a = fleet.join('a', { slots: 4 });
  fleet.submit('job-1', counting());
  fleet.finish();
  fleet.kill(a);
  const made = fleet.leases.length;
  fleet.announce(fleet.join('a', { slots: 4 }));
  const again = fleet.submit('job-2', counting('other'));
  fleet.finish();
  expect(fleet.leases).toHaveLength(made + 1);
  expect(counted(fleet, again)).toEqual(ALL);
});

test('one block at two places of a plan counts once', () => {
  const fleet = new Fleet();
  fleet.join('a');
  const one = () => branch('count rows', scan({ dataset: 'd', chunks: 1 }));
  const job = fleet.submit('job-1', planOf([one(), one()], [branch('g', gather(0))]));
  fleet.finish();
  expect(fleet.scheduler.job(job)?.counters.tasksPlanned).toBe(3);
  expect(counted(fleet, job)).toEqual({ blocks: 1, rows: 5 });
});

test('other bytes of an unordered task bring their own counts', () => {
  const fleet = new Fleet();
  const a = fleet.join('a');
  const unordered = { branches: [branch('count rows', scan({ dataset: 'd', chunks: 1 }))], determinacy: 'unordered' as const };
  const job = fleet.submit('job-1', planOf(unordered, [branch('g', gather(0))]));
  fleet.run(first(fleet), { variant: '-1' });
  fleet.kill(a);
  fleet.join('b');
  fleet.run(first(fleet), { variant: '-2' });
  expect(counted(fleet, job)).toEqual({ blocks: 1, rows: 5 });
  fleet.finish();
});

test('a copy is asked for with them, and a snapshot keeps them', () => {
  const fleet = new Fleet();
  fleet.join('a', { slots: 4 });
  const job = fleet.submit('job-1', planOf([branch('count rows', scan({ dataset: 'd', chunks: 2 }))]));
  while (fleet.attempts().length > 0) fleet.run(first(fleet));
  expect(fleet.collects.map(({ accumulators }) => accumulators)).toEqual([
    { blocks: 1, rows: 5 },
    { blocks: 1, rows: 5 },
  ]);
  fleet.reload((saved, options) => Scheduler.restore(saved as never, options));
  expect(counted(fleet, job)).toEqual({ blocks: 2, rows: 10 });
  fleet.finish();
  expect(counted(fleet, job)).toEqual({ blocks: 2, rows: 10 });
});
