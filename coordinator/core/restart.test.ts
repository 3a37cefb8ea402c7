import { beforeAll, describe, expect, it } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import type { PhysicalPlan } from '../../shared/plan/physical.ts';
import { FakeJournal } from './testing/crash.ts';
import { Fleet } from './testing/fleet.ts';
import { aggregatePlan, branch, cachedSumsPlan, caching, forward, gather, hash, hashed, planOf, scan } from './testing/plans.ts';

beforeAll(loadHashes);

const T = { dataset: 'lines', chunks: 4 };
const indeterminate = (): PhysicalPlan =>
  planOf({ branches: [branch('indeterminate rows', scan(T))], determinacy: 'indeterminate' }, [branch('two', gather(0))]);

function start(tabs = 2) {
  const fleet = new Fleet({ journal: true });
  const journal = new FakeJournal(fleet);
  for (let i = 0; i < tabs; i++) fleet.join(`n${i}`);
  return { fleet, journal };
}

const words = (fleet: Fleet, id: string): string[] => fleet.scheduler.story(id).map((line) => line.what);
const causes = (fleet: Fleet, jobId: string) =>
  fleet.scheduler
    .storiesSince(0)
    .lines.filter((l) => l.what === 'attemptLeased' && l.detail?.jobId === jobId)
    .map((l) => l.detail?.cause);

describe('a job whose coordinator died', () => {
  it('takes back what the tabs hold, and makes nothing twice', () => {
    const { fleet, journal } = start();
    const job = fleet.submit('job-1', aggregatePlan(T, 1));
    for (const attempt of fleet.attempts()) if (attempt.stage === 0) fleet.run(attempt);
    const made = fleet.scheduler.job(job)?.stages[0]?.done ?? 0;
    expect(made).toBeGreaterThan(1);
    journal.crash({ lost: 0 });
    expect(fleet.scheduler.job(job)?.stages[0]).toMatchObject({ done: made, state: 'successful', reused: 0 });
    fleet.finish();
    expect(fleet.settled.get(job)?.state).toBe('successful');
    expect(causes(fleet, job)).toEqual(['planned']);
    expect(words(fleet, job)).toEqual(expect.arrayContaining(['jobResumed', 'jobGoesOn']));
    const counters = fleet.scheduler.job(job)?.counters;
    expect(counters).toMatchObject({ attempts: made + 1, recomputes: 0, tasksReused: 0 });
  });

  it('waits for those who were there, but not for ever', () => {
    const { fleet, journal } = start();
    const job = fleet.submit('job-1', aggregatePlan(T, 1));
    const [first] = fleet.attempts();
    if (first) fleet.run(first);
    journal.crash({ lost: 0, returns: (_, i) => i === 0 });
    fleet.join('new');
    expect(fleet.attempts()).toEqual([]);
    expect(fleet.scheduler.job(job)).toMatchObject({ state: 'running', waitingFor: expect.stringContaining('restarted') });
    fleet.passTo(fleet.nowMs + 5_000);
    expect(fleet.attempts()).not.toEqual([]);
    fleet.finish();
    expect(fleet.settled.get(job)?.state).toBe('successful');
  });

  it('makes a block again that was on the disk and goes before its job has come to it', () => {
    const { fleet, journal } = start(1);
    const first = fleet.submit('job-1', aggregatePlan(T, 1));
    fleet.finish();
    for (const tab of [...fleet.tabs.values()]) fleet.kill(tab);
    fleet.asleep.clear();
    // It is waited for, and meanwhile nobody asks what is on the disk.
    fleet.join('b');
    const job = fleet.submit('job-2', aggregatePlan(T, 1));
    journal.crash({ lost: 0, returns: () => false });
    const [result] = fleet.settled.get(first)?.result ?? [];
    if (!result) throw new Error('the first job has no result');
    expect(fleet.scheduler.countsOnCopy(result.blockId)).toBe(true);
    fleet.loseCoordinatorCopy(result.blockId);
    expect(fleet.scheduler.countsOnCopy(result.blockId)).toBe(false);
    fleet.join('new');
    fleet.finish();
    expect(fleet.settled.get(job)?.state).toBe('successful');
    expect(fleet.coordinator.has(result.blockId)).toBe(true);
  });

  it('leases what still runs to the slot where it runs', () => {
    const { fleet, journal } = start(3);
    const job = fleet.submit('job-1', aggregatePlan(T, 1));
    const running = fleet.attempts();
    for (const attempt of running) fleet.start(attempt);
    expect(running.length).toBeGreaterThan(1);
    const back = journal.crash({ lost: 0 });
    const place = (list: typeof running): string[] =>
      list.map(({ sessionId, slot, task }) => `${fleet.tabs.get(sessionId)?.workerId} ${slot} ${task.blockId}`).sort();
    const before = running.map(({ slot, task, sessionId }) => {
      const index = [...new Set(running.map((a) => a.sessionId))].indexOf(sessionId);
      return `${back[index]?.workerId} ${slot} ${task.blockId}`;
    });
    expect(place(fleet.attempts())).toEqual(before.sort());
    const adopted = fleet.scheduler.storiesSince(0).lines.filter((line) => line.what === 'attemptAdopted');
    expect(adopted).toHaveLength(running.length);
    fleet.finish();
    expect(fleet.settled.get(job)?.state).toBe('successful');
  });

  it('takes the reports of attempts that ended while there was no coordinator', () => {
    const { fleet, journal } = start(1);
    const job = fleet.submit('job-1', aggregatePlan(T, 1));
    const [running] = fleet.attempts();
    if (running) fleet.start(running);
    const [tab] = journal.crash({ lost: 0 });
    const [orphan] = tab?.cancelled ?? [];
    if (orphan) fleet.succeed(orphan);
    expect(fleet.scheduler.blockInfo(running?.task.blockId ?? ('' as never))).toBeDefined();
    fleet.finish();
    expect(fleet.settled.get(job)?.state).toBe('successful');
  });

  it('loses work, and no more, with the end of its journal', () => {
    for (let lost = 1; lost < 12; lost++) {
      const { fleet, journal } = start();
      const job = fleet.submit('job-1', aggregatePlan(T, 1));
      for (const attempt of fleet.attempts()) fleet.run(attempt);
      journal.crash({ lost });
      fleet.finish();
      expect(fleet.settled.get(job)?.state, `without the last ${lost}`).toBe('successful');
    }
  });

  it('gives rows that differ each time other names, unless all of them are on disk', () => {
    for (const inMemory of [true, false]) {
      const { fleet, journal } = start();
      const job = fleet.submit('job-1', indeterminate());
      const before = fleet.attempts().map((attempt) => attempt.task.blockId);
      for (const attempt of fleet.attempts()) fleet.run(attempt, { inline: true });
      journal.crash({ lost: 0, inMemory: () => inMemory });
      const again = fleet.attempts().map((attempt) => attempt.task.blockId);
      expect(again.some((id) => before.includes(id))).toBe(false);
      expect(fleet.scheduler.job(job)?.stages[0]?.done).toBe(inMemory ? 0 : before.length);
      fleet.finish();
      expect(fleet.settled.get(job)?.state).toBe('successful');
    }
  });

  it('goes on from the beginning when it is planned otherwise now', () => {
    const { fleet, journal } = start();
    const job = fleet.submit('job-1', aggregatePlan(T, 1));
    for (const attempt of fleet.attempts()) fleet.run(attempt);
    const other = aggregatePlan(T, 2);
    journal.replan(job, other);
    fleet.plans.set(job, other);
    journal.crash({ lost: 0 });
    expect(fleet.scheduler.story(job).find((line) => line.what === 'jobResumed')?.why).toContain('planned anew');
    fleet.finish();
    expect(fleet.settled.get(job)?.state).toBe('successful');
  });
});

