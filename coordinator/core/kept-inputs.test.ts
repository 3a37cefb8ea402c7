/** Relations cached at level `memory` stay loaded in the slots that read them, and later jobs go there. */
import { beforeAll, describe, expect, it } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import type { CacheLevel, PhysicalPlan } from '../../shared/plan/physical.ts';
import { Scheduler } from './scheduler.ts';
import type { FakeAttempt } from './testing/fake-tab.ts';
import { Fleet } from './testing/fleet.ts';
import { branch, broadcast, caching, forward, gather, planOf, scan } from './testing/plans.ts';

beforeAll(loadHashes);

const MiB = 1024 * 1024;
const POINTS = { dataset: 'points', chunks: 8 };

/** A scan that is kept, a task for each of its blocks, and one that gathers: `literal` makes the tasks others. */
function loop(literal: number, level: CacheLevel = 'memory', dataset = 'points'): PhysicalPlan {
  const shape = { ...POINTS, dataset };
  const stages = [[branch(dataset, scan(shape))], [branch(`near ${literal}`, forward(0))], [branch(`all ${literal}`, gather(1))]];
  return caching(planOf(...stages), 0, dataset, level);
}

const readers = (fleet: Fleet, jobId: string): FakeAttempt[] =>
  fleet.leases.filter((lease) => lease.jobId === jobId && lease.stage === 1);
const keysOf = ({ task }: FakeAttempt): (string | undefined)[] =>
  task.inputs.map((input) => (input.kind === 'slices' ? input.residentKey : 'no slices'));
/** Which slot read what. */
const places = (attempts: readonly FakeAttempt[]): string[] =>
  attempts.map((attempt) => `${keysOf(attempt)} in ${attempt.sessionId}/${attempt.slot}`).sort();

const twoTabs = (rowBytes = MiB): Fleet => {
  const fleet = new Fleet({ rowBytes });
  fleet.join('a', { slots: 2 });
  fleet.join('b', { slots: 2 });
  return fleet;
};

describe('a relation at level memory', () => {
  it('is read in the slots that have it loaded, by whatever later job', () => {
    const fleet = twoTabs();
    for (const n of [1, 2, 3]) {
      fleet.submit(`job-${n}`, loop(n));
      fleet.finish();
    }
    const first = places(readers(fleet, 'job-1'));
    expect(new Set(first.map((place) => place.split(' ')[0])).size).toBe(first.length);
    expect(first.every((place) => place.startsWith('kept/'))).toBe(true);
    expect(places(readers(fleet, 'job-2'))).toEqual(first);
    expect(places(readers(fleet, 'job-3'))).toEqual(first);
  });

  it('draws its readers to the slot that has it loaded, from the store that has its blocks', () => {
    const fleet = new Fleet({ rowBytes: MiB });
    fleet.join('a', { slots: 1 });
    fleet.submit('job-1', loop(1));
    fleet.finish();
    const residentKey = readers(fleet, 'job-1').flatMap(keysOf)[0] ?? '';
    const b = fleet.join('b', { slots: 3 });
    fleet.send({ type: 'residentsChanged', sessionId: b.sessionId, changes: [{ slot: 2, residentKey, ordinals: [0] }] });
    for (const tab of fleet.tabs.values())
      for (const name of [...tab.residents]) if (name.includes(residentKey)) fleet.unload(tab, name);
    fleet.submit('job-2', loop(2));
    const [reader] = readers(fleet, 'job-2').filter((lease) => keysOf(lease).includes(residentKey));
    expect([reader?.sessionId, reader?.slot]).toEqual([b.sessionId, 2]);
  });

  it('has other names where its blocks are others', () => {
    const fleet = twoTabs();
    fleet.submit('job-1', loop(1));
    fleet.submit('job-2', loop(1, 'memory', 'other'));
    fleet.finish();
    const names = [...readers(fleet, 'job-1'), ...readers(fleet, 'job-2')].flatMap(keysOf);
    expect(new Set(names).size).toBe(names.length);
  });

  it('goes elsewhere with the slot that had it', () => {
    const fleet = twoTabs();
    fleet.submit('job-1', loop(1));
    fleet.finish();
    const [gone] = readers(fleet, 'job-1');
    const tab = gone && fleet.tabs.get(gone.sessionId);
    if (!tab) throw new Error('nothing was read');
    fleet.kill(tab);
    const job = fleet.submit('job-2', loop(2));
    fleet.finish();
    expect(fleet.settled.get(job)?.state).toBe('successful');
    expect(readers(fleet, 'job-2').some(({ sessionId }) => sessionId === tab.sessionId)).toBe(false);
  });

  it('stays loaded no longer when it was let go, and after a restore as before', () => {
    const fleet = twoTabs();
    fleet.submit('job-1', loop(1));
    fleet.finish();
    fleet.reload((snapshot, options) => Scheduler.restore(snapshot, options));
    fleet.submit('job-2', loop(2));
    fleet.finish();
    expect(places(readers(fleet, 'job-2'))).toEqual(places(readers(fleet, 'job-1')));
    fleet.send({ type: 'relationReleased', pinId: fleet.scheduler.cache().relations[0]?.id ?? '' });
    fleet.submit('job-3', { ...loop(3), cached: [] });
    fleet.finish();
    expect(readers(fleet, 'job-3').flatMap(keysOf)).toEqual(readers(fleet, 'job-3').map(() => undefined));
  });
});

