/** Tabs that come back with blocks: by inventory, or with a report whose attempt was given up. */
import { beforeAll, describe, expect, it } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import type { BlockId, Digest, StoreId } from '../../shared/ids.ts';
import type { FakeAttempt, FakeTab } from './testing/fake-tab.ts';
import { Fleet } from './testing/fleet.ts';
import { aggregatePlan, branch, gather, hash, hashed, joinPlan, planOf, scan } from './testing/plans.ts';

beforeAll(loadHashes);

const HEAVY = { rowBytes: 1024 * 1024 };
const ONE = { dataset: 'one', chunks: 1 };

const fail = (): never => {
  throw new Error('no attempt is leased');
};
const first = (fleet: Fleet): FakeAttempt => fleet.attempts()[0] ?? fail();
const ended = (fleet: Fleet, job: string): unknown => fleet.scheduler.jobs().find((j) => j.jobId === job)?.counters.ended;

/** A join whose sides are shuffled, and whose second tab is then lost before the join runs. */
function shuffled() {
  const fleet = new Fleet(HEAVY);
  const a = fleet.join('a', { slots: 1 });
  const b = fleet.join('b', { slots: 3 });
  const job = fleet.submit('job-1', joinPlan({ dataset: 'left', chunks: 8 }, { dataset: 'right', chunks: 4 }));
  while (fleet.attempts().some((attempt) => attempt.stage < 2)) fleet.run(first(fleet));
  const own = fleet.stores.get(b.storeId)?.size ?? 0;
  fleet.kill(b);
  return { fleet, a, b, job, own };
}

describe('a tab that reloads', () => {
  it('gets its blocks back: what was to be made again is not, and running recomputes stop', () => {
    const { fleet, a, job, own } = shuffled();
    const recomputes = () => fleet.attempts().filter((attempt) => attempt.stage < 2);
    for (const attempt of fleet.attempts().filter((x) => x.stage === 2)) fleet.run(attempt);
    expect(recomputes().length).toBeGreaterThan(0);
    const running = recomputes().length;
    // Sessions hold a returning tab as paused until it has told what it holds.
    const back = fleet.join('b', { slots: 3, paused: true });
    fleet.announce(back);
    fleet.change(back, { paused: false });
    expect(recomputes()).toEqual([]);
    expect(a.cancelled).toHaveLength(running);
    fleet.finish();
    expect(fleet.settled.get(job)?.state).toBe('successful');
    expect(fleet.scheduler.job(job)?.counters.recomputes).toBe(running);
    expect(own).toBeGreaterThan(running);
  });

  it('keeps what it has in several parts, and drops the rest after the last', () => {
    const { fleet, b } = shuffled();
    const stranger = 'f'.repeat(64) as BlockId;
    fleet.asleep.get(b.storeId)?.set(stranger, 'digest-x' as Digest);
    const back = fleet.join('b', { slots: 2 });
    back.unannounced.reverse();
    expect(fleet.announce(back, 1).filter((command) => command.type === 'dropBlocks')).toEqual([]);
    const commands = fleet.announce(back);
    const drops = commands.filter((command) => command.type === 'dropBlocks');
    expect(drops).toEqual([{ type: 'dropBlocks', sessionId: back.sessionId, blockIds: [stranger] }]);
    fleet.finish();
  });

  it('loses what it evicted meanwhile, and that alone is made again', () => {
    const { fleet, b, job } = shuffled();
    const store = fleet.asleep.get(b.storeId);
    const [evicted] = store?.keys() ?? [];
    if (evicted) store?.delete(evicted);
    fleet.announce(fleet.join('b', { slots: 2 }));
    fleet.finish();
    expect(fleet.settled.get(job)?.state).toBe('successful');
    const again = fleet.leases.filter((lease) => lease.task.blockId === evicted);
    expect(again).toHaveLength(2);
  });

  it('after its job ended brings what the next one needs', () => {
    const fleet = new Fleet();
    const a = fleet.join('a');
    fleet.submit('job-1', aggregatePlan({ dataset: 'd', chunks: 4 }));
    fleet.finish();
    const before = fleet.leases.length;
    fleet.kill(a);
    fleet.announce(fleet.join('a'));
    const again = fleet.submit('job-2', aggregatePlan({ dataset: 'd', chunks: 4 }));
    fleet.finish();
    expect(fleet.scheduler.job(again)?.counters).toMatchObject({ attempts: 0 });
    expect(fleet.leases).toHaveLength(before);
  });

  it('is remembered within bounds', () => {
    const fleet = new Fleet({ limits: { rememberedBuckets: 8 } });
    const a = fleet.join('a');
    fleet.submit('job-1', planOf(hashed(8, branch('rows', scan(ONE))), [branch('sum', hash(0))], [branch('final', gather(1))]));
    fleet.finish();
    fleet.kill(a);
    const drops = fleet.announce(fleet.join('a')).filter((command) => command.type === 'dropBlocks');
    expect(drops).toHaveLength(1);
  });

  it('with other bytes than those accepted is told to drop them', () => {
    const { fleet, b } = shuffled();
    const store = fleet.asleep.get(b.storeId);
    const ids = [...(store?.keys() ?? [])];
    for (const id of ids) store?.set(id, 'digest-other' as Digest);
    const commands = fleet.announce(fleet.join('b', { paused: true }));
    expect(commands.flatMap((command) => (command.type === 'dropBlocks' ? command.blockIds : []))).toEqual(ids);
    fleet.finish();
  });
});

