/** Stragglers: what a task that takes far too long costs its job, and what becomes of the slower of two attempts. */
import { beforeAll, describe, expect, it } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import type { PhysicalPlan } from '../../shared/plan/physical.ts';
import type { JobOptions } from './events.ts';
import { Scheduler } from './scheduler.ts';
import type { FakeAttempt } from './testing/fake-tab.ts';
import { Fleet } from './testing/fleet.ts';
import { pass } from './testing/pass.ts';
import { aggregatePlan, branch, gather, planOf, type SourceShape, scan } from './testing/plans.ts';
import type { StoryLine } from './views.ts';

beforeAll(loadHashes);

const MiB = 1024 * 1024;

/** How long a job of 100 tasks takes that take a second each, ten times that in one of the tabs if it is slow. */
function jobMs(tabs: number, slowness: number, chunkBytes: number): { ms: number; seconds: number } {
  const fleet = new Fleet();
  const memory = { memoryPerSlotBytes: 5 * chunkBytes };
  const names = Array.from({ length: tabs }, (_, i) => fleet.join(`n${i}`, memory).sessionId);
  const shape: SourceShape = { dataset: `of ${chunkBytes}`, chunks: 100, ordinals: [0], chunkBytes };
  const job = fleet.submit('job-1', aggregatePlan(shape));
  const msOf = ({ sessionId, stage }: FakeAttempt): number => (stage === 0 ? 1_000 : 5) * (sessionId === names[0] ? slowness : 1);
  pass(fleet, msOf);
  expect(fleet.settled.get(job)?.state).toBe('successful');
  expect(fleet.scheduler.job(job)?.counters.tasksPlanned).toBe(101);
  return { ms: fleet.nowMs, seconds: secondsOf(fleet).length };
}

function secondsOf(fleet: Fleet): readonly StoryLine[] {
  return fleet.scheduler.storiesSince(0).lines.filter((line) => line.detail?.cause === 'speculation');
}

describe('a straggler ten times slower than the rest', () => {
  // Speeds are learned from inputs of a MiB and more only.
  for (const tabs of [5, 8, 10, 16, 20])
    for (const bytes of [4 * MiB, MiB / 2])
      it(`makes a job of 100 tasks on ${tabs} tabs at most 1.3 times longer, ${bytes} bytes each`, () => {
        const even = jobMs(tabs, 1, bytes);
        const uneven = jobMs(tabs, 10, bytes);
        expect(even.seconds).toBe(0);
        expect(uneven.ms / even.ms).toBeLessThanOrEqual(1.3);
      });
});

const FOUR: SourceShape = { dataset: 'four', chunks: 4, ordinals: [0], chunkBytes: 4 * MiB };
const MEMORY = { memoryPerSlotBytes: 20 * MiB };

/** One of four tasks runs on in tab n0, the other three took a second; `n1` is idle. */
function straggling(plan: PhysicalPlan, options: Partial<JobOptions> = {}) {
  const fleet = new Fleet();
  const [slow, idle] = ['n0', 'n1', 'n2', 'n3'].map((name) => fleet.join(name, MEMORY));
  if (!slow || !idle) throw new Error('no tabs');
  const job = fleet.submit('job-1', plan, options);
  fleet.passTo(1_000);
  for (const attempt of fleet.attempts()) if (attempt.sessionId !== slow.sessionId) fleet.run(attempt);
  fleet.passTo(1_499);
  expect(fleet.attempts()).toHaveLength(1);
  fleet.passTo(1_500);
  const [first, second] = fleet.attempts();
  return { fleet, job, slow, idle, first, second };
}

function both(plan = aggregatePlan(FOUR)) {
  const { first, second, ...rest } = straggling(plan);
  if (!first || !second) throw new Error('no second attempt');
  expect(second.task.blockId).toBe(first.task.blockId);
  return { ...rest, first, second };
}

