/** Stages that read buckets of the stages before them. Every answer is compared with the one that the plan as a whole gives. */
import { beforeAll, describe, expect, it } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import type { BlockId } from '../../shared/ids.ts';
import type { TaskSpec } from '../../shared/plan/task.ts';
import { Fleet } from './testing/fleet.ts';
import { branch, gather, hash, hashed, joinPlan, planOf, range, scan, sortPlan } from './testing/plans.ts';

beforeAll(loadHashes);

const MiB = 1024 * 1024;
/** Rows so heavy that a few of them are worth a task. */
const HEAVY = { rowBytes: 1 * MiB };
const L = { dataset: 'left', chunks: 9 };
const R = { dataset: 'right', chunks: 4 };

const specs = (fleet: Fleet, stage: number): TaskSpec[] =>
  fleet.leases.filter((lease) => lease.stage === stage).map((lease) => lease.task);
const bucketsOf = (task: TaskSpec, input: number): number[] => {
  const given = task.inputs[input];
  return given?.kind === 'slices' ? given.slices.map((slice) => slice.bucket) : [];
};

describe('a shuffle', () => {
  it('brings every row to exactly one task, on as many tasks as slots', () => {
    const fleet = new Fleet({ rowBytes: MiB / 4 });
    fleet.join('a', { slots: 3 });
    const plan = planOf(hashed(8, branch('rows', scan(L))), [branch('sum', hash(0))], [branch('final', gather(1))]);
    const job = fleet.submit('job-1', plan);
    fleet.finish();
    expect(fleet.settled.get(job)?.state).toBe('successful');
    expect(fleet.scheduler.job(job)?.stages.map((stage) => stage.tasks)).toEqual([3, 3, 1]);
  });

  it('reads bucket after bucket, each of all blocks in their order, and no slice without rows', () => {
    const fleet = new Fleet();
    fleet.join('a', { slots: 2 });
    fleet.submit('job-1', planOf(hashed(8, branch('rows', scan(R))), [branch('sum', hash(0))]));
    fleet.finish();
    const blocks = specs(fleet, 0).map((task) => task.blockId);
    const [task] = specs(fleet, 1);
    const input = task?.inputs[0];
    const places = input?.kind === 'slices' ? input.slices.map((s) => s.bucket * 10 + blocks.indexOf(s.blockId)) : [];
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(blocks).toHaveLength(2);
    expect(places.length).toBeLessThan(16);
    const known = blocks.map((id) => fleet.scheduler.blockInfo(id)?.buckets.filter((bucket) => bucket.rows > 0).length ?? 0);
    expect(places).toHaveLength((known[0] ?? 0) + (known[1] ?? 0));
  });

  it('cuts both sides of a join into the same runs', () => {
    const fleet = new Fleet(HEAVY);
    fleet.join('a', { slots: 2 });
    const job = fleet.submit('job-1', joinPlan(L, R));
    fleet.finish();
    expect(fleet.settled.get(job)?.state).toBe('successful');
    const seen = specs(fleet, 2).map((task) => [0, 1].map((input) => [...new Set(bucketsOf(task, input))]));
    for (const [left, right] of seen) {
      const [first, last] = [Math.min(...(left ?? [])), Math.max(...(left ?? []))];
      for (const bucket of right ?? []) expect(bucket >= first - 1 && bucket <= last + 1).toBe(true);
    }
    const all = seen.flatMap(([left]) => left ?? []);
    expect(new Set(all).size).toBe(all.length);
  });

  it('splits a skewed bucket of the side that allows it, and gives the same answer', () => {
    const fleet = new Fleet(HEAVY);
    fleet.join('a', { slots: 4 });
    const job = fleet.submit('job-1', joinPlan({ dataset: 'skewed', chunks: 16 }, R));
    fleet.finish();
    expect(fleet.settled.get(job)?.state).toBe('successful');
    const parts = specs(fleet, 2).filter((task) => new Set(bucketsOf(task, 0)).size === 1 && bucketsOf(task, 0)[0] === 5);
    expect(parts.length).toBeGreaterThan(1);
    // Each part has other blocks of the left side, and the right side's bucket whole.
    const blocks = parts.flatMap((task) =>
      task.inputs[0]?.kind === 'slices' ? task.inputs[0].slices.map((s) => s.blockId) : [],
    );
    expect(new Set(blocks).size).toBe(blocks.length);
    expect(new Set(parts.map((task) => JSON.stringify(task.inputs[1]))).size).toBe(1);
  });

  it('never splits or reorders what is sorted', () => {
    const fleet = new Fleet(HEAVY);
    fleet.join('a', { slots: 4 });
    const job = fleet.submit('job-1', sortPlan({ dataset: 'skewed', chunks: 16 }));
    fleet.finish();
    expect(fleet.settled.get(job)?.state).toBe('successful');
    expect(fleet.scheduler.job(job)?.stages[1]?.tasks).toBeGreaterThan(1);
  });

  it('of nothing is one task that reads nothing', () => {
    const fleet = new Fleet();
    fleet.join('a', { slots: 4 });
    const job = fleet.submit('job-1', joinPlan({ ...L, needed: [] }, { ...R, needed: [] }));
    fleet.finish();
    expect(fleet.settled.get(job)?.state).toBe('successful');
    expect(specs(fleet, 2).map((task) => task.inputs.map((i) => i.kind === 'slices' && i.slices.length))).toEqual([[0, 0]]);
  });
});