describe('two tabs of one profile', () => {
  it('hold what either has, and a block that one is making is not dropped by the word of the other', () => {
    const fleet = new Fleet();
    const a = fleet.join('a', {}, 'shared');
    fleet.submit('job-1', aggregatePlan(ONE));
    const made = first(fleet);
    // Written to the shared store, not reported yet: the second tab lists it.
    const { digest } = fleet.engine.run(made.task);
    fleet.stores.get('shared' as StoreId)?.set(made.task.blockId, digest);
    const twin = fleet.join('twin', {}, 'shared');
    expect(twin.unannounced).toHaveLength(1);
    expect(fleet.announce(twin)).not.toContainEqual(expect.objectContaining({ type: 'dropBlocks' }));
    fleet.run(made);
    fleet.kill(a);
    expect(fleet.scheduler.holders(made.task.blockId).sessions).toEqual([twin.sessionId]);
    fleet.finish();
    expect(ended(fleet, 'job-1')).toMatchObject({ succeeded: 2 });
  });

  it('may have one worker id: each session stands for itself', () => {
    const fleet = new Fleet();
    const [one, two] = [fleet.join('same', {}, 'x'), fleet.join('same', {}, 'y')];
    const job = fleet.submit('job-1', aggregatePlan({ dataset: 'd', chunks: 2 }));
    expect([one, two].map((tab) => tab.attempts.size)).toEqual([1, 1]);
    for (const attempt of fleet.attempts()) fleet.run(attempt);
    fleet.kill(one);
    fleet.announce(fleet.join('same', {}, 'x'));
    fleet.finish();
    expect(fleet.settled.get(job)?.state).toBe('successful');
    expect(fleet.scheduler.workers().map((worker) => worker.workerId)).toEqual(['w-same', 'w-same']);
  });
});

describe('a late report', () => {
  /** The first attempt was given up; its task is queued or runs elsewhere. */
  function late(): { fleet: Fleet; slow: FakeAttempt; b: FakeTab; again: FakeAttempt } {
    const fleet = new Fleet();
    const a = fleet.join('a');
    fleet.submit(
      'job-1',
      planOf({ branches: [branch('unordered', scan(ONE))], determinacy: 'unordered' }, [branch('g', gather(0))]),
    );
    const slow = first(fleet);
    fleet.leave(a);
    const b = fleet.join('b');
    return { fleet, slow, b, again: first(fleet) };
  }

  it('of a block that nobody has made yet counts as if in time, and stops the attempt that runs for it', () => {
    const { fleet, slow, b, again } = late();
    fleet.succeed(slow);
    expect(b.cancelled).toEqual([again]);
    expect(fleet.scheduler.holders(slow.task.blockId).sessions).toEqual([slow.sessionId]);
    fleet.finish();
  });

  it('of a queued task keeps it from running', () => {
    const fleet = new Fleet();
    const a = fleet.join('a');
    fleet.submit('job-1', aggregatePlan(ONE));
    const slow = first(fleet);
    fleet.leave(a);
    fleet.succeed(slow);
    fleet.join('b');
    expect(first(fleet).stage).toBe(1);
  });

  it('with the accepted digest makes the tab a holder', () => {
    const { fleet, slow, again } = late();
    fleet.run(again);
    fleet.succeed(slow);
    expect(fleet.scheduler.holders(slow.task.blockId).sessions).toEqual([again.sessionId, slow.sessionId]);
    fleet.finish();
  });

  it('with another digest changes nothing, also when the accepted bytes are gone', () => {
    const { fleet, slow, b, again } = late();
    fleet.run(again);
    const accepted = fleet.scheduler.blockInfo(slow.task.blockId)?.digest;
    const isRunning = () => fleet.attempts().some((attempt) => attempt.task.blockId === slow.task.blockId);
    fleet.evict(b.storeId, slow.task.blockId, true);
    expect(isRunning()).toBe(true);
    fleet.succeed(slow, { variant: '-late' });
    expect(fleet.scheduler.blockInfo(slow.task.blockId)?.digest).toBe(accepted);
    expect(isRunning()).toBe(true);
    fleet.finish();
  });

  it('of a task whose input was made anew since, with other bytes, is not taken', () => {
    const fleet = new Fleet();
    const a = fleet.join('a');
    fleet.submit(
      'job-1',
      planOf({ branches: [branch('unordered', scan(ONE))], determinacy: 'unordered' }, [branch('g', gather(0))]),
    );
    fleet.run(first(fleet), { variant: '-1' });
    const slow = first(fleet);
    expect(slow.stage).toBe(1);
    const report = { ...slow };
    fleet.kill(a);
    const b = fleet.join('b');
    fleet.run(first(fleet), { variant: '-2' });
    const again = first(fleet);
    const back = fleet.join('a');
    fleet.succeed({ ...report, sessionId: back.sessionId });
    expect([...b.attempts.values()]).toEqual([again]);
    fleet.finish();
  });

  it('of a job that is over is dropped', () => {
    const { fleet, slow } = late();
    fleet.send({ type: 'jobCancelled', jobId: slow.jobId });
    fleet.succeed(slow);
    expect([...fleet.scheduler.blocks()]).toEqual([]);
    expect(fleet.stores.get('store-a' as StoreId)?.size).toBe(0);
  });
});
