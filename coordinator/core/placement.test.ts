/** Who runs what: residents, stores, fairness, ceilings, and who gets nothing. */
import { beforeAll, describe, expect, it } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import type { BlockId, SessionId } from '../../shared/ids.ts';
import type { FakeAttempt } from './testing/fake-tab.ts';
import { Fleet } from './testing/fleet.ts';
import { aggregatePlan, branch, broadcast, gather, planOf, scan, sourceOf } from './testing/plans.ts';

beforeAll(loadHashes);

const NINE = { dataset: 'nine', chunks: 9 };
const MiB = 1024 * 1024;

const keysBySlot = (attempts: readonly FakeAttempt[]): Set<string> => {
  const where = new Set<string>();
  for (const { task, sessionId, slot } of attempts) {
    for (const input of task.inputs) if (input.kind === 'chunks') where.add(`${input.run.residentKey} ${sessionId} ${slot}`);
  }
  return where;
};
const session = (attempt: FakeAttempt): SessionId => attempt.sessionId;

describe('a scan', () => {
  it('is cut into one run a slot where memory allows', () => {
    const fleet = new Fleet();
    const a = fleet.join('a');
    const b = fleet.join('b');
    fleet.submit('job-1', aggregatePlan({ dataset: 'd', chunks: 49 }));
    expect(fleet.attempts().map(session)).toEqual([a.sessionId, b.sessionId]);
    expect(fleet.scheduler.jobs()[0]?.stages[0]?.tasks).toBe(2);
  });

  it('is cut finer where slots differ in speed, and every slot gets two leases, idle ones first', () => {
    const fleet = new Fleet();
    const a = fleet.join('a');
    const b = fleet.join('b', { share: 0.5 });
    fleet.submit('job-1', aggregatePlan({ dataset: 'd', chunks: 64 }));
    expect(fleet.attempts().map(session).toSorted()).toEqual([a.sessionId, a.sessionId, b.sessionId, b.sessionId]);
    expect(fleet.leases.map(session).slice(0, 2)).toEqual([a.sessionId, b.sessionId]);
    expect(fleet.scheduler.jobs()[0]?.stages[0]?.tasks).toBe(8);
  });

  it('goes again to the slots that loaded its runs, with other literals and by another count of leases', () => {
    const fleet = new Fleet();
    fleet.join('a');
    fleet.join('b');
    fleet.submit('job-1', aggregatePlan({ dataset: 'd', chunks: 49 }, 1));
    fleet.finish();
    const before = keysBySlot(fleet.leases.splice(0));
    fleet.submit('job-2', aggregatePlan({ dataset: 'd', chunks: 49 }, 2));
    fleet.finish();
    expect(keysBySlot(fleet.leases)).toEqual(before);
  });

  it('follows another query that has loaded its run while it waited', () => {
    const fleet = new Fleet({ limits: { leasesPerSlot: 1 } });
    const shape = { dataset: 'd', chunks: 2, ordinals: [0], chunkBytes: 40 * MiB };
    const a = fleet.join('a');
    const b = fleet.join('b');
    fleet.submit('job-1', aggregatePlan(shape, 1));
    fleet.submit('job-2', planOf([branch('second chunk', scan({ ...shape, needed: [1] }))]));
    expect([a, b].map((tab) => tab.attempts.size)).toEqual([1, 1]);
    const residentKey = `${sourceOf(shape).version}/1-1`;
    fleet.send({ type: 'residentsChanged', sessionId: b.sessionId, changes: [{ slot: 0, residentKey, ordinals: [0] }] });
    fleet.run([...a.attempts.values()][0] ?? fail());
    expect([a, b].map((tab) => tab.attempts.size)).toEqual([0, 1]);
    fleet.run([...b.attempts.values()][0] ?? fail());
    expect([...b.attempts.values()].map((x) => x.jobId)).toEqual(['job-2']);
  });

  it('reads a loaded run whole, and only the needed chunks of others', () => {
    const fleet = new Fleet();
    fleet.join('a', { slots: 2 });
    fleet.submit('job-1', aggregatePlan({ dataset: 'd', chunks: 64 }, 1));
    fleet.finish();
    fleet.submit('job-2', aggregatePlan({ dataset: 'd', chunks: 64, needed: [1, 2, 40] }, 2));
    fleet.submit('job-3', aggregatePlan({ dataset: 'other', chunks: 64, needed: [1, 2, 40, 41] }, 2));
    const rows = fleet
      .attempts()
      .flatMap((x) => x.task.inputs.map((i) => [x.jobId, i.kind === 'chunks' ? i.run.chunkRows.length : -1]));
    expect(rows).toEqual([
      ['job-2', 32],
      ['job-2', 32],
      ['job-3', 2],
      ['job-3', 2],
    ]);
  });

  it('of which min/max skips all chunks still has one task', () => {
    const fleet = new Fleet();
    fleet.join('a');
    const job = fleet.submit('job-1', aggregatePlan({ ...NINE, needed: [] }));
    expect(fleet.attempts().map((x) => x.task.inputs)).toMatchObject([[{ kind: 'chunks', run: { chunkRows: [] } }]]);
    fleet.finish();
    expect(fleet.settled.get(job)?.state).toBe('successful');
  });

  it('is never cut into runs bigger than three quarters of what a slot may keep resident', () => {
    const fleet = new Fleet();
    fleet.join('a', { memoryPerSlotBytes: 100 * MiB });
    fleet.submit('job-1', aggregatePlan({ dataset: 'd', chunks: 16, ordinals: [0], chunkBytes: 4 * MiB }));
    // 30 MiB: 7 chunks, and the lengths tried are 16, 8, 6 ...
    expect(fleet.scheduler.jobs()[0]?.stages[0]?.tasks).toBe(3);
  });
});

