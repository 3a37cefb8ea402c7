/** The failure table of the design's section 4, one test a line, and what follows from time alone. */
import { beforeAll, describe, expect, it } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import type { PhysicalPlan } from '../../shared/plan/physical.ts';
import type { FakeAttempt, FakeTab } from './testing/fake-tab.ts';
import { Fleet } from './testing/fleet.ts';
import { aggregatePlan } from './testing/plans.ts';

beforeAll(loadHashes);

const ONE = { dataset: 'one', chunks: 1 };

/** One job whose first task is leased to tab a. */
function leased(limits = {}): { fleet: Fleet; tab: FakeTab; attempt: FakeAttempt; ended: () => unknown } {
  const fleet = new Fleet({ limits });
  const tab = fleet.join('a');
  const job = fleet.submit('job-1', aggregatePlan(ONE));
  return { fleet, tab, attempt: only(fleet), ended: () => fleet.scheduler.job(job)?.counters.ended };
}

function only(fleet: Fleet): FakeAttempt {
  const [attempt, ...more] = fleet.attempts();
  if (!attempt || more.length > 0) throw new Error(`expected one attempt, there are ${more.length + (attempt ? 1 : 0)}`);
  return attempt;
}

describe('an attempt that ends', () => {
  it('with author fails the job at once, with its stage and hint', () => {
    const { fleet, attempt } = leased();
    fleet.fail(attempt, 'author', { code: 'sql-conversion', message: "cannot read 'x' as INTEGER", hint: 'use TRY_CAST' });
    expect([...fleet.settled.values()]).toMatchObject([
      {
        state: 'failed',
        error: { code: 'sql-conversion', stage: 0, detail: "cannot read 'x' as INTEGER", hint: 'use TRY_CAST' },
      },
    ]);
    expect(fleet.scheduler.job(fleet.jobs[0] ?? attempt.jobId)?.stages[0]?.state).toBe('failed');
  });

  it('of a guest names the relation and the function, as the plan of each job has them', () => {
    const plan = aggregatePlan(ONE);
    const called = (relation: string): PhysicalPlan => {
      const guests = [{ step: 0, relation, label: 'double (JavaScript)', function: 'double' }];
      const stages = plan.stages.map((stage) => ({ ...stage, branches: stage.branches.map((b) => ({ ...b, guests })) }));
      return { ...plan, stages };
    };
    const fleet = new Fleet({});
    fleet.join('a');
    fleet.submit('job-1', called('doubled'));
    fleet.submit('job-2', called('twice'));
    fleet.fail(only(fleet), 'author', { code: 'guest-script', message: 'TypeError: no', step: 0 });
    expect([...fleet.settled.values()].map(({ error }) => error)).toMatchObject([
      {
        code: 'guest-script',
        title: 'double (JavaScript) failed in the relation doubled',
        detail: 'TypeError: no',
        stage: 0,
        relation: 'doubled',
        function: 'double',
      },
      { title: 'double (JavaScript) failed in the relation twice', relation: 'twice' },
    ]);
  });

  it('of a guest that was ended from outside names the only one that there is', () => {
    const plan = aggregatePlan(ONE);
    const guests = [{ step: 1, relation: 'words', label: 'program wc' }];
    const stages = plan.stages.map((stage) => ({ ...stage, branches: stage.branches.map((b) => ({ ...b, guests })) }));
    const fleet = new Fleet({ limits: { failuresPerTask: 1 } });
    fleet.join('a');
    fleet.submit('job-1', { ...plan, stages });
    fleet.fail(only(fleet), 'deadline', { message: 'too long' });
    const [settled] = fleet.settled.values();
    expect(settled?.error).toMatchObject({ relation: 'words', title: 'A task failed' });
    expect(settled?.error?.detail).toMatch(/The last failure, of program wc in the relation words: too long/);
  });

  it('with resource goes to another worker and counts', () => {
    const { fleet, tab, attempt } = leased();
    fleet.join('b');
    fleet.fail(attempt, 'resource');
    expect(only(fleet).sessionId).not.toBe(tab.sessionId);
    fleet.fail(only(fleet), 'resource');
    fleet.fail(only(fleet), 'resource', { message: 'out of memory' });
    expect([...fleet.settled.values()]).toMatchObject([
      { state: 'failed', error: { code: 'test-resource', title: 'A task failed 3 times' } },
    ]);
    expect([...fleet.settled.values()][0]?.error?.detail).toMatch(/resource on w-a, w-b.*out of memory/);
  });

  it('with resource stays where it is when nobody else is there', () => {
    const { fleet, attempt } = leased();
    fleet.fail(attempt, 'resource');
    expect(only(fleet).task.blockId).toBe(attempt.task.blockId);
  });

  it('with released is retried for ever', () => {
    const { fleet, ended } = leased();
    for (let i = 0; i < 50; i++) fleet.fail(only(fleet), 'released');
    fleet.finish();
    expect(ended()).toEqual({ released: 50, succeeded: 2 });
  });

  it('with its session counts as died once it had started, on the higher ceiling', () => {
    const { fleet, tab, attempt, ended } = leased({ deathsPerTask: 3 });
    fleet.start(attempt);
    fleet.kill(tab);
    expect(ended()).toEqual({ died: 1 });
    for (let i = 0; i < 2; i++) {
      const next = fleet.join(`n${i}`);
      fleet.start(only(fleet));
      fleet.kill(next, 'silent');
    }
    expect([...fleet.settled.values()]).toMatchObject([{ state: 'failed', error: { code: 'killed-workers', stage: 0 } }]);
    const detail = [...fleet.settled.values()][0]?.error?.detail;
    expect(detail).toContain('3 workers vanished while running it (died on w-a, w-n0, w-n1)');
  });

  it('with its session is released when the tab said that it goes', () => {
    const { fleet, tab, ended } = leased();
    fleet.start(only(fleet));
    fleet.leave(tab);
    expect(ended()).toEqual({ released: 1 });
    expect(fleet.attempts()).toEqual([]);
    fleet.kill(tab);
    expect(ended()).toEqual({ released: 1 });
  });
});