describe('a second attempt', () => {
  it('comes in an idle slot, says why, and wins: the first is cancelled and counts for nothing', () => {
    const { fleet, job, first, second } = both();
    expect(secondsOf(fleet).map((line) => line.why)).toEqual([
      'it has been running for 1.5 s on w-n0, its stage’s other tasks took about 1.0 s',
    ]);
    fleet.run(second);
    expect(fleet.attempts().some(({ attemptId }) => attemptId === first.attemptId)).toBe(false);
    expect(fleet.scheduler.story(first.attemptId).at(-1)).toMatchObject({ what: 'attemptEnded', why: 'w-n1 was first' });
    fleet.finish();
    const { state, counters } = fleet.scheduler.job(job) ?? {};
    expect(state).toBe('successful');
    expect(counters).toMatchObject({ attempts: 6, recomputes: 0, ended: { succeeded: 5, cancelled: 1 } });
  });

  it('is cancelled when the first succeeds after all, and its late report is one more copy', () => {
    const { fleet, idle, first, second } = both();
    fleet.run(first);
    expect(fleet.scheduler.holders(first.task.blockId).sessions).toHaveLength(1);
    expect(idle.cancelled).toEqual([second]);
    fleet.succeed(second);
    expect(fleet.scheduler.holders(first.task.blockId).sessions).toHaveLength(2);
    fleet.finish();
  });

  it('goes on when the first fails: the task is not retried beside it', () => {
    const { fleet, job, slow, second } = both();
    fleet.kill(slow);
    expect(fleet.attempts()).toEqual([second]);
    fleet.finish();
    expect(fleet.scheduler.job(job)?.counters).toMatchObject({ attempts: 6, ended: { succeeded: 5, died: 1 } });
  });

  it('of a task that gives its rows in another order brings other bytes: those that came first count', () => {
    const rows = { branches: [branch('unordered rows', scan(FOUR))], determinacy: 'unordered' as const };
    const { fleet, job, first, second } = both(planOf(rows, [branch('top', gather(0))]));
    fleet.succeed(second, { variant: '-2' });
    fleet.succeed(first, { variant: '-1' });
    expect(fleet.scheduler.holders(first.task.blockId).sessions).toEqual([second.sessionId]);
    fleet.finish();
    expect(fleet.settled.get(job)?.state).toBe('successful');
  });

  it('is never made of a task that gives other rows each time, nor beyond the slots that its job may have', () => {
    const rows = { branches: [branch('indeterminate rows', scan(FOUR))], determinacy: 'indeterminate' as const };
    const { fleet } = straggling(planOf(rows, [branch('top', gather(0))]));
    fleet.passTo(9_000);
    expect(secondsOf(fleet)).toEqual([]);
  });

  it('comes back with the core from a snapshot', () => {
    const { fleet, job, second } = both();
    fleet.reload((snapshot, options) => Scheduler.restore(snapshot, options));
    fleet.run(second);
    fleet.finish();
    expect(fleet.scheduler.job(job)?.counters.attempts).toBe(6);
  });

  it('teaches how slow the first worker is at least: in time its tasks get a second attempt before they have taken too long', () => {
    const fleet = new Fleet();
    for (const name of ['n0', 'n1', 'n2', 'n3']) fleet.join(name, { memoryPerSlotBytes: 100 * MiB });
    for (let i = 0; i < 12; i++) {
      fleet.submit(`job-${i}`, aggregatePlan({ ...FOUR, chunkBytes: 16 * MiB, dataset: `of job ${i}` }));
      pass(fleet, ({ sessionId, stage }) => (stage === 1 ? 5 : sessionId.includes('n0') ? 40_000 : 4_000));
    }
    const whys = secondsOf(fleet).map((line) => line.why);
    expect(whys[0]).toBe('it has been running for 6.0 s on w-n0, its stage’s other tasks took about 4.0 s');
    expect(whys.at(-1)).toMatch(/^it has been running for 4\.\d s on w-n0, which is known to be slow: w-n1 is done sooner$/);
  });
});