describe('a relation at level memory that is let go', () => {
  const tables = (fleet: Fleet): string[] =>
    [...fleet.tabs.values()].flatMap(({ residents }) => [...residents].filter((name) => name.includes('kept/')));
  const release = (fleet: Fleet): void => {
    const [relation] = fleet.scheduler.cache().relations;
    fleet.send({ type: 'relationReleased', pinId: relation?.id ?? '' });
  };

  it('is dropped from the slots that have it loaded, and chunks of datasets are not', () => {
    const fleet = twoTabs();
    fleet.submit('job-1', loop(1));
    fleet.submit('job-2', loop(1, 'memory', 'other'));
    fleet.finish();
    const all = tables(fleet);
    const chunks = [...fleet.tabs.values()].reduce((sum, { residents }) => sum + residents.size, 0) - all.length;
    release(fleet);
    expect([tables(fleet).length > 0, tables(fleet).length < all.length]).toEqual([true, true]);
    release(fleet);
    expect(tables(fleet)).toEqual([]);
    expect([...fleet.tabs.values()].reduce((sum, { residents }) => sum + residents.size, 0)).toBe(chunks);
  });

  it('stays loaded for the jobs that read it, until the last of them is over', () => {
    const fleet = twoTabs();
    fleet.submit('job-1', loop(1));
    fleet.finish();
    const all = tables(fleet);
    const [two, three] = [fleet.submit('job-2', loop(2)), fleet.submit('job-3', loop(3))];
    release(fleet);
    expect(tables(fleet)).toEqual(all);
    fleet.send({ type: 'jobCancelled', jobId: two });
    expect(tables(fleet)).toEqual(all);
    fleet.reload((snapshot, options) => Scheduler.restore(snapshot, options));
    fleet.finish();
    expect(fleet.settled.get(three)?.state).toBe('successful');
    expect(tables(fleet)).toEqual([]);
  });

  it('is dropped also where it was loaded too late, or for an earlier coordinator', () => {
    const fleet = twoTabs();
    const [a] = [...fleet.tabs.values()];
    if (!a) throw new Error('no tab has joined');
    a.residents.add('1 kept/old 0');
    fleet.send({
      type: 'residentsChanged',
      sessionId: a.sessionId,
      changes: [{ slot: 1, residentKey: 'kept/old', ordinals: [0] }],
    });
    expect(tables(fleet)).toEqual([]);
    expect(fleet.scheduler.cache().residents).toEqual([]);
  });

  it('stays loaded under another level only as long as it is at this one', () => {
    const fleet = twoTabs();
    fleet.submit('job-1', loop(1));
    fleet.finish();
    fleet.submit('job-2', loop(2, 'tabs'));
    fleet.finish();
    expect(tables(fleet)).toEqual([]);
  });
});

it('a small side that is loaded in one slot does not draw the tasks of a join there', () => {
  const fleet = twoTabs();
  const side = caching(
    planOf([branch('side', scan({ dataset: 'side', chunks: 1 }))], [branch('all', gather(0))]),
    0,
    'side',
    'memory',
  );
  fleet.submit('job-1', side);
  fleet.finish();
  const join = planOf(
    [branch('side', scan({ dataset: 'side', chunks: 1 }))],
    [branch('large', scan({ dataset: 'large', chunks: 64 }))],
    [branch('join', forward(1), broadcast(0))],
    [branch('all', gather(2))],
  );
  fleet.submit('job-2', caching(join, 0, 'side', 'memory'));
  while (fleet.attempts().some(({ stage }) => stage < 2))
    for (const attempt of fleet.attempts()) if (attempt.stage < 2 && fleet.attempts().includes(attempt)) fleet.run(attempt);
  const joins = fleet.attempts().filter(({ stage }) => stage === 2);
  expect(joins.flatMap(keysOf).filter((key) => key !== undefined)).toHaveLength(joins.length);
  expect(new Set(joins.map(({ sessionId, slot }) => `${sessionId}/${slot}`)).size).toBe(4);
});

it('a relation at another level is loaded by each task, and so is a small one', () => {
  const fleet = twoTabs();
  fleet.submit('job-1', loop(1, 'tabs'));
  fleet.finish();
  const small = twoTabs(1);
  small.submit('job-1', loop(1));
  small.finish();
  const read = [...readers(fleet, 'job-1'), ...readers(small, 'job-1')];
  expect(read.length).toBeGreaterThan(0);
  expect(read.flatMap(keysOf)).toEqual(read.map(() => undefined));
});
