/** A full disk of the coordinator: what is only kept there makes way for running jobs, and nothing else does. */
import { beforeAll, describe, expect, it } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import type { JobId } from '../../shared/ids.ts';
import type { CacheLevel } from '../../shared/plan/physical.ts';
import { Fleet } from './testing/fleet.ts';
import { branch, caching, gather, joinPlan, planOf, scan } from './testing/plans.ts';

beforeAll(loadHashes);

const MiB = 1024 * 1024;

const relation = (n: number, level: CacheLevel, literal = 1) =>
  caching(
    planOf([branch(`scan ${n}`, scan({ dataset: 'd', chunks: 4 }))], [branch(`sum ${literal}`, gather(0))]),
    0,
    `r${n}`,
    level,
  );

/** It takes as long to make as its number says. */
function make(fleet: Fleet, n: number, level: CacheLevel = 'coordinator'): void {
  const job = fleet.submit(`make ${n}`, relation(n, level));
  for (let [attempt] = fleet.attempts(); attempt; [attempt] = fleet.attempts())
    fleet.run(attempt, { costs: { computeMs: attempt.stage === 0 ? n : 0 } });
  fleet.finish();
  fleet.forget(job);
}

const onCoordinator = (fleet: Fleet): string[] =>
  fleet.scheduler
    .cache()
    .relations.filter(({ blocks }) => blocks.every((block) => block.onCoordinator))
    .map(({ name }) => name);

const diskUse = (fleet: Fleet): number =>
  fleet.scheduler.cache().blocks.reduce((sum, block) => sum + (block.onCoordinator ? block.bytes : 0), 0);

/** Three checkpoints fill the disk; their tab is gone unless it stays. */
function full({ stays = false } = {}): Fleet {
  const fleet = new Fleet({ rowBytes: MiB, limits: { reusableBlocks: 0 } });
  const a = fleet.join('a');
  for (const n of [30, 10, 20]) make(fleet, n);
  expect(onCoordinator(fleet)).toEqual(['r30', 'r10', 'r20']);
  fleet.diskBytes = diskUse(fleet);
  if (!stays) fleet.kill(a);
  fleet.asleep.clear();
  return fleet;
}

/** A join whose sides fill the store of its only tab, which then says so. */
function crowd(fleet: Fleet): JobId {
  const b = fleet.join('b', { slots: 4 });
  const job = fleet.submit('join', joinPlan({ dataset: 'left', chunks: 2 }, { dataset: 'right', chunks: 2 }));
  const side = () => fleet.attempts().find(({ jobId, stage }) => jobId === job && stage < 2);
  for (let next = side(); next; next = side()) fleet.run(next);
  fleet.tellStore(b, fleet.storedBytes(b) - 1);
  return job;
}

describe('on a full disk', () => {
  it('what is only kept makes way for a job that would fail, the cheapest first, and no more than it needs', () => {
    const fleet = full();
    const job = crowd(fleet);
    fleet.answerCollect();
    expect(onCoordinator(fleet)).toEqual(['r30', 'r20']);
    fleet.finish();
    expect(fleet.settled.get(job)?.state).toBe('successful');
    expect(fleet.scheduler.job(job)?.counters.recomputes).toBe(0);
    fleet.forget(job);
    const again = fleet.submit('again', relation(10, 'coordinator', 2));
    fleet.finish();
    expect(fleet.settled.get(again)?.state).toBe('successful');
    expect(fleet.scheduler.cache().relations).toHaveLength(3);
  });

  it('a result is kept, and what is in its way is not', () => {
    const fleet = full();
    fleet.join('b');
    const job = fleet.submit('rows', planOf([branch('rows', scan({ dataset: 'other', chunks: 1 }))]));
    fleet.finish();
    expect(fleet.settled.get(job)?.state).toBe('successful');
    expect(onCoordinator(fleet).length).toBeLessThan(3);
  });

  it('what a running job reads stays where nobody else has it', () => {
    const fleet = full();
    for (const n of [10, 20, 30]) fleet.submit(`read ${n}`, relation(n, 'coordinator', 2));
    const job = crowd(fleet);
    while (fleet.answerCollect());
    for (const attempt of fleet.attempts()) fleet.fail(attempt, 'released');
    while (fleet.answerCollect());
    expect(onCoordinator(fleet).sort()).toEqual(['r10', 'r20', 'r30']);
    expect(fleet.settled.get(job)?.error).toMatchObject({ code: 'storage-full' });
  });

  it('what a running job reads goes where a tab has it too', () => {
    const fleet = full({ stays: true });
    for (const n of [10, 20, 30]) fleet.submit(`read ${n}`, relation(n, 'coordinator', 2));
    const job = crowd(fleet);
    while (fleet.answerCollect());
    expect(onCoordinator(fleet).length).toBeLessThan(3);
    fleet.finish();
    expect(fleet.settled.get(job)?.state).toBe('successful');
    expect(fleet.scheduler.job(job)?.counters.recomputes).toBe(0);
  });
});

describe('checkpoints', () => {
  it('do not push each other out, nor hold up others', () => {
    const fleet = full({ stays: true });
    const [block] = fleet.scheduler.cache().relations.flatMap(({ blocks }) => blocks);
    // Room for the job's result, and not for the block.
    fleet.diskBytes += (block?.bytes ?? 0) - 1;
    make(fleet, 40);
    expect(onCoordinator(fleet)).toEqual(['r30', 'r10', 'r20']);
    const job = crowd(fleet);
    fleet.finish();
    expect(fleet.settled.get(job)?.state).toBe('successful');
  });

  it('that made way are made again when there is room', () => {
    const fleet = full({ stays: true });
    const job = crowd(fleet);
    fleet.finish();
    expect(onCoordinator(fleet).length).toBeLessThan(3);
    fleet.diskBytes = Number.POSITIVE_INFINITY;
    fleet.forget(job);
    fleet.finish();
    expect(onCoordinator(fleet)).toEqual(['r30', 'r10', 'r20']);
  });
});
