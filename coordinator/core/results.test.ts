/** Parts of a result go to the coordinator while others are still made, and can be read there in their order. */
import { beforeAll, describe, expect, it } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import type { JobId } from '../../shared/ids.ts';
import type { Stage } from '../../shared/plan/physical.ts';
import type { FakeAttempt } from './testing/fake-tab.ts';
import { Fleet } from './testing/fleet.ts';
import { branch, gather, planOf, scan } from './testing/plans.ts';

beforeAll(loadHashes);

const fail = (): never => {
  throw new Error('nothing there');
};

/** A job whose result has four parts, made in two tabs, two each; none is made yet. */
function scene(determinacy: Stage['determinacy'] = 'determinate') {
  const fleet = new Fleet();
  const a = fleet.join('a', { slots: 2 });
  const b = fleet.join('b', { slots: 2 });
  const plan = () => planOf({ branches: [branch('rows', scan({ dataset: 'd', chunks: 4 }))], determinacy });
  const job = fleet.submit('job-1', plan());
  const parts = fleet.attempts();
  expect(parts.map((part) => part.sessionId)).toEqual([a.sessionId, a.sessionId, b.sessionId, b.sessionId]);
  const part = (i: number): FakeAttempt => parts[i] ?? fail();
  const collects = () =>
    fleet.collects.map(({ blockId, urgency }) => [parts.findIndex((p) => p.task.blockId === blockId), urgency]);
  const ready = () => [0, 1, 2, 3].filter((i) => fleet.scheduler.resultPart(job, i)?.onCoordinator === true);
  return { fleet, a, b, job, plan, part, collects, ready };
}

describe('a part of a result', () => {
  it('is copied as soon as it is made, with its place, and once the last one is made nothing is just ahead', () => {
    const { fleet, job, part, collects } = scene();
    fleet.run(part(2));
    expect(fleet.collects).toMatchObject([{ blockId: part(2).task.blockId, urgency: 'ahead', partition: 2 }]);
    fleet.run(part(0));
    expect(fleet.collects[1]).toMatchObject({ blockId: part(0).task.blockId, urgency: 'ahead', partition: 0 });
    fleet.answerCollect();
    fleet.run(part(1));
    fleet.run(part(3));
    expect(collects()).toEqual([
      [0, 'wanted'],
      [1, 'wanted'],
      [3, 'wanted'],
    ]);
    fleet.finish();
    expect(fleet.settled.get(job)?.state).toBe('successful');
    expect(fleet.scheduler.job(job)?.counters.recomputes).toBe(0);
  });

  it('can be read once the coordinator has it, whatever comes before it, and not of a job that is over', () => {
    const { fleet, job, part, ready } = scene();
    expect(ready()).toEqual([]);
    fleet.run(part(2));
    expect(ready()).toEqual([]);
    // Its copy is asked for: it may be read as it comes.
    expect(fleet.scheduler.resultPart(job, 2)).toMatchObject({ blockId: part(2).task.blockId, onCoordinator: false });
    fleet.answerCollect();
    expect(ready()).toEqual([2]);
    fleet.run(part(0), { inline: true });
    expect(ready()).toEqual([0, 2]);
    const read = fleet.scheduler.resultPart(job, 0);
    fleet.finish();
    expect(read).toEqual({ ...fleet.settled.get(job)?.result?.[0], onCoordinator: true });
    expect(ready()).toEqual([]);
    expect(fleet.scheduler.resultPart('job-none' as JobId, 0)).toBeUndefined();
  });

  it('cannot be read before the end where making it again could give other rows', () => {
    for (const determinacy of ['unordered', 'indeterminate'] as const) {
      const { fleet, part, ready } = scene(determinacy);
      fleet.run(part(0));
      expect(fleet.collects).toHaveLength(1);
      fleet.answerCollect();
      expect(ready()).toEqual([]);
    }
  });

  it('of an inner stage stays where it is', () => {
    const fleet = new Fleet();
    fleet.join('a', { slots: 2 });
    fleet.submit('job-1', planOf([branch('rows', scan({ dataset: 'd', chunks: 2 }))], [branch('end', gather(0))]));
    fleet.run(fleet.attempts()[0] ?? fail());
    expect(fleet.collects).toEqual([]);
  });

  it('that another job has made already is copied when the job begins', () => {
    const { fleet, a, plan, part } = scene();
    fleet.run(part(0));
    fleet.run(part(1));
    while (fleet.answerCollect());
    fleet.loseCoordinatorCopy(part(0).task.blockId);
    expect(fleet.collects).toMatchObject([{ blockId: part(0).task.blockId, urgency: 'ahead', from: [a.sessionId] }]);
    fleet.send({ type: 'jobCancelled', jobId: 'job-1' as JobId });
    expect(fleet.collects).toEqual([]);
    fleet.submit('job-2', plan());
    expect(fleet.collects).toMatchObject([{ blockId: part(0).task.blockId, urgency: 'ahead' }]);
  });
});

