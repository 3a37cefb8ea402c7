/** Blocks that exist already, the result's way to the coordinator, and what is kept afterwards. */
import { beforeAll, describe, expect, it } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import type { JobId } from '../../shared/ids.ts';
import { Fleet } from './testing/fleet.ts';
import { aggregatePlan, branch, gather, planOf, scan } from './testing/plans.ts';

beforeAll(loadHashes);

const FOUR = { dataset: 'four', chunks: 4 };

describe('the same query again', () => {
  it('runs nothing', () => {
    const fleet = new Fleet();
    fleet.join('a', { slots: 2 });
    fleet.submit('job-1', aggregatePlan(FOUR));
    fleet.finish();
    const again = fleet.submit('job-2', aggregatePlan(FOUR));
    expect(fleet.settled.get(again)?.state).toBe('successful');
    expect(fleet.scheduler.job(again)?.counters).toMatchObject({ tasksPlanned: 3, tasksReused: 3, attempts: 0 });
    expect(fleet.settled.get(again)?.result).toEqual(fleet.settled.get('job-1' as JobId)?.result);
  });

  it('runs what has been lost since, and calls it planned', () => {
    const fleet = new Fleet();
    const a = fleet.join('a', { slots: 2 });
    fleet.submit('job-1', aggregatePlan(FOUR));
    fleet.finish();
    fleet.evict(a.storeId, fleet.leases[0]?.task.blockId as never, true);
    const again = fleet.submit('job-2', aggregatePlan(FOUR));
    fleet.finish();
    expect(fleet.scheduler.job(again)?.counters).toMatchObject({ tasksPlanned: 3, tasksReused: 2, attempts: 1, recomputes: 0 });
  });

  it('runs everything when reuse is off, and leaves nothing behind but its result', () => {
    const fleet = new Fleet();
    const a = fleet.join('a', { slots: 2 });
    fleet.submit('job-1', aggregatePlan(FOUR), { reuse: false });
    fleet.finish();
    expect([...(fleet.stores.get(a.storeId)?.keys() ?? [])]).toEqual([fleet.leases.at(-1)?.task.blockId]);
    const again = fleet.submit('job-2', aggregatePlan(FOUR), { reuse: false });
    fleet.finish();
    expect(fleet.scheduler.job(again)?.counters).toMatchObject({ tasksReused: 0, attempts: 3 });
  });
});

describe('equal branches of one stage', () => {
  it('run once and are appended twice', () => {
    const fleet = new Fleet();
    fleet.join('a');
    const one = () => branch('one', scan({ dataset: 'd', chunks: 1 }));
    const job = fleet.submit(
      'job-1',
      planOf([one(), one(), branch('two', scan({ dataset: 'd', chunks: 1 }))], [branch('g', gather(0))]),
    );
    fleet.finish();
    const [first, second, last] = fleet.leases.map((x) => x.task);
    expect(last?.inputs).toMatchObject([{ slices: [first, first, second].map((t) => ({ blockId: t?.blockId })) }]);
    expect(fleet.scheduler.job(job)?.counters).toMatchObject({ tasksPlanned: 4, tasksReused: 1, attempts: 3 });
  });
});

