/** Stores over their cap, and tabs that go: what is dropped, what is copied first, who gets no work, and when a job must give way. */
import { beforeAll, describe, expect, it } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import type { BlockId, JobId } from '../../shared/ids.ts';
import type { FakeAttempt, FakeTab } from './testing/fake-tab.ts';
import { Fleet } from './testing/fleet.ts';
import { aggregatePlan, branch, gather, hash, hashed, joinPlan, planOf, scan } from './testing/plans.ts';

beforeAll(loadHashes);

const MiB = 1024 * 1024;
const HEAVY = { rowBytes: MiB };
const fail = (): never => {
  throw new Error('no attempt is leased');
};
const first = (fleet: Fleet): FakeAttempt => fleet.attempts()[0] ?? fail();
const keeps = (fleet: Fleet, tab: FakeTab): BlockId[] => [...(fleet.stores.get(tab.storeId)?.keys() ?? [])];

/** Both sides of a join are made, on tab a alone; the join has not begun. */
function sides() {
  const fleet = new Fleet(HEAVY);
  const a = fleet.join('a');
  const job = fleet.submit('job-1', joinPlan({ dataset: 'left', chunks: 4 }, { dataset: 'right', chunks: 4 }));
  while (fleet.attempts().some((attempt) => attempt.stage < 2)) fleet.run(first(fleet));
  return { fleet, a, job, blocks: keeps(fleet, a) };
}

describe('a store over its cap', () => {
  it('drops what no job needs first, the oldest first, without a copy', () => {
    const fleet = new Fleet(HEAVY);
    const a = fleet.join('a');
    fleet.submit('job-1', aggregatePlan({ dataset: 'd', chunks: 2 }, 1));
    fleet.submit('job-2', aggregatePlan({ dataset: 'e', chunks: 2 }, 2));
    fleet.finish();
    const blocks = keeps(fleet, a);
    const bytes = fleet.storedBytes(a);
    // Results are on the coordinator, so they go before the partials, which would have to be made again.
    fleet.tellStore(a, Math.floor(bytes / 1.6));
    expect(fleet.collects).toEqual([]);
    const left = keeps(fleet, a);
    expect(left.length).toBeLessThan(blocks.length);
    expect(fleet.storedBytes(a)).toBeLessThanOrEqual(bytes / 1.6);
    for (const id of blocks.filter((block) => !left.includes(block))) expect(fleet.coordinator.has(id)).toBe(true);
  });

  it('hands sole copies over that are needed, then drops them, and gets no leases meanwhile', () => {
    const { fleet, a, job, blocks } = sides();
    const running = fleet.attempts();
    fleet.tellStore(a, 4 * MiB);
    expect(fleet.collects.map((c) => c.blockId)).toEqual(blocks);
    expect(fleet.collects.every((c) => c.urgency === 'wanted')).toBe(true);
    for (const attempt of running) fleet.fail(attempt, 'released');
    expect(fleet.attempts()).toEqual([]);
    expect(fleet.scheduler.job(job)?.waitingFor).toContain('full');
    while (fleet.collects.length > 0) fleet.answerCollect();
    expect(keeps(fleet, a)).toEqual([]);
    expect(fleet.attempts().length).toBeGreaterThan(0);
    fleet.finish();
    expect(fleet.settled.get(job)?.state).toBe('successful');
    expect(fleet.scheduler.job(job)?.counters.recomputes).toBe(0);
  });

  it('goes on by way of the coordinator however small it is', () => {
    const fleet = new Fleet(HEAVY);
    for (const name of ['a', 'b']) fleet.tellStore(fleet.join(name), 1 * MiB);
    const job = fleet.submit('job-1', joinPlan({ dataset: 'left', chunks: 8 }, { dataset: 'skewed', chunks: 6 }));
    fleet.finish();
    expect(fleet.settled.get(job)?.state).toBe('successful');
    expect(fleet.scheduler.job(job)?.counters.recomputes).toBe(0);
  });

  it('is not relieved twice by a word that is older than its drops', () => {
    const { fleet, a } = sides();
    const bytes = fleet.storedBytes(a);
    fleet.tellStore(a, bytes - MiB);
    while (fleet.collects.length > 0) fleet.answerCollect();
    const left = keeps(fleet, a);
    expect(left.length).toBeGreaterThan(0);
    fleet.send({ type: 'storeChanged', sessionId: a.sessionId, outputBytes: bytes, capBytes: bytes - MiB });
    expect(fleet.collects).toEqual([]);
    expect(keeps(fleet, a)).toEqual(left);
    fleet.finish();
  });
});

