/** Cached relations: kept after their job, read by later ones, made again when lost, and let go. */
import { beforeAll, describe, expect, it } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import type { JobId } from '../../shared/ids.ts';
import type { KeptRelation } from './cache-view.ts';
import { answerCopy } from './testing/answer-copy.ts';
import { Fleet } from './testing/fleet.ts';
import { branch, cachedSumsPlan, caching, gather, planOf, scan } from './testing/plans.ts';
import type { JobView } from './views.ts';

beforeAll(loadHashes);

const LINES = { dataset: 'lines', chunks: 9 };
/** Nothing is kept but what must be. */
const NO_REUSE = { reusableBlocks: 0 };

const kept = (fleet: Fleet): KeptRelation => {
  const [relation] = fleet.scheduler.cache().relations;
  if (!relation) throw new Error('nothing is kept');
  return relation;
};
const viewOf = (fleet: Fleet, id: JobId): JobView => {
  const view = fleet.scheduler.job(id);
  if (!view) throw new Error(`${id} is not known`);
  return view;
};
/** To the end, with each tab doing its part. */
const allAtWork = (fleet: Fleet): void => {
  for (let attempts = fleet.attempts(); attempts.length > 0; attempts = fleet.attempts())
    for (const attempt of attempts) if (fleet.attempts().includes(attempt)) fleet.run(attempt);
  fleet.finish();
};
const attemptsByStage = (fleet: Fleet, jobId: string): number[] => {
  const counts: number[] = [];
  for (const lease of fleet.leases) if (lease.jobId === jobId) counts[lease.stage] = (counts[lease.stage] ?? 0) + 1;
  return counts;
};

