/** What the coordinator's own slot is given, and what it does not count for. */
import { beforeAll, expect, it } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import type { Digest, JobId } from '../../shared/ids.ts';
import { NO_COSTS } from '../../shared/plan/task.ts';
import type { FakeAttempt, FakeTab } from './testing/fake-tab.ts';
import { Fleet } from './testing/fleet.ts';
import { aggregatePlan, branch, forward, gather, planOf, scan } from './testing/plans.ts';

beforeAll(loadHashes);

const T = { dataset: 'lines', chunks: 4 };

function joinLocal(fleet: Fleet): FakeTab {
  return fleet.join('coordinator', { slots: 1, local: true });
}

function attemptsOf(fleet: Fleet, tab: FakeTab): FakeAttempt[] {
  return fleet.attempts().filter((attempt) => attempt.sessionId === tab.sessionId);
}

/** Runs what a tab has, all inline or not. */
function runAll(fleet: Fleet, tab: FakeTab, inline: boolean): void {
  for (const attempt of attemptsOf(fleet, tab)) fleet.run(attempt, { inline });
}

it('runs the last stage on the coordinator when its inputs are there, though tabs are free', () => {
  const fleet = new Fleet();
  const tab = fleet.join('a', { slots: 2 });
  const local = joinLocal(fleet);
  const job = fleet.submit('job-1', aggregatePlan(T));
  expect(attemptsOf(fleet, local)).toEqual([]);
  runAll(fleet, tab, true);
  const [last, ...more] = attemptsOf(fleet, local);
  expect(last).toMatchObject({ stage: 1 });
  expect([...more, ...attemptsOf(fleet, tab)]).toEqual([]);
  if (last) fleet.run(last);
  expect(fleet.settled.get(job)?.state).toBe('successful');
  expect(fleet.scheduler.story(job).some((line) => line.detail?.workerId === 'w-coordinator')).toBe(true);
  expect(fleet.scheduler.job(job)?.stages).toMatchObject([{ onCoordinator: 0 }, { onCoordinator: 1 }]);
});

it('leaves it to tabs when an input is only in a tab, when there is too much of it, and for other stages', () => {
  const sole = new Fleet();
  const tab = sole.join('a', { slots: 1 });
  const local = joinLocal(sole);
  sole.submit('job-1', aggregatePlan({ ...T, chunks: 1 }));
  runAll(sole, tab, false);
  expect(attemptsOf(sole, local)).toEqual([]);
  expect(attemptsOf(sole, tab)).toHaveLength(1);

  const much = new Fleet({ limits: { localTaskBytes: 1 } });
  const other = much.join('a', { slots: 1 });
  const idle = joinLocal(much);
  much.submit('job-1', aggregatePlan({ ...T, chunks: 1 }));
  runAll(much, other, true);
  expect(attemptsOf(much, idle)).toEqual([]);

  const three = new Fleet();
  const worker = three.join('a', { slots: 1 });
  const own = joinLocal(three);
  three.submit(
    'job-1',
    planOf([branch('one', scan({ ...T, chunks: 1 }))], [branch('two', forward(0))], [branch('three', gather(1))]),
  );
  runAll(three, worker, true);
  expect(attemptsOf(three, worker)).toMatchObject([{ stage: 1 }]);
  runAll(three, worker, true);
  expect(attemptsOf(three, own)).toMatchObject([{ stage: 2 }]);
});

it('gives constants to tabs: they may compute anything', () => {
  const fleet = new Fleet();
  const local = joinLocal(fleet);
  const job = fleet.submit('job-1', planOf([branch('select 1')]));
  expect(attemptsOf(fleet, local)).toEqual([]);
  expect(fleet.scheduler.job(job)).toMatchObject({
    state: 'waiting',
    waitingFor: expect.stringContaining('no worker is connected'),
  });
});

it('is no worker in lists and no slot in counts, and cuts nothing', () => {
  const fleet = new Fleet();
  joinLocal(fleet);
  const job = fleet.submit('job-1', aggregatePlan(T));
  expect(fleet.scheduler.workers()).toEqual([]);
  expect(fleet.scheduler.job(job)?.stages[0]).toMatchObject({ state: 'unresolved', tasks: 0 });
});