describe('time', () => {
  it('takes back a lease that no heartbeat renews', () => {
    const { fleet, tab, ended } = leased({ leaseMs: 1_000 });
    expect(fleet.scheduler.nextDeadline()).toBe(1_000);
    fleet.passTo(600);
    fleet.heartbeat(tab);
    fleet.passTo(1_599);
    expect(ended()).toEqual({});
    expect(fleet.scheduler.nextDeadline()).toBe(1_600);
    fleet.passTo(1_600);
    expect(ended()).toEqual({ died: 1 });
  });

  it('ends an attempt that runs too long, whatever its heartbeats say', () => {
    const { fleet, tab, attempt, ended } = leased({ maxRunMs: 1_000, leaseMs: 400 });
    fleet.start(attempt);
    for (let at = 100; at < 1_000; at += 100) {
      fleet.passTo(at);
      fleet.heartbeat(tab);
    }
    expect(ended()).toEqual({});
    fleet.passTo(1_000);
    expect(ended()).toEqual({ deadline: 1 });
    expect(tab.cancelled.map((a) => a.attemptId)).toEqual([attempt.attemptId]);
  });

  it('fails a job at its deadline, and frees its slots', () => {
    const fleet = new Fleet();
    fleet.submit('job-1', aggregatePlan(ONE), { deadlineMs: 500 });
    expect(fleet.scheduler.nextDeadline()).toBe(500);
    fleet.join('a');
    expect(fleet.attempts()).toHaveLength(1);
    fleet.passTo(500);
    expect([...fleet.settled.values()]).toMatchObject([{ state: 'failed', error: { code: 'job-deadline' } }]);
    expect(fleet.attempts()).toEqual([]);
    expect(fleet.scheduler.nextDeadline()).toBeUndefined();
  });

  it('tells a tab to stop what its heartbeat names and the core does not know', () => {
    const { fleet, tab } = leased();
    const commands = fleet.send({
      type: 'heartbeatReceived',
      sessionId: tab.sessionId,
      running: ['a-old' as FakeAttempt['attemptId']],
    });
    expect(commands).toMatchObject([{ type: 'cancelAttempt', attemptId: 'a-old' }]);
  });
});

describe('an input that cannot be had', () => {
  it('fails the job when it is a chunk that the coordinator lost', () => {
    const { fleet, attempt } = leased();
    const [input] = attempt.task.inputs;
    const slice = input?.kind === 'chunks' ? input.run.columns[0]?.slices[0] : undefined;
    if (!slice) throw new Error('no slice');
    fleet.send({ type: 'coordinatorBlockLost', blockId: slice.blockId });
    fleet.fail(attempt, 'input', { slices: [{ blockId: slice.blockId, bucket: 0, why: 'missing' }] });
    expect([...fleet.settled.values()]).toMatchObject([{ state: 'failed', error: { code: 'dataset-damaged', stage: 0 } }]);
  });

  it('is tried again a few times when we believe that it is there', () => {
    const { fleet } = leased({ strayInputsPerTask: 3 });
    for (let i = 0; i < 3; i++) fleet.fail(only(fleet), 'input', { slices: [] });
    expect([...fleet.settled.values()]).toMatchObject([{ state: 'failed', error: { code: 'input-unreadable' } }]);
  });
});
