/** What a job says of a task that runs on and on: an author's endless loop, mostly. */
import { beforeAll, expect, it } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import { Fleet } from './testing/fleet.ts';
import { aggregatePlan } from './testing/plans.ts';

beforeAll(loadHashes);

/** Ten minutes are allowed; the lease is renewed as long as the tab beats. */
function running(chunks: number) {
  const fleet = new Fleet({ limits: { longRunMs: 30_000, leaseMs: 600_000, leasesPerSlot: 1 } });
  const tab = fleet.join('a', { slots: chunks });
  const job = fleet.submit('job-1', aggregatePlan({ dataset: 'some', chunks }));
  for (const attempt of fleet.attempts()) fleet.start(attempt);
  const began = fleet.nowMs;
  const at = (ms: number) => {
    fleet.passTo(began + ms);
    fleet.heartbeat(tab);
    return fleet.scheduler.job(job)?.longRun;
  };
  return { fleet, at, longRun: () => fleet.scheduler.job(job)?.longRun };
}

it('says so past the bound, with the task, the worker and what to do, until it ends', () => {
  const { fleet, at, longRun } = running(1);
  expect(at(29_999)).toBeUndefined();
  expect(at(47_000)).toEqual({
    stage: 0,
    task: 0,
    workerId: 'w-a',
    forMs: 45_000,
    detail: expect.stringMatching(/^Task 0 of stage 0 \(.+\) has been running for 45 s on w-a\.$/),
    hint: expect.stringMatching(/DELETE \/v1\/jobs\/job-1.*deadlineMs.*stopped after 600 s/),
  });
  const [attempt] = fleet.attempts();
  if (attempt) fleet.fail(attempt, 'deadline');
  expect(longRun()).toBeUndefined();
  const [again] = fleet.attempts();
  if (again) fleet.start(again);
  expect(at(80_000)?.detail).toMatch(/; 1 earlier attempt failed\.$/);
  fleet.send({ type: 'jobCancelled', jobId: fleet.jobs[0] ?? ('' as never) });
  expect(longRun()).toBeUndefined();
});

it('names the one that has run longest, and how many others have', () => {
  expect(running(3).at(31_000)?.detail).toMatch(/for 30 s on w-a, and 2 more tasks nearly as long\.$/);
});

it('does not count the pace, nor leases that wait', () => {
  const fleet = new Fleet({ limits: { longRunMs: 30_000, leaseMs: 600_000 } });
  const tab = fleet.join('a');
  const job = fleet.submit('job-1', aggregatePlan({ dataset: 'some', chunks: 2 }));
  fleet.passTo(fleet.nowMs + 60_000);
  fleet.heartbeat(tab);
  expect(fleet.scheduler.job(job)?.longRun).toBeUndefined();
});