it('takes one task at a time, tabs the others, and the next one when it has come free', () => {
  const fleet = new Fleet();
  const tab = fleet.join('a', { slots: 1 });
  const local = joinLocal(fleet);
  const ids: JobId[] = [1, 2, 3, 4].map((literal) => fleet.submit(`job-${literal}`, aggregatePlan({ ...T, chunks: 1 }, literal)));
  // Two leases a slot: the fourth job's last stage waits until somebody has room.
  while (fleet.leases.filter((lease) => lease.stage === 0).length < 4 || attemptsOf(fleet, tab).some((a) => a.stage === 0)) {
    const next = attemptsOf(fleet, tab).find((attempt) => attempt.stage === 0);
    if (next) fleet.run(next, { inline: true });
    else break;
  }
  expect(attemptsOf(fleet, local)).toHaveLength(1);
  expect(attemptsOf(fleet, tab)).toHaveLength(2);
  for (let i = 0; i < 2; i++) for (const attempt of attemptsOf(fleet, local)) fleet.run(attempt);
  expect(fleet.leases.filter((lease) => lease.sessionId === local.sessionId)).toHaveLength(2);
  fleet.finish();
  for (const id of ids) expect(fleet.settled.get(id)?.state).toBe('successful');
});

it('tries a tab after it failed there, and fails the job with the author', () => {
  const fleet = new Fleet();
  const tab = fleet.join('a', { slots: 1 });
  const local = joinLocal(fleet);
  const job = fleet.submit('job-1', aggregatePlan({ ...T, chunks: 1 }));
  runAll(fleet, tab, true);
  for (const attempt of attemptsOf(fleet, local)) fleet.fail(attempt, 'resource');
  expect(attemptsOf(fleet, local)).toEqual([]);
  const [again] = attemptsOf(fleet, tab);
  expect(again).toMatchObject({ stage: 1 });
  if (again) fleet.fail(again, 'author', { code: 'sql-conversion' });
  expect(fleet.settled.get(job)).toMatchObject({ state: 'failed', error: { code: 'sql-conversion', stage: 1 } });
});

it('finishes a job whose tabs have all gone when only its last stage is left', () => {
  const fleet = new Fleet();
  const tab = fleet.join('a', { slots: 1 });
  const job = fleet.submit('job-1', aggregatePlan({ ...T, chunks: 1 }));
  runAll(fleet, tab, true);
  fleet.kill(tab);
  const local = joinLocal(fleet);
  for (const attempt of attemptsOf(fleet, local)) fleet.run(attempt);
  expect(fleet.settled.get(job)?.state).toBe('successful');
});

it('gives the task to a tab when the slot goes', () => {
  const fleet = new Fleet();
  const tab = fleet.join('a', { slots: 1 });
  const local = joinLocal(fleet);
  fleet.submit('job-1', aggregatePlan({ ...T, chunks: 1 }));
  runAll(fleet, tab, true);
  expect(attemptsOf(fleet, local)).toHaveLength(1);
  fleet.kill(local);
  expect(attemptsOf(fleet, tab)).toMatchObject([{ stage: 1 }]);
});

it('refuses a block that the coordinator did not keep', () => {
  const fleet = new Fleet();
  const tab = fleet.join('a', { slots: 1 });
  const local = joinLocal(fleet);
  const job = fleet.submit('job-1', aggregatePlan({ ...T, chunks: 1 }));
  runAll(fleet, tab, true);
  for (const { sessionId, attemptId, task } of attemptsOf(fleet, local)) {
    const digest = 'digest-nowhere' as Digest;
    const report = { sessionId, attemptId, blockId: task.blockId, digest, buckets: [{ rows: 1, bytes: 1, digest }] };
    fleet.send({ type: 'attemptSucceeded', ...report, inline: false, costs: NO_COSTS });
  }
  expect(fleet.scheduler.job(job)?.counters.ended).toMatchObject({ resource: 1 });
  expect(attemptsOf(fleet, tab)).toMatchObject([{ stage: 1 }]);
});