describe('a coordinator that died', () => {
  it('still knows cached relations, and whose blocks they are when those come back', () => {
    const { fleet, journal } = start();
    fleet.submit('job-1', cachedSumsPlan(T, 1));
    fleet.finish();
    const [before] = fleet.scheduler.cache().relations;
    expect(before?.blocks.length).toBeGreaterThan(0);
    journal.crash({ lost: 0, inMemory: () => true });
    expect(fleet.scheduler.cache().relations).toEqual([before]);
    const job = fleet.submit('job-2', cachedSumsPlan(T, 1));
    fleet.finish();
    expect(causes(fleet, job)).toEqual([]);
  });

  it('cuts stages that read a kept relation as they were, though there are more slots by then', () => {
    const reading = (literal: number): PhysicalPlan => {
      const kept = [hashed(8, branch('left', scan(T))), [branch('sum', hash(0))]];
      const own = [hashed(8, branch(`rows ${literal}`, forward(1))), [branch('sum', hash(2))], [branch('all', gather(3))]];
      return caching(planOf(...kept, ...own), 1, 'sums', 'tabs');
    };
    const { fleet, journal } = start();
    fleet.submit('job-1', reading(1));
    fleet.finish();
    const job = fleet.submit('job-2', reading(2));
    const done = (): number => fleet.scheduler.job(job)?.stages[3]?.done ?? 0;
    for (let next = fleet.attempts()[0]; next && done() === 0; next = fleet.attempts()[0]) fleet.run(next);
    expect(done()).toBe(1);
    for (const i of [2, 3, 4]) fleet.join(`n${i}`);
    journal.crash({ lost: 0, inMemory: () => true });
    const resumed = fleet.scheduler.story(job).find(({ what }) => what === 'jobResumed');
    expect(resumed?.why).toContain('as it was');
    expect(done()).toBe(1);
    fleet.finish();
    const { attempts = 0, tasksPlanned = 0, tasksReused = 0, recomputes } = fleet.scheduler.job(job)?.counters ?? {};
    expect({ attempts, recomputes }).toEqual({ attempts: tasksPlanned - tasksReused, recomputes: 0 });
  });

  it('gives blocks of finished jobs to later ones, where their tabs came back', () => {
    const { fleet, journal } = start();
    fleet.submit('job-1', aggregatePlan(T, 1));
    fleet.finish();
    journal.crash({ lost: 0, inMemory: () => true });
    const job = fleet.submit('job-2', aggregatePlan(T, 1));
    fleet.finish();
    expect(fleet.scheduler.job(job)?.counters.attempts).toBe(0);
  });
});
