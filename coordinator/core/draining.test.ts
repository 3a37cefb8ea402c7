/** A worker that drains: what runs is finished, what waits goes elsewhere, what only it has is handed over, then it is told to go. */
import { beforeAll, expect, it } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import { Fleet } from './testing/fleet.ts';
import { aggregatePlan } from './testing/plans.ts';

beforeAll(loadHashes);

it('finishes, hands over, goes, and says so', () => {
  const fleet = new Fleet();
  const a = fleet.join('a', { memoryPerSlotBytes: 5_000_000 });
  const b = fleet.join('b', { paused: true });
  const job = fleet.submit('job-1', aggregatePlan({ dataset: 'd', chunks: 4 }));
  const [runs, waits] = fleet.attempts();
  if (!runs || !waits) throw new Error('no attempts');
  fleet.start(runs);
  fleet.drain(a);
  expect(fleet.attempts()).toEqual([runs]);
  expect(fleet.scheduler.story(waits.attemptId).at(-1)?.why).toBe('w-a drains, and had not begun it');
  expect(fleet.dismissed).toEqual([]);
  fleet.run(runs);
  expect(fleet.collects).toMatchObject([{ blockId: runs.task.blockId, urgency: 'urgent' }]);
  expect(fleet.dismissed).toEqual([]);
  fleet.answerCollect();
  expect(fleet.dismissed).toEqual([a.sessionId]);
  const told = fleet.scheduler.story('w-a').map((line) => line.what);
  expect(told.filter((what) => what.startsWith('worker'))).toEqual([
    'workerJoined',
    'workerDrained',
    'workerHandsOver',
    'workerDismissed',
  ]);
  fleet.kill(a);
  fleet.change(b, { paused: false });
  fleet.finish();
  expect(fleet.scheduler.job(job)?.counters.recomputes).toBe(0);
});

it('goes at once when it has nothing, and is not told twice', () => {
  const fleet = new Fleet();
  const a = fleet.join('a');
  fleet.drain(a);
  fleet.drain(a);
  fleet.heartbeat(a);
  fleet.join('b');
  expect(fleet.dismissed).toEqual([a.sessionId]);
});

it('stays as long as there is no room for what only it has', () => {
  const fleet = new Fleet();
  const a = fleet.join('a');
  fleet.submit('job-1', aggregatePlan({ dataset: 'd', chunks: 1 }));
  fleet.isDiskFull = true;
  fleet.drain(a);
  for (const attempt of fleet.attempts()) fleet.run(attempt);
  fleet.answerCollect();
  expect(fleet.dismissed).toEqual([]);
  fleet.kill(a);
});