describe('a part that is lost', () => {
  it('before it was copied is made again; one that was copied is not', () => {
    const { fleet, a, job, part, ready } = scene();
    fleet.run(part(0));
    fleet.answerCollect();
    fleet.run(part(1));
    fleet.kill(a);
    expect(ready()).toEqual([0]);
    fleet.collects.splice(0);
    fleet.send({ type: 'collectFailed', blockId: part(1).task.blockId, why: 'gone' });
    fleet.finish();
    expect(fleet.settled.get(job)?.state).toBe('successful');
    expect(fleet.scheduler.job(job)?.counters).toMatchObject({ recomputes: 1, attempts: 5 });
  });

  it('at one holder, and turns up at another while its copy fails, is asked for there', () => {
    const { fleet, a, part } = scene();
    fleet.run(part(0));
    const { blockId } = part(0).task;
    const c = fleet.join('c', { paused: true });
    const digest = fleet.scheduler.blockInfo(blockId)?.digest ?? fail();
    fleet.stores.get(c.storeId)?.set(blockId, digest);
    fleet.send({ type: 'inventoryReported', sessionId: c.sessionId, blocks: [{ blockId, digest }], last: true });
    fleet.evict(a.storeId, blockId, false);
    fleet.answerCollect();
    expect(fleet.collects).toMatchObject([{ blockId, urgency: 'ahead', from: [c.sessionId] }]);
  });

  it('on the coordinator alone is copied anew, and keeps its digest while a tab has it', () => {
    const { fleet, job, part, ready } = scene();
    fleet.run(part(0));
    fleet.answerCollect();
    const before = fleet.scheduler.resultPart(job, 0);
    fleet.loseCoordinatorCopy(part(0).task.blockId);
    expect(ready()).toEqual([]);
    fleet.answerCollect();
    expect(fleet.scheduler.resultPart(job, 0)).toEqual(before);
    // Another attempt's bytes are not taken while the accepted ones are there.
    fleet.succeed({ ...part(0) }, { variant: 'other' });
    expect(fleet.scheduler.resultPart(job, 0)).toEqual(before);
  });
});

describe('copies ahead', () => {
  it('end with a job that is cancelled or fails', () => {
    for (const end of ['cancelled', 'failed'] as const) {
      const { fleet, job, part } = scene();
      fleet.run(part(0));
      expect(fleet.collects).toHaveLength(1);
      if (end === 'failed') fleet.fail(part(1), 'author');
      else fleet.send({ type: 'jobCancelled', jobId: job });
      expect(fleet.settled.get(job)?.state).toBe(end);
      expect(fleet.collects).toEqual([]);
    }
  });

  it('go on while another job wants them', () => {
    const { fleet, job, plan, part } = scene();
    fleet.submit('job-2', plan());
    fleet.run(part(0));
    fleet.send({ type: 'jobCancelled', jobId: job });
    expect(fleet.collects).toHaveLength(1);
  });

  it('that were complete when their job ended are kept for another', () => {
    const { fleet, job, plan, part } = scene();
    fleet.run(part(0));
    const { blockId, digest } = fleet.collects[0] ?? fail();
    fleet.send({ type: 'jobCancelled', jobId: job });
    fleet.coordinator.set(blockId, digest);
    fleet.send({ type: 'blockCollected', blockId, digest });
    fleet.submit('job-2', plan());
    expect(fleet.collects).toEqual([]);
    expect(fleet.scheduler.resultPart('job-2' as JobId, 0)).toMatchObject({ blockId, digest });
  });

  it('are given up without room, and asked for again when all is made', () => {
    const { fleet, job, part } = scene();
    fleet.isDiskFull = true;
    fleet.run(part(0));
    fleet.answerCollect();
    fleet.run(part(1));
    expect(fleet.collects).toEqual([]);
    expect(fleet.scheduler.holders(part(0).task.blockId).sessions).toHaveLength(1);
    fleet.isDiskFull = false;
    fleet.run(part(2));
    fleet.run(part(3));
    expect(fleet.collects.map(({ urgency }) => urgency)).toEqual(['wanted', 'wanted', 'wanted', 'wanted']);
    fleet.finish();
    expect(fleet.settled.get(job)?.state).toBe('successful');
    expect(fleet.scheduler.job(job)?.counters.recomputes).toBe(0);
  });

  it('become urgent when their holder leaves', () => {
    const { fleet, a, part } = scene();
    fleet.run(part(0));
    fleet.leave(a);
    expect(fleet.collects).toMatchObject([{ blockId: part(0).task.blockId, urgency: 'urgent' }]);
  });
});
