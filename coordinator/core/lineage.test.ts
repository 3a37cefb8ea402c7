/** Blocks are lost and come back; only what is needed runs again. */
import { beforeAll, describe, expect, it } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import type { BlockId } from '../../shared/ids.ts';
import type { FakeAttempt } from './testing/fake-tab.ts';
import { Fleet } from './testing/fleet.ts';
import { aggregatePlan, branch, broadcast, gather, planOf, scan } from './testing/plans.ts';

beforeAll(loadHashes);

const FOUR = { dataset: 'four', chunks: 4 };

function first(fleet: Fleet): FakeAttempt {
  const [attempt] = fleet.attempts();
  if (!attempt) throw new Error('no attempt');
  return attempt;
}

/** Stage 0 done on tabs a and b, two tasks each; stage 1 leased. */
function gathered(inline = false) {
  const fleet = new Fleet();
  const a = fleet.join('a', { slots: 2 });
  const b = fleet.join('b', { slots: 2 });
  const job = fleet.submit('job-1', aggregatePlan(FOUR));
  const partials = fleet.attempts();
  expect(partials.map((p) => p.sessionId)).toEqual([a.sessionId, a.sessionId, b.sessionId, b.sessionId]);
  for (const partial of partials) fleet.run(partial, { inline });
  const last = first(fleet);
  const holder = last.sessionId === a.sessionId ? a : b;
  const other = holder === a ? b : a;
  const ownOf = (tab: typeof a) => partials.filter((p) => p.sessionId === tab.sessionId).map((p) => p.task.blockId);
  return { fleet, job, last, holder, other, ownOf };
}

describe('a tab that goes', () => {
  it('as sole holder costs exactly its own tasks, and the account adds up', () => {
    const { fleet, job, last, other, ownOf } = gathered();
    fleet.start(last);
    fleet.kill(other);
    expect(fleet.scheduler.job(job)?.stages[0]).toMatchObject({ state: 'running', done: 2 });
    // The gather finds out that two of its inputs are gone; that does not count against it.
    fleet.run(last);
    expect(new Set(fleet.attempts().map((x) => x.task.blockId))).toEqual(new Set(ownOf(other)));
    fleet.finish();
    const counters = fleet.scheduler.job(job)?.counters;
    expect(counters).toMatchObject({ tasksPlanned: 5, attempts: 8, recomputes: 2, ended: { succeeded: 7, input: 1 } });
    const lines = fleet.scheduler.story(job).filter((line) => line.what === 'taskSetBack');
    expect(lines.map((line) => line.why)).toEqual([
      'w-b was lost (closed), and with it the only copy',
      'w-b was lost (closed), and with it the only copy',
    ]);
  });

  it('is named in words when a copy fails before its session is found closed', () => {
    const { fleet, job, last, holder } = gathered();
    fleet.run(last);
    const [wanted] = fleet.collects.splice(0);
    if (!wanted) throw new Error('nothing to collect');
    const why = `${holder.sessionId}: bucket 0 missing`;
    fleet.send({ type: 'collectFailed', blockId: wanted.blockId, why });
    fleet.stores.get(holder.storeId)?.delete(wanted.blockId);
    const reason =
      `${holder.workerId} could not give the block to the coordinator: closed meanwhile, or no longer has it ` +
      `(${holder.workerId}: bucket 0 missing)`;
    const rolledBack = fleet.scheduler.story(job).filter((line) => line.what === 'taskSetBack' || line.what === 'outputLost');
    expect(rolledBack.map((line) => line.why)).toEqual([reason, reason]);
    fleet.kill(holder);
    fleet.finish();
    expect(fleet.settled.get(job)?.state).toBe('successful');
  });

  it('costs nothing when the coordinator has its blocks', () => {
    const { fleet, job, other } = gathered(true);
    fleet.kill(other);
    fleet.finish();
    expect(fleet.scheduler.job(job)?.counters).toMatchObject({ attempts: 5, recomputes: 0 });
  });

  it('costs nothing when another tab of its store stays', () => {
    const fleet = new Fleet();
    const a = fleet.join('a', {}, 'shared');
    const job = fleet.submit('job-1', aggregatePlan({ dataset: 'd', chunks: 1 }));
    fleet.run(first(fleet));
    fleet.join('twin', {}, 'shared');
    fleet.kill(a);
    fleet.finish();
    expect(fleet.scheduler.job(job)?.counters).toMatchObject({ recomputes: 0, ended: { succeeded: 2, died: 1 } });
  });

  it('after the gather is done makes nothing run again', () => {
    const { fleet, job, last, other } = gathered();
    fleet.run(last);
    fleet.kill(other);
    expect(fleet.attempts()).toEqual([]);
    fleet.finish();
    expect(fleet.scheduler.job(job)?.counters).toMatchObject({ recomputes: 0, attempts: 5 });
  });

  it('with the result makes the gather run again, and before it what it reads', () => {
    const { fleet, job, last, holder } = gathered();
    fleet.run(last);
    fleet.kill(holder);
    expect(fleet.scheduler.job(job)?.stages.map((s) => [s.state, s.done])).toEqual([
      ['running', 2],
      ['running', 0],
    ]);
    fleet.finish();
    expect(fleet.settled.get(job)?.state).toBe('successful');
    expect(fleet.scheduler.job(job)?.counters).toMatchObject({ attempts: 8, recomputes: 3 });
  });

  it('and says so hands its sole copies over first', () => {
    const { fleet, job, other, ownOf } = gathered();
    fleet.leave(other);
    expect(fleet.collects.map((c) => c.blockId)).toEqual(ownOf(other));
    while (fleet.answerCollect());
    fleet.kill(other);
    fleet.finish();
    expect(fleet.scheduler.job(job)?.counters.recomputes).toBe(0);
  });
});

