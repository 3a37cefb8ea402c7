/** Stages that are done in another way, or not at all, once sizes are known. */
import { beforeAll, describe, expect, it } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import type { JobId } from '../../shared/ids.ts';
import { Fleet } from './testing/fleet.ts';
import { adaptivePlan, branch, gather, hash, hashed, joinPlan, planOf, racingPlan, scan } from './testing/plans.ts';

beforeAll(loadHashes);

const BIG = { dataset: 'big', chunks: 9 };
const SMALL = { dataset: 'small', chunks: 2 };

const states = (fleet: Fleet, job: JobId): unknown[] => fleet.scheduler.job(job)?.stages.map((stage) => stage.state) ?? [];
const stagesRun = (fleet: Fleet): number[] => [...new Set(fleet.leases.map((lease) => lease.stage))];

describe('a join whose right side', () => {
  it('proves small reads it whole in every task, and the left side is never shuffled', () => {
    const fleet = new Fleet();
    fleet.join('a', { slots: 2 });
    const job = fleet.submit('job-1', adaptivePlan(BIG, SMALL, 1_000));
    expect(stagesRun(fleet)).toEqual([0]);
    fleet.finish();
    expect(fleet.settled.get(job)?.state).toBe('successful');
    expect(states(fleet, job)).toEqual(['successful', 'skipped', 'successful', 'successful']);
    expect(stagesRun(fleet)).toEqual([0, 2, 3]);
    expect(fleet.scheduler.job(job)?.stages[2]).toMatchObject({ alternative: 'right is small', tasks: 9 });
    const lines = fleet.scheduler.story(job).map((line) => line.what);
    expect(lines).toContain('alternativeTaken');
    expect(lines).toContain('stageSkipped');
  });

  it('is empty reads nothing', () => {
    const fleet = new Fleet();
    fleet.join('a', { slots: 2 });
    const job = fleet.submit('job-1', adaptivePlan(BIG, { ...SMALL, needed: [] }, 1_000));
    fleet.finish();
    expect(fleet.settled.get(job)?.state).toBe('successful');
    expect(fleet.scheduler.job(job)?.stages[2]).toMatchObject({ alternative: 'right is empty', tasks: 1 });
  });

  it('is not small is shuffled as planned, and the left side after it', () => {
    const fleet = new Fleet();
    fleet.join('a', { slots: 2 });
    const job = fleet.submit('job-1', adaptivePlan(BIG, SMALL, 3));
    fleet.finish();
    expect(fleet.settled.get(job)?.state).toBe('successful');
    expect(states(fleet, job)).toEqual(['successful', 'successful', 'successful', 'successful']);
    expect(stagesRun(fleet)).toEqual([0, 1, 2, 3]);
    expect(fleet.scheduler.job(job)?.stages[2]).not.toHaveProperty('alternative');
  });

  it('is lost later is made again alone: what was run is what is recomputed', () => {
    const fleet = new Fleet();
    const a = fleet.join('a', { slots: 2 });
    const job = fleet.submit('job-1', adaptivePlan(BIG, SMALL, 1_000));
    while (fleet.attempts().some((attempt) => attempt.stage === 0)) fleet.run(fleet.attempts()[0] ?? fail());
    fleet.kill(a);
    const b = fleet.join('b', { slots: 2 });
    expect(new Set([...b.attempts.values()].map((attempt) => attempt.stage))).toEqual(new Set([0]));
    fleet.finish();
    expect(fleet.settled.get(job)?.state).toBe('successful');
    expect(states(fleet, job)).toEqual(['successful', 'skipped', 'successful', 'successful']);
    expect(fleet.scheduler.job(job)?.counters.recomputes).toBe(2);
  });
});

describe('a stage that runs already when it becomes unnecessary', () => {
  it('is stopped and skipped', () => {
    const fleet = new Fleet();
    const tab = fleet.join('a', { slots: 8 });
    const job = fleet.submit('job-1', racingPlan(BIG, SMALL));
    expect(stagesRun(fleet)).toEqual([0, 1]);
    for (const attempt of fleet.attempts().filter((x) => x.stage === 1)) fleet.run(attempt);
    expect(states(fleet, job).slice(0, 2)).toEqual(['skipped', 'successful']);
    expect(new Set(tab.cancelled.map((attempt) => attempt.stage))).toEqual(new Set([0]));
    fleet.finish();
    expect(fleet.settled.get(job)?.state).toBe('successful');
    expect(fleet.scheduler.job(job)?.counters.ended.cancelled).toBe(tab.cancelled.length);
  });

  it('goes on for another job that needs it', () => {
    const fleet = new Fleet();
    const tab = fleet.join('a', { slots: 8 });
    const left = () => hashed(8, branch('left', scan(BIG)));
    const job = fleet.submit('job-1', racingPlan(BIG, SMALL));
    const other = fleet.submit('job-2', planOf(left(), [branch('sum', hash(0))], [branch('final', gather(1))]));
    for (const attempt of fleet.attempts().filter((x) => x.jobId === job && x.stage === 1)) fleet.run(attempt);
    expect(states(fleet, job)[0]).toBe('skipped');
    expect(tab.cancelled).toEqual([]);
    fleet.finish();
    expect([job, other].map((id) => fleet.settled.get(id)?.state)).toEqual(['successful', 'successful']);
  });
});

it('a stage waits for those it starts after, also while no worker is there', () => {
  const fleet = new Fleet();
  const job = fleet.submit('job-1', adaptivePlan(BIG, SMALL, 1_000));
  expect(states(fleet, job)).toEqual(['unresolved', 'unresolved', 'unresolved', 'unresolved']);
  fleet.join('a');
  fleet.finish();
  expect(fleet.settled.get(job)?.state).toBe('successful');
});

it('an alternative that reads a later stage, or has no branch, makes a bad plan', () => {
  const fleet = new Fleet();
  const [left, right, join, final] = joinPlan(BIG, SMALL).stages;
  if (!left || !right || !join || !final) return fail();
  const plan = (change: object) => ({ ...joinPlan(BIG, SMALL), stages: [left, right, { ...join, ...change }, final] });
  const when = { stage: 0, rowsMax: 1 };
  const bad = [
    { alternatives: [{ when, title: 'late', branches: [branch('x', gather(3))], operators: [] }] },
    { alternatives: [{ when: { stage: 2 }, title: 'own', branches: [branch('x')], operators: [] }] },
    { alternatives: [{ when, title: 'none', branches: [], operators: [] }] },
    { startsAfter: [3] },
  ];
  bad.forEach((change, i) => {
    const job = fleet.submit(`job-${i}`, plan(change));
    expect(fleet.settled.get(job)).toMatchObject({ state: 'failed', error: { code: 'bad-plan' } });
  });
});

const fail = (): never => {
  throw new Error('no attempt is leased');
};