describe('work whose input is loaded elsewhere', () => {
  /** Tab a has loaded 49 runs of one chunk in its one slot; of the second query over them 5 are left. Each ran `ms`. */
  function fiveLeft(chunkBytes: number, ms: number) {
    const fleet = new Fleet();
    const shape = { dataset: 'd', chunks: 49, ordinals: [0], chunkBytes };
    const memory = { memoryPerSlotBytes: chunkBytes * 5 };
    const a = fleet.join('a', memory);
    fleet.submit('job-1', aggregatePlan(shape, 1));
    fleet.finish();
    fleet.submit('job-2', aggregatePlan(shape, 2));
    expect(fleet.attempts()).toHaveLength(2);
    for (let i = 0; i < 44; i++) {
      const attempt = fleet.attempts()[0] ?? fail();
      fleet.start(attempt);
      fleet.nowMs += ms;
      fleet.run(attempt);
    }
    const at = fleet.nowMs;
    const b = fleet.join('b', memory);
    const count = () => [a, b].map((tab) => tab.attempts.size);
    return { fleet, count, at };
  }

  it('waits while that costs less than loading, and moves when it has waited as long', () => {
    const { fleet, count } = fiveLeft(4 * MiB, 0);
    expect(count()).toEqual([2, 0]);
    // 4 MiB at 50 MiB/s over the network and 400 MiB/s into the engine, and what moving must spare, from when it became ready.
    const due = fleet.scheduler.nextDeadline() ?? 0;
    expect(due).toBeCloseTo(4_000 / 50 + 4_000 / 400 + 50, 6);
    fleet.passTo(due);
    expect(count()).toEqual([2, 1]);
  });

  it('moves at once when the queue there is longer than loading takes', () => {
    // (2 leases + 3 queued - 1) x 50 ms against 140 ms.
    expect(fiveLeft(4 * MiB, 50).count()).toEqual([2, 1]);
  });
});

const fail = (): never => {
  throw new Error('no attempt is leased');
};

describe('a stage input', () => {
  it('draws the task to the store that holds most of it', () => {
    const fleet = new Fleet();
    const tabs = ['a', 'b', 'c'].map((name) => fleet.join(name));
    fleet.submit('job-1', aggregatePlan({ dataset: 'd', chunks: 4 }));
    const last = tabs[2];
    const four = fleet.attempts();
    expect(four).toHaveLength(4);
    for (const attempt of four) fleet.run(attempt, { inline: attempt.sessionId !== last?.sessionId });
    expect(fleet.attempts().map(session)).toEqual([last?.sessionId]);
  });
});

describe('jobs together', () => {
  const shape = (name: string) => ({ dataset: name, chunks: 64, ordinals: [0], chunkBytes: 4 * MiB });

  it('share slots by weight', () => {
    const fleet = new Fleet({ limits: { leasesPerSlot: 1 } });
    const plan = (name: string) => planOf([branch(name, scan(shape(name)))], [branch('g', gather(0))]);
    fleet.submit('job-1', plan('x'), { weight: 1 });
    fleet.submit('job-2', plan('y'), { weight: 3 });
    const tab = fleet.join('a', { slots: 16, memoryPerSlotBytes: 20 * MiB });
    expect(tab.attempts.size).toBe(16);
    for (let i = 0; i < 40; i++) fleet.run(fleet.attempts()[0] ?? fail());
    const byJob = fleet.attempts().map((x) => x.jobId);
    expect([byJob.filter((id) => id === 'job-1').length, byJob.filter((id) => id === 'job-2').length]).toEqual([4, 12]);
  });

  it('keep to slotsMax', () => {
    const fleet = new Fleet();
    fleet.join('a', { slots: 4 });
    fleet.submit('job-1', aggregatePlan(shape('x')), { slotsMax: 2 });
    expect(fleet.attempts()).toHaveLength(2);
    fleet.finish();
    expect(fleet.settled.size).toBe(1);
  });

  it('start one task for one block, and stop it when the last of them goes', () => {
    const fleet = new Fleet();
    const tab = fleet.join('a');
    const one = fleet.submit('job-1', aggregatePlan({ dataset: 'd', chunks: 1 }));
    const two = fleet.submit('job-2', aggregatePlan({ dataset: 'd', chunks: 1 }));
    expect(fleet.attempts()).toHaveLength(1);
    fleet.send({ type: 'jobCancelled', jobId: one });
    expect(fleet.attempts().map((x) => x.attemptId)).toEqual(fleet.leases.map((x) => x.attemptId));
    expect(fleet.scheduler.job(two)?.counters.attempts).toBe(1);
    expect(fleet.scheduler.job(one)).toMatchObject({ state: 'cancelled', counters: { attempts: 1, ended: { handedOver: 1 } } });
    fleet.send({ type: 'jobCancelled', jobId: two });
    expect(tab.cancelled).toHaveLength(1);
    expect(fleet.scheduler.workers()[0]).toMatchObject({ state: 'idle', busySlots: 0 });
  });

  it('do not meet when reuse is off', () => {
    const fleet = new Fleet();
    fleet.join('a', { slots: 2 });
    fleet.submit('job-1', aggregatePlan({ dataset: 'd', chunks: 2 }));
    fleet.submit('job-2', aggregatePlan({ dataset: 'd', chunks: 2 }), { reuse: false });
    expect(new Set(fleet.attempts().map((x) => x.task.blockId)).size).toBe(4);
  });
});