describe('a recompute', () => {
  it('is cancelled when a late report brings the block back', () => {
    const fleet = new Fleet();
    const a = fleet.join('a');
    const job = fleet.submit('job-1', aggregatePlan({ dataset: 'd', chunks: 1 }));
    const slow = first(fleet);
    fleet.leave(a);
    const b = fleet.join('b');
    const again = first(fleet);
    expect(again.sessionId).toBe(b.sessionId);
    fleet.succeed(slow);
    expect(b.cancelled.map((x) => x.attemptId)).toEqual([again.attemptId]);
    expect(fleet.scheduler.job(job)?.stages[0]).toMatchObject({ state: 'successful' });
    expect(fleet.scheduler.job(job)?.counters.ended).toEqual({ released: 1, cancelled: 1 });
  });

  it('is cancelled by a late report of the tab that came back, and by nobody else', () => {
    const fleet = new Fleet();
    const a = fleet.join('a');
    const job = fleet.submit('job-1', aggregatePlan({ dataset: 'd', chunks: 1 }));
    const slow = first(fleet);
    fleet.start(slow);
    fleet.kill(a);
    const b = fleet.join('b');
    const again = first(fleet);
    const stranger = fleet.join('c');
    fleet.succeed({ ...slow, sessionId: stranger.sessionId });
    expect(fleet.scheduler.job(job)?.stages[0]).toMatchObject({ state: 'running' });
    const back = fleet.join('a');
    fleet.succeed({ ...slow, sessionId: back.sessionId });
    expect(b.cancelled.map((x) => x.attemptId)).toEqual([again.attemptId]);
    expect(fleet.scheduler.job(job)?.stages[0]).toMatchObject({ state: 'successful' });
  });

  it('is cancelled by the inventory of the tab that came back; what is not as accepted is dropped', () => {
    const fleet = new Fleet();
    const a = fleet.join('a');
    const job = fleet.submit('job-1', aggregatePlan({ dataset: 'd', chunks: 1 }));
    const made = first(fleet);
    fleet.run(made);
    const { blockId } = made.task;
    const digest = fleet.scheduler.blockInfo(blockId)?.digest;
    if (!digest) throw new Error('the block was accepted');
    fleet.kill(a);
    const b = fleet.join('b');
    expect(first(fleet).task.blockId).toBe(blockId);
    const { sessionId, storeId } = fleet.join('a');
    fleet.stores.get(storeId)?.set(blockId, digest);
    const [other, ids] = ['f'.repeat(64), fleet.attempts().map((x) => x.attemptId)];
    const blocks = [
      { blockId, digest },
      { blockId: other as BlockId, digest },
    ];
    const commands = fleet.send({ type: 'inventoryReported', sessionId, blocks, last: true });
    expect(commands).toContainEqual({ type: 'dropBlocks', sessionId, blockIds: [other] });
    expect(b.cancelled.map((x) => x.attemptId)).toEqual(ids);
    fleet.finish();
    expect(fleet.settled.get(job)?.state).toBe('successful');
    expect(fleet.scheduler.job(job)?.stages[0]?.tasks).toBe(1);
  });

  it('is queued once when its reader has it as two inputs', () => {
    const fleet = new Fleet();
    const a = fleet.join('a');
    const inputs = [gather(0), broadcast(0)];
    const job = fleet.submit('job-1', planOf([branch('scan', scan({ dataset: 'd', chunks: 1 }))], [branch('both', ...inputs)]));
    const scanned = first(fleet);
    fleet.run(scanned);
    const both = first(fleet);
    fleet.run(both);
    fleet.evict(a.storeId, scanned.task.blockId, true);
    fleet.evict(a.storeId, both.task.blockId, false);
    fleet.answerCollect();
    expect(fleet.attempts().map((x) => x.task.blockId)).toEqual([scanned.task.blockId]);
    fleet.finish();
    expect(fleet.settled.get(job)?.state).toBe('successful');
    expect(fleet.scheduler.job(job)?.counters).toMatchObject({ recomputes: 2 });
  });

  it('accepts other bytes only when nobody holds the old ones', () => {
    const fleet = new Fleet();
    const a = fleet.join('a');
    fleet.submit('job-1', planOf([branch('unordered', scan({ dataset: 'd', chunks: 1 }))], [branch('g', gather(0))]));
    const slow = first(fleet);
    fleet.leave(a);
    const b = fleet.join('b');
    const { blockId } = slow.task;
    fleet.succeed(first(fleet), { variant: '-other' });
    fleet.succeed(slow);
    expect(fleet.scheduler.holders(blockId)).toEqual({ onCoordinator: false, sessions: [b.sessionId] });
    expect(fleet.scheduler.blockInfo(blockId)?.digest).toContain('-other');
    expect(fleet.stores.get(a.storeId)?.has(blockId)).toBe(false);
  });
});