describe('a cached relation', () => {
  it('stays when its job is forgotten, and nothing of the rest', () => {
    const fleet = new Fleet({ limits: NO_REUSE });
    const a = fleet.join('a', { slots: 2 });
    const job = fleet.submit('job-1', cachedSumsPlan(LINES));
    fleet.finish();
    fleet.forget(job);
    const { blocks, name, level, owner } = kept(fleet);
    expect({ name, level, owner }).toEqual({ name: 'sums of lines', level: 'tabs', owner: 'local' });
    expect([...(fleet.stores.get(a.storeId)?.keys() ?? [])].sort()).toEqual(blocks.map((b) => b.blockId).sort());
  });

  it('is all that a later job reads, however many slots there are by then', () => {
    const fleet = new Fleet({ limits: NO_REUSE });
    fleet.join('a', { slots: 2 });
    fleet.submit('job-1', cachedSumsPlan(LINES, 1));
    fleet.finish();
    fleet.join('b', { slots: 3 });
    const second = fleet.submit('job-2', cachedSumsPlan(LINES, 2));
    fleet.finish();
    expect(viewOf(fleet, second).stages.map((stage) => stage.state)).toEqual(['successful', 'successful', 'successful']);
    expect(attemptsByStage(fleet, 'job-2')).toEqual([undefined, undefined, 1]);
    expect(fleet.scheduler.story(second).map((line) => line.what)).toContain('relationReused');
    expect(fleet.scheduler.cache().relations).toHaveLength(1);
  });

  it('counts as reused, with all that led to it, for each of several jobs that read it at once', () => {
    const fleet = new Fleet({ limits: NO_REUSE });
    fleet.join('a', { slots: 2 });
    fleet.forget(fleet.submit('job-1', cachedSumsPlan(LINES, 1)));
    const first = fleet.submit('job-2', cachedSumsPlan(LINES, 2));
    fleet.finish();
    fleet.forget(first);
    const both = [3, 4].map((n) => fleet.submit(`job-${n}`, cachedSumsPlan(LINES, n)));
    fleet.finish();
    for (const job of both) {
      const { tasksPlanned, tasksReused, attempts } = viewOf(fleet, job).counters;
      expect([tasksPlanned - tasksReused, attempts]).toEqual([1, 1]);
    }
  });

  it('is made again where it was lost, and only that', () => {
    const fleet = new Fleet({ limits: NO_REUSE, rowBytes: 1024 * 1024 });
    const a = fleet.join('a', { slots: 1 });
    const b = fleet.join('b', { slots: 1 });
    fleet.submit('job-1', cachedSumsPlan(LINES, 1));
    allAtWork(fleet);
    const before = kept(fleet).blocks;
    const lost = before.filter((block) => block.stores.every((store) => store === b.storeId));
    expect([lost.length > 0, lost.length < before.length]).toEqual([true, true]);
    fleet.kill(b);
    fleet.asleep.clear();
    expect(kept(fleet).blocks.map((block) => block.blockId)).toEqual(before.map((block) => block.blockId));
    const second = fleet.submit('job-2', cachedSumsPlan(LINES, 2));
    fleet.finish();
    expect(fleet.settled.get(second)?.state).toBe('successful');
    expect(attemptsByStage(fleet, 'job-2')[1]).toBe(lost.length);
    expect(viewOf(fleet, second).counters.recomputes).toBeGreaterThanOrEqual(lost.length);
    expect(kept(fleet).blocks.every((block) => block.stores.includes(a.storeId))).toBe(true);
  });

  it('counts its lineage as reused also where another job that lives has lost it', () => {
    const fleet = new Fleet({ limits: NO_REUSE });
    const a = fleet.join('a');
    fleet.submit('job-1', cachedSumsPlan(LINES, 1));
    // Its result is not collected yet, so that it keeps its tasks.
    for (let [attempt] = fleet.attempts(); attempt; [attempt] = fleet.attempts()) fleet.run(attempt);
    const [scanned] = fleet.leases;
    if (scanned) fleet.evict(a.storeId, scanned.task.blockId, true);
    const second = fleet.submit('job-2', cachedSumsPlan(LINES, 2));
    for (const attempt of fleet.attempts()) fleet.run(attempt);
    const { tasksPlanned, tasksReused, attempts } = viewOf(fleet, second).counters;
    expect({ tasksReused, attempts }).toEqual({ tasksReused: tasksPlanned - 1, attempts: 1 });
  });

  it('is known by what it says, and not by its name', () => {
    const fleet = new Fleet({ limits: NO_REUSE });
    fleet.join('a');
    const one = planOf([branch('one', scan(LINES))], [branch('end', gather(0))]);
    const two = planOf([branch('two', scan(LINES))], [branch('end', gather(0))]);
    fleet.submit('job-1', { ...one, cached: [{ name: 'x', key: 'one', level: 'tabs', stage: 0 }] });
    fleet.submit('job-2', { ...two, cached: [{ name: 'x', key: 'two', level: 'tabs', stage: 0 }] });
    fleet.finish();
    expect(fleet.scheduler.cache().relations.map(({ name }) => name)).toEqual(['x', 'x']);
    expect(attemptsByStage(fleet, 'job-2')[0]).toBeGreaterThan(0);
  });

  it('is not kept when its rows differ each time', () => {
    const fleet = new Fleet();
    fleet.join('a');
    const stage = { branches: [branch('indeterminate rows', scan(LINES))], determinacy: 'indeterminate' as const };
    const job = fleet.submit('job-1', caching(planOf(stage, [branch('end', gather(0))]), 0, 'chance'));
    fleet.finish();
    expect(fleet.scheduler.cache().relations).toEqual([]);
    const line = fleet.scheduler.story(job).find(({ what }) => what === 'relationNotKept');
    expect(line?.why).toContain('its rows differ each time');
  });

  it('goes with its blocks when it is let go, unless a job reads it', () => {
    const fleet = new Fleet();
    const a = fleet.join('a');
    const job = fleet.submit('job-1', cachedSumsPlan(LINES, 1));
    fleet.finish();
    fleet.forget(job);
    const { id, blocks } = kept(fleet);
    const held = () => blocks.filter(({ blockId }) => fleet.stores.get(a.storeId)?.has(blockId)).length;
    const second = fleet.submit('job-2', cachedSumsPlan(LINES, 2));
    fleet.send({ type: 'relationReleased', pinId: id });
    expect(held()).toBe(blocks.length);
    fleet.send({ type: 'jobCancelled', jobId: second });
    fleet.forget(second);
    expect(fleet.scheduler.cache().relations).toEqual([]);
    const third = fleet.submit('job-3', cachedSumsPlan(LINES, 1));
    fleet.finish();
    fleet.forget(third);
    fleet.send({ type: 'relationReleased', pinId: kept(fleet).id });
    expect(held()).toBe(0);
  });
});