describe('a result', () => {
  it('is copied from those who hold it, and made again when they cannot give it', () => {
    const fleet = new Fleet();
    const a = fleet.join('a');
    const job = fleet.submit('job-1', planOf([branch('select 1')]));
    fleet.run(fleet.attempts()[0] ?? fail());
    expect(fleet.collects).toMatchObject([{ from: [a.sessionId] }]);
    const [wanted] = fleet.collects.splice(0);
    if (!wanted) fail();
    else fleet.send({ type: 'collectFailed', blockId: wanted.blockId, why: 'the transfer stalled' });
    expect(fleet.scheduler.job(job)?.state).toBe('running');
    fleet.finish();
    expect(fleet.settled.get(job)?.state).toBe('successful');
    expect(fleet.scheduler.job(job)?.counters).toMatchObject({ recomputes: 1, attempts: 2 });
  });

  it('fails the job when it cannot be copied again and again', () => {
    const fleet = new Fleet({ limits: { collectsPerBlock: 2 } });
    fleet.join('a');
    const job = fleet.submit('job-1', planOf([branch('select 1')]));
    for (let i = 0; i < 2; i++) {
      fleet.run(fleet.attempts()[0] ?? fail());
      const [wanted] = fleet.collects.splice(0);
      fleet.send({ type: 'collectFailed', blockId: wanted?.blockId ?? fail(), why: 'no space left' });
    }
    expect(fleet.settled.get(job)).toMatchObject({
      state: 'failed',
      error: { code: 'result-not-collected', detail: expect.stringContaining('no space left') },
    });
  });

  it('with another digest is not taken', () => {
    const fleet = new Fleet();
    fleet.join('a');
    const job = fleet.submit('job-1', planOf([branch('select 1')]));
    fleet.run(fleet.attempts()[0] ?? fail());
    const [wanted] = fleet.collects.splice(0);
    fleet.send({ type: 'blockCollected', blockId: wanted?.blockId ?? fail(), digest: 'forged' as never });
    expect(fleet.settled.has(job)).toBe(false);
    fleet.finish();
    expect(fleet.settled.get(job)?.state).toBe('successful');
  });

  it('stays until the job is forgotten, whatever is dropped meanwhile', () => {
    const fleet = new Fleet({ limits: { reusableBlocks: 0 } });
    fleet.join('a');
    const job = fleet.submit('job-1', aggregatePlan(FOUR));
    fleet.finish();
    const [result] = fleet.settled.get(job)?.result ?? [];
    expect([...fleet.coordinator.keys()]).toEqual([result?.blockId]);
    expect([...fleet.scheduler.blocks()].map((b) => b.blockId)).toEqual([result?.blockId]);
    fleet.forget(job);
    expect(fleet.coordinator.size).toBe(0);
    expect([...fleet.scheduler.blocks()]).toEqual([]);
    expect(fleet.scheduler.job(job)).toBeUndefined();
  });
});

describe('blocks that nobody needs', () => {
  it('are kept up to their bound, and the least recently used go first', () => {
    const fleet = new Fleet({ limits: { reusableBlocks: 3 } });
    const a = fleet.join('a');
    const plan = (n: number) => planOf([branch(`scan ${n}`, scan({ dataset: 'd', chunks: 1 }))], [branch(`end ${n}`, gather(0))]);
    const scans: string[] = [];
    for (let n = 0; n < 4; n++) {
      const at = fleet.leases.length;
      fleet.submit(`job-${n}`, plan(n));
      fleet.finish();
      scans.push(fleet.leases[at]?.task.blockId ?? fail());
    }
    const held = fleet.stores.get(a.storeId);
    expect(scans.map((id) => held?.has(id as never))).toEqual([false, true, true, true]);
    fleet.submit('job-again', plan(1));
    fleet.submit('job-new', plan(9));
    fleet.finish();
    expect(scans.map((id) => held?.has(id as never))).toEqual([false, true, false, true]);
  });
});

describe('odd reports', () => {
  it('of a block that was not asked for count as a failure', () => {
    const fleet = new Fleet();
    fleet.join('a');
    fleet.submit('job-1', planOf([branch('select 1')]));
    const [attempt] = fleet.attempts();
    if (!attempt) throw new Error('no attempt');
    const forged = { ...attempt, task: { ...attempt.task, blockId: 'b'.repeat(64) as never } };
    fleet.succeed(forged, { inline: true });
    expect(fleet.scheduler.jobs()[0]?.counters).toMatchObject({ ended: { resource: 1 }, attempts: 2 });
    expect(fleet.scheduler.blockInfo('b'.repeat(64) as never)).toBeUndefined();
    expect(fleet.coordinator.size).toBe(0);
  });

  it('from another session than the lease is for are refused, and their bytes dropped', () => {
    const fleet = new Fleet();
    fleet.join('a');
    const b = fleet.join('b');
    fleet.submit('job-1', planOf([branch('select 1')]));
    const [attempt] = fleet.attempts();
    if (!attempt) throw new Error('no attempt');
    fleet.succeed({ ...attempt, sessionId: b.sessionId }, { inline: true });
    expect(fleet.settled.size).toBe(0);
    expect(fleet.coordinator.size).toBe(0);
    expect(fleet.stores.get(b.storeId)?.size).toBe(0);
    expect(fleet.scheduler.story(attempt.attemptId).map((l) => l.what)).toEqual(['attemptLeased', 'reportIgnored']);
  });
});

const fail = (): never => {
  throw new Error('nothing there');
};