describe('an input failure', () => {
  it('marks the named copy as lost and runs its task again', () => {
    const { fleet, job, last, other, ownOf } = gathered();
    const [blockId] = ownOf(other);
    if (!blockId) throw new Error('no block');
    fleet.evict(other.storeId, blockId, false);
    fleet.run(last);
    expect(fleet.attempts().map((x) => x.task.blockId)).toEqual([blockId]);
    fleet.finish();
    expect(fleet.scheduler.job(job)?.counters).toMatchObject({ recomputes: 1, attempts: 7, ended: { input: 1, succeeded: 6 } });
  });

  it('leaves alone a copy that is newer than the lease', () => {
    const { fleet, last, other, ownOf } = gathered();
    const [blockId] = ownOf(other);
    if (!blockId) throw new Error('no block');
    fleet.nowMs = 10;
    fleet.start(last);
    fleet.evict(other.storeId, blockId, true);
    for (const again of fleet.attempts().filter((x) => x.task.blockId === blockId)) fleet.run(again);
    fleet.fail(last, 'input', { slices: [{ blockId, bucket: 0, why: 'missing' }] });
    expect(fleet.attempts().map((x) => x.task.blockId)).toEqual([last.task.blockId]);
  });
});

describe('an indeterminate output', () => {
  const plan = () =>
    planOf({ branches: [branch('random', scan({ dataset: 'd', chunks: 1 }))], determinacy: 'indeterminate' }, [
      branch('g', gather(0)),
    ]);

  it('is on the coordinator before anybody may read it', () => {
    const fleet = new Fleet();
    const a = fleet.join('a');
    const job = fleet.submit('job-1', plan());
    fleet.run(first(fleet));
    expect(fleet.attempts()).toEqual([]);
    expect(fleet.collects).toHaveLength(1);
    fleet.answerCollect();
    expect(first(fleet).stage).toBe(1);
    fleet.kill(a);
    fleet.join('b');
    fleet.finish();
    expect(fleet.scheduler.job(job)?.counters.recomputes).toBe(0);
  });

  it('that is lost after it was read fails the job rather than mixing rows', () => {
    const fleet = new Fleet();
    const a = fleet.join('a');
    const job = fleet.submit('job-1', plan());
    const random = first(fleet);
    fleet.run(random, { inline: true });
    fleet.evict(a.storeId, random.task.blockId, true);
    fleet.start(first(fleet));
    fleet.loseCoordinatorCopy(random.task.blockId);
    expect(fleet.settled.get(job)).toMatchObject({ state: 'failed', error: { code: 'indeterminate-lost' } });
  });

  it('never has the id of another job', () => {
    const fleet = new Fleet();
    fleet.join('a');
    fleet.submit('job-1', plan());
    fleet.finish();
    fleet.submit('job-2', plan());
    expect(new Set(fleet.leases.map((x) => x.task.blockId)).size).toBe(fleet.leases.length);
  });
});