describe('a relation that is let go while a job reads it', () => {
  it('does not come back when the job has to make lost blocks of it again', () => {
    const fleet = new Fleet({ limits: NO_REUSE });
    const a = fleet.join('a', { slots: 2 });
    const first = fleet.submit('job-1', cachedSumsPlan(LINES, 1));
    fleet.finish();
    fleet.forget(first);
    const second = fleet.submit('job-2', cachedSumsPlan(LINES, 2));
    const { id } = kept(fleet);
    fleet.send({ type: 'relationReleased', pinId: id });
    fleet.kill(a);
    fleet.asleep.clear();
    const b = fleet.join('b', { slots: 2 });
    fleet.finish();
    expect(fleet.settled.get(second)?.state).toBe('successful');
    expect(viewOf(fleet, second).counters.recomputes).toBeGreaterThan(0);
    expect(fleet.scheduler.cache().relations).toEqual([]);
    fleet.forget(second);
    expect([...(fleet.stores.get(b.storeId) ?? [])]).toEqual([]);
  });
});

describe('a level', () => {
  const places = (fleet: Fleet) => kept(fleet).blocks.map(({ onCoordinator, stores }) => stores.length + (onCoordinator ? 1 : 0));

  it('coordinator: a copy of each block, which is read when all tabs are gone, and nothing is computed', () => {
    const fleet = new Fleet({ limits: NO_REUSE });
    const a = fleet.join('a');
    const job = fleet.submit('job-1', cachedSumsPlan(LINES, 1, 'coordinator'));
    fleet.finish();
    fleet.forget(job);
    expect(kept(fleet).blocks.every((block) => block.onCoordinator)).toBe(true);
    fleet.kill(a);
    fleet.asleep.clear();
    fleet.join('b', { slots: 4 });
    const second = fleet.submit('job-3', cachedSumsPlan(LINES, 2, 'coordinator'));
    fleet.finish();
    expect(attemptsByStage(fleet, 'job-3')).toEqual([undefined, undefined, 1]);
    expect(fleet.settled.get(second)?.state).toBe('successful');
    const [block] = kept(fleet).blocks;
    fleet.loseCoordinatorCopy(block?.blockId ?? ('' as never));
    const third = fleet.submit('job-4', cachedSumsPlan(LINES, 3, 'coordinator'));
    fleet.finish();
    expect(fleet.settled.get(third)?.state).toBe('successful');
    expect(kept(fleet).blocks.every((one) => one.onCoordinator)).toBe(true);
  });

  it('tabs-2: a second store gets each block, another one when that goes, and none is lost with one tab', () => {
    const fleet = new Fleet({ limits: NO_REUSE, rowBytes: 1024 * 1024 });
    const a = fleet.join('a');
    fleet.submit('job-1', cachedSumsPlan(LINES, 1, 'tabs-2'));
    fleet.finish();
    expect(places(fleet).every((copies) => copies === 1)).toBe(true);
    const b = fleet.join('b');
    expect(fleet.copies).toEqual([]);
    fleet.tellStore(b);
    while (answerCopy(fleet));
    expect(kept(fleet).blocks.every(({ stores }) => stores.join() === [a.storeId, b.storeId].join())).toBe(true);
    fleet.kill(a);
    expect(kept(fleet).blocks.every(({ stores }) => stores.join() === b.storeId)).toBe(true);
    fleet.tellStore(fleet.join('c'));
    while (answerCopy(fleet));
    expect(places(fleet).every((copies) => copies === 2)).toBe(true);
    const ids = kept(fleet).blocks.map(({ blockId }) => blockId);
    expect(ids.some((id) => fleet.scheduler.leaseOf(b.sessionId, id, 0))).toBe(false);
  });

  it('tabs-2: of tabs that share a store and may keep different amounts, the least counts, whoever spoke last', () => {
    const fleet = new Fleet({ limits: NO_REUSE, rowBytes: 1024 * 1024 });
    fleet.join('a');
    fleet.submit('job-1', cachedSumsPlan(LINES, 1, 'tabs-2'));
    fleet.finish();
    const small = fleet.join('small', {}, 'shared');
    fleet.tellStore(small, 1);
    fleet.tellStore(fleet.join('large', {}, 'shared'));
    expect(fleet.copies).toEqual([]);
    fleet.kill(small);
    while (answerCopy(fleet));
    expect(places(fleet).every((copies) => copies === 2)).toBe(true);
  });

  it('tabs: what only a leaving tab has is handed over while there is time', () => {
    const fleet = new Fleet({ limits: NO_REUSE });
    const a = fleet.join('a');
    fleet.submit('job-1', cachedSumsPlan(LINES));
    fleet.finish();
    fleet.leave(a);
    while (fleet.answerCollect());
    expect(kept(fleet).blocks.every((block) => block.onCoordinator)).toBe(true);
  });
});

