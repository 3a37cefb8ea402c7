import { beforeAll, describe, expect, it } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import type { JobId } from '../../shared/ids.ts';
import { Fleet } from './testing/fleet.ts';
import { aggregatePlan, branch, planOf } from './testing/plans.ts';

beforeAll(loadHashes);

const FLIGHTS = { dataset: 'flights', chunks: 4 };

describe('a job', () => {
  it('waits in words while no worker is there, and is cut when one comes', () => {
    const fleet = new Fleet();
    const job = fleet.submit('job-1', aggregatePlan(FLIGHTS));
    expect(fleet.scheduler.job(job)).toMatchObject({
      state: 'waiting',
      stages: [{ state: 'unresolved' }, { state: 'unresolved' }],
    });
    expect(fleet.scheduler.job(job)?.waitingFor).toContain('volunteer page');
    fleet.join('a');
    expect(fleet.scheduler.job(job)).toMatchObject({
      state: 'running',
      stages: [{ state: 'running', tasks: 1 }, { state: 'unresolved' }],
    });
    expect(fleet.scheduler.job(job)?.waitingFor).toBeUndefined();
  });

  it('goes through its stages and settles when the result is on the coordinator', () => {
    const fleet = new Fleet();
    fleet.join('a', { slots: 2 });
    const job = fleet.submit('job-1', aggregatePlan(FLIGHTS));
    expect(fleet.attempts().map((a) => [a.slot, a.task.title])).toEqual([
      [0, 'partial 1 (1 of 2)'],
      [1, 'partial 1 (2 of 2)'],
    ]);
    for (const attempt of fleet.attempts()) fleet.run(attempt);
    const [last] = fleet.attempts();
    expect(last?.task.inputs).toMatchObject([
      { kind: 'slices', slices: fleet.leases.slice(0, 2).map((l) => ({ blockId: l.task.blockId, bucket: 0 })) },
    ]);
    if (last) fleet.run(last);
    expect(fleet.settled.size).toBe(0);
    expect(fleet.answerCollect()).toBe(true);
    expect(fleet.settled.get(job)).toMatchObject({ state: 'successful', result: [{ blockId: last?.task.blockId }] });
    const view = fleet.scheduler.job(job);
    expect(view?.counters).toMatchObject({
      tasksPlanned: 3,
      tasksReused: 0,
      attempts: 3,
      recomputes: 0,
      ended: { succeeded: 3 },
    });
    expect(view?.stages.map((s) => [s.state, s.tasks, s.done])).toEqual([
      ['successful', 2, 2],
      ['successful', 1, 1],
    ]);
  });

  it('without inputs has one task', () => {
    const fleet = new Fleet();
    fleet.join('a');
    const job = fleet.submit('job-1', planOf([branch('select 1')]));
    const [attempt] = fleet.attempts();
    expect(attempt?.task.inputs).toEqual([]);
    if (attempt) fleet.run(attempt, { inline: true });
    expect(fleet.settled.get(job as JobId)?.state).toBe('successful');
  });
});