describe('a coordinator without room', () => {
  it('ends the job with the stage that takes the room, when nothing runs', () => {
    const { fleet, a, job } = sides();
    fleet.isDiskFull = true;
    const running = fleet.attempts();
    fleet.tellStore(a, 4 * MiB);
    while (fleet.collects.length > 0) fleet.answerCollect();
    expect(fleet.settled.size).toBe(0);
    for (const attempt of running) fleet.fail(attempt, 'released');
    expect(fleet.settled.get(job)?.error).toMatchObject({ code: 'storage-full', stage: expect.any(Number) });
    expect(fleet.settled.get(job)?.error?.detail).toMatch(/stage [01] \((left|right)\).*no space is left/);
    expect(fleet.settled.get(job)?.error?.hint).toMatch(/disk space/);
  });

  it('lets other jobs go on with what the one that failed leaves', () => {
    const { fleet, a, job } = sides();
    const other = fleet.submit(
      'job-2',
      planOf(hashed(4, branch('small', scan({ dataset: 's', chunks: 1 }))), [branch('sum', hash(0))]),
    );
    fleet.isDiskFull = true;
    const running = fleet.attempts();
    fleet.tellStore(a, 4 * MiB);
    while (fleet.collects.length > 0) fleet.answerCollect();
    for (const attempt of running) fleet.fail(attempt, 'released');
    expect(fleet.settled.get(job)?.state).toBe('failed');
    fleet.isDiskFull = false;
    fleet.finish();
    expect(fleet.settled.get(other)?.state).toBe('successful');
  });

  it('does not matter while a tab has room', () => {
    const { fleet, a, job } = sides();
    fleet.isDiskFull = true;
    fleet.tellStore(a, 4 * MiB);
    fleet.join('b', { slots: 2 });
    while (fleet.attempts().length > 0) fleet.run(first(fleet));
    expect(fleet.settled.size).toBe(0);
    fleet.isDiskFull = false;
    fleet.finish();
    expect(fleet.settled.get(job)?.state).toBe('successful');
  });

  it('is no reason to think that tabs have lost their blocks', () => {
    const fleet = new Fleet();
    const a = fleet.join('a');
    const job = fleet.submit('job-1', planOf([branch('select 1')]));
    fleet.run(first(fleet));
    fleet.isDiskFull = true;
    fleet.answerCollect();
    expect(fleet.scheduler.holders(keeps(fleet, a)[0] ?? fail()).sessions).toEqual([a.sessionId]);
    for (let i = 0; i < 9 && fleet.collects.length > 0; i++) fleet.answerCollect();
    expect(fleet.settled.get(job)?.error).toMatchObject({
      code: 'result-not-collected',
      detail: expect.stringContaining('no room'),
    });
    expect(fleet.leases).toHaveLength(1);
  });
});

describe('a tab that drains', () => {
  it('hands over what it made before and what it finishes, before other copies', () => {
    const fleet = new Fleet();
    const a = fleet.join('a', { slots: 2 });
    fleet.join('b', { paused: true });
    const job = fleet.submit('job-1', aggregatePlan({ dataset: 'd', chunks: 2 }));
    const [one, two] = fleet.attempts();
    fleet.run(one ?? fail());
    fleet.drain(a);
    expect(fleet.collects).toMatchObject([{ blockId: one?.task.blockId, urgency: 'urgent' }]);
    fleet.run(two ?? fail());
    expect(fleet.collects).toMatchObject([{}, { blockId: two?.task.blockId, urgency: 'urgent' }]);
    while (fleet.answerCollect());
    fleet.kill(a);
    fleet.change([...fleet.tabs.values()][0] ?? fail(), { paused: false });
    fleet.finish();
    expect(fleet.scheduler.job(job)?.counters.recomputes).toBe(0);
  });

  it('is no reason to copy what a twin of its profile serves on; two that go together are', () => {
    const { fleet, a, blocks } = sides();
    const twin = fleet.join('twin', { paused: true }, a.storeId);
    fleet.leave(a);
    expect(fleet.collects).toEqual([]);
    fleet.leave(twin);
    expect(fleet.collects.map((c) => c.blockId)).toEqual(blocks);
  });

  it('together with the only other holder hands over too', () => {
    const fleet = new Fleet();
    const a = fleet.join('a');
    const job = fleet.submit('job-1', planOf([branch('rows', scan({ dataset: 'd', chunks: 1 }))], [branch('g', gather(0))]));
    const made = first(fleet);
    fleet.run(made);
    const b = fleet.join('b', { paused: true });
    fleet.stores.get(b.storeId)?.set(made.task.blockId, fleet.engine.run(made.task).digest);
    b.unannounced = [...(fleet.stores.get(b.storeId) ?? [])];
    fleet.announce(b);
    expect(fleet.scheduler.holders(made.task.blockId).sessions).toHaveLength(2);
    fleet.leave(a);
    expect(fleet.collects).toEqual([]);
    fleet.leave(b);
    expect(fleet.collects.map((c) => c.blockId)).toEqual([made.task.blockId]);
    expect(fleet.settled.has(job as JobId)).toBe(false);
  });
});