describe('an author', () => {
  const one = (n: number, dataset = 'd') =>
    caching(planOf([branch(`scan ${n}`, scan({ dataset, chunks: 1 }))], [branch('end', gather(0))]), 0, `r${n}`);
  const names = (fleet: Fleet): string[] => fleet.scheduler.cache().relations.map(({ name }) => name);
  /** Each relation takes as long to make as its number says. */
  const make = (fleet: Fleet, n: number): void => {
    const job = fleet.submit(`job-${n}`, one(n));
    for (let [attempt] = fleet.attempts(); attempt; [attempt] = fleet.attempts())
      fleet.run(attempt, { costs: { computeMs: attempt.stage === 0 ? n : 0 } });
    fleet.finish();
    fleet.forget(job);
  };

  it('cachedRelationsPerOwner: one more than an author may keep', () => {
    const fleet = new Fleet({ limits: { cachedRelationsPerOwner: 2 } });
    fleet.join('a');
    for (const n of [30, 10, 20]) make(fleet, n);
    expect(names(fleet)).toEqual(['r30', 'r20']);
  });

  it('cachedBytesPerOwner: what is cheapest to make again per byte goes', () => {
    const fleet = new Fleet();
    fleet.join('a');
    make(fleet, 10);
    const [first] = fleet.scheduler.cache().relations;
    const bytes = first?.blocks.reduce((sum, block) => sum + block.bytes, 0) ?? 0;
    const tight = new Fleet({ limits: { cachedBytesPerOwner: 2 * bytes } });
    const a = tight.join('a');
    for (const n of [20, 30, 10]) make(tight, n);
    expect(names(tight)).toEqual(['r30', 'r10']);
    const kept = tight.scheduler.cache().relations.flatMap(({ blocks }) => blocks.map(({ blockId }) => blockId));
    expect(kept.every((id) => tight.stores.get(a.storeId)?.has(id))).toBe(true);
    const small = new Fleet({ limits: { cachedBytesPerOwner: bytes - 1 } });
    small.join('a');
    make(small, 10);
    expect(names(small)).toEqual([]);
  });

  it('over the cap of a store, blocks that are only cached go by what they cost, and no job fails', () => {
    const fleet = new Fleet({ limits: { reusableBlocks: 0 } });
    const a = fleet.join('a');
    for (const n of [30, 10, 20]) make(fleet, n);
    const blocks = new Map(fleet.scheduler.cache().relations.map(({ name, blocks: [block] }) => [name, block?.blockId]));
    const held = () => ['r30', 'r10', 'r20'].filter((name) => fleet.stores.get(a.storeId)?.has(blocks.get(name) as never));
    fleet.isDiskFull = true;
    fleet.tellStore(a, fleet.storedBytes(a) * 0.75);
    expect(held()).toEqual(['r30', 'r20']);
    expect(names(fleet)).toEqual(['r30', 'r10', 'r20']);
    fleet.isDiskFull = false;
    fleet.tellStore(a, Number.MAX_SAFE_INTEGER);
    const again = fleet.submit('again', one(10));
    fleet.finish();
    expect(fleet.settled.get(again)?.state).toBe('successful');
    expect(held()).toEqual(['r30', 'r10', 'r20']);
  });
});