describe('a worker that is paused, draining or leaving', () => {
  it('gets nothing, and serves its blocks', () => {
    const fleet = new Fleet();
    const [a, b, c] = ['a', 'b', 'c'].map((name) => fleet.join(name));
    if (!a || !b || !c) throw new Error('no tabs');
    fleet.pause(a);
    fleet.drain(b);
    const job = fleet.submit('job-1', aggregatePlan(NINE));
    expect(new Set(fleet.attempts().map(session))).toEqual(new Set([c.sessionId]));
    fleet.run(fleet.attempts()[0] ?? fail());
    const [done] = fleet.leases;
    fleet.pause(c);
    expect(fleet.attempts()).toEqual([]);
    expect(fleet.scheduler.job(job)).toMatchObject({ state: 'waiting', waitingFor: expect.stringContaining('paused') });
    expect(fleet.scheduler.holders(done?.task.blockId as BlockId).sessions).toEqual([c.sessionId]);
    expect(fleet.scheduler.workers().map((w) => w.state)).toEqual(['paused', 'draining', 'paused']);
    fleet.change(a, { paused: false });
    expect(new Set(fleet.attempts().map(session))).toEqual(new Set([a.sessionId]));
    fleet.finish();
    expect(fleet.scheduler.job(job)?.counters.ended).toEqual({ succeeded: 2, released: 1 });
  });

  it('finishes what it has when it drains', () => {
    const fleet = new Fleet();
    const a = fleet.join('a');
    fleet.submit('job-1', aggregatePlan({ dataset: 'd', chunks: 1 }));
    fleet.drain(a);
    expect(fleet.attempts()).toHaveLength(1);
    fleet.run(fleet.attempts()[0] ?? fail());
    expect(fleet.attempts()).toEqual([]);
  });
});

describe('a lease', () => {
  it('lets its session fetch its slices and no others', () => {
    const fleet = new Fleet();
    const a = fleet.join('a');
    const b = fleet.join('b');
    fleet.submit(
      'job-1',
      planOf([branch('x', scan({ dataset: 'u', chunks: 1 }))], [branch('y', scan({ dataset: 'v', chunks: 1 }), broadcast(0))]),
    );
    const [build] = fleet.attempts();
    const input = build?.task.inputs[0];
    const chunk = input?.kind === 'chunks' ? input.run.columns[0]?.slices[0]?.blockId : undefined;
    if (!build || !chunk) throw new Error('no chunk');
    const stranger = build.sessionId === a.sessionId ? b.sessionId : a.sessionId;
    const { scheduler } = fleet;
    expect([scheduler.leaseOf(build.sessionId, chunk, 0), scheduler.leaseOf(build.sessionId, chunk, 1)]).toEqual([true, false]);
    expect(scheduler.leaseOf(stranger, chunk, 0)).toBe(false);
    fleet.run(build);
    const [probe] = fleet.attempts();
    expect(scheduler.leaseOf(probe?.sessionId as SessionId, build.task.blockId, 0)).toBe(true);
    expect(scheduler.leaseOf(probe?.sessionId as SessionId, build.task.blockId, 1)).toBe(false);
    expect(scheduler.leaseOf(build.sessionId, chunk, 0)).toBe(false);
  });

  it('carries the pace and the longest run', () => {
    const fleet = new Fleet({ paceMs: 700, limits: { maxRunMs: 1_234 } });
    fleet.join('a');
    fleet.submit('job-1', planOf([branch('select 1')]));
    expect(fleet.attempts()[0]?.task).toMatchObject({ minRunMs: 700, maxRunMs: 1_234 });
  });
});