it('a task that would read more pieces than a lease can name fails its job in words', () => {
  const fleet = new Fleet({ limits: { leasesPerSlot: 2 } });
  const many = Array.from({ length: 4_097 }, (_, i) => branch(`row ${i}`));
  fleet.join('a');
  const job = fleet.submit('job-1', planOf(many, [branch('final', gather(0))]));
  fleet.scheduler.checkInvariants = () => undefined;
  fleet.finish(10_000);
  expect(fleet.settled.get(job)?.error).toMatchObject({ code: 'too-many-pieces', stage: 1 });
});

describe('a shuffle again', () => {
  it('runs nothing, and shares what runs', () => {
    const fleet = new Fleet(HEAVY);
    fleet.join('a', { slots: 4 });
    fleet.submit('job-1', joinPlan(L, R));
    fleet.submit('job-2', joinPlan(L, R));
    fleet.finish();
    const leases = fleet.leases.length;
    expect(new Set(fleet.leases.map((lease) => lease.task.blockId)).size).toBe(leases);
    const again = fleet.submit('job-3', joinPlan(L, R));
    fleet.finish();
    expect(fleet.scheduler.job(again)?.counters).toMatchObject({ attempts: 0 });
    expect(fleet.leases).toHaveLength(leases);
  });
});

describe('a lost block of a shuffle', () => {
  it('is made again alone, and the readers that have not run wait for it', () => {
    const fleet = new Fleet(HEAVY);
    const a = fleet.join('a', { slots: 2 });
    const b = fleet.join('b', { slots: 2 });
    const job = fleet.submit('job-1', joinPlan(L, R));
    while (fleet.attempts().some((attempt) => attempt.stage < 2)) fleet.run(fleet.attempts()[0] ?? fail());
    const own = fleet.stores.get(b.storeId)?.size ?? 0;
    expect(own).toBeGreaterThan(0);
    fleet.kill(b);
    fleet.finish();
    expect(fleet.settled.get(job)?.state).toBe('successful');
    expect(fleet.scheduler.job(job)?.counters.recomputes).toBe(own);
    expect(fleet.tabs.get(a.sessionId)).toBeDefined();
  });

  it('may be fetched bucket by bucket by those who lease a task that reads them, and no others', () => {
    const fleet = new Fleet(HEAVY);
    const a = fleet.join('a', { slots: 1 });
    const b = fleet.join('b', { slots: 1 });
    fleet.submit('job-1', planOf(hashed(2, branch('rows', scan(L))), [branch('sum', hash(0))]));
    while (fleet.attempts().some((attempt) => attempt.stage < 1)) fleet.run(fleet.attempts()[0] ?? fail());
    const [one, two] = fleet.attempts();
    if (!one || !two) return fail();
    const block = specs(fleet, 0)[0]?.blockId as BlockId;
    const allowed = [a, b].map((tab) => [0, 1, 2].map((bucket) => fleet.scheduler.leaseOf(tab.sessionId, block, bucket)));
    expect(allowed).toContainEqual([true, false, false]);
    expect(allowed).toContainEqual([false, true, false]);
  });

  it('with fewer buckets than asked for is not taken', () => {
    const fleet = new Fleet();
    fleet.join('a');
    fleet.submit('job-1', planOf(hashed(2, branch('rows', scan(R))), [branch('sum', hash(0))]));
    const [attempt] = fleet.attempts();
    if (!attempt) return fail();
    const { buckets, digest } = fleet.engine.run(attempt.task);
    fleet.tabs.get(attempt.sessionId)?.attempts.delete(attempt.attemptId);
    const { attemptId, sessionId, task } = attempt;
    const report = { attemptId, sessionId, blockId: task.blockId, digest, inline: false, costs: {} as never };
    fleet.send({ type: 'attemptSucceeded', ...report, buckets: buckets.slice(1) });
    expect(fleet.scheduler.blockInfo(task.blockId)).toBeUndefined();
    expect(fleet.attempts()).toHaveLength(1);
  });
});

describe('a plan', () => {
  it('that reads buckets which nobody makes, or not the same number, is refused', () => {
    const fleet = new Fleet();
    const bad = [
      planOf([branch('rows', scan(R))], [branch('sum', hash(0))]),
      planOf(hashed(4, branch('rows', scan(R))), [branch('sort', range(0))]),
      planOf(hashed(4, branch('x', scan(R))), hashed(8, branch('y', scan(R))), [branch('join', hash(0), hash(1))]),
      planOf(hashed(4, branch('x', scan(R))), [branch('join', hash(0), scan(R))]),
      planOf(hashed(999, branch('x', scan(R))), [branch('sum', hash(0))]),
    ];
    bad.forEach((plan, i) => {
      const job = fleet.submit(`job-${i}`, plan);
      expect(fleet.settled.get(job)).toMatchObject({ state: 'failed', error: { code: 'bad-plan' } });
    });
  });
});

const fail = (): never => {
  throw new Error('no attempt is leased');
};
