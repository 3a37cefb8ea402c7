/** What the tasks of a stage read, by the shape of its inputs. */
import { beforeAll, describe, expect, it } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import { partitionStep } from '../../shared/plan/partition-step.ts';
import type { Branch, PlanInput } from '../../shared/plan/physical.ts';
import { Fleet } from './testing/fleet.ts';
import { aggregatePlan, branch, forward, gather, hash, hashed, planOf, scan } from './testing/plans.ts';

beforeAll(loadHashes);

/** The blocks that the leased tasks of a stage read, one list a task, in the order in which they were leased. */
function readBy(fleet: Fleet, stage: number): string[][] {
  const tasks = fleet.leases.filter((lease) => lease.stage === stage);
  return tasks.map(({ task }) => task.inputs.flatMap((i) => (i.kind === 'slices' ? i.slices.map((s) => s.blockId) : [])));
}

const each = (input: PlanInput): PlanInput => ({ ...input, each: true }) as PlanInput;

function made(fleet: Fleet, stage: number): string[] {
  return fleet.leases.filter((lease) => lease.stage === stage).map(({ task }) => task.blockId);
}

describe('a forwarded stage', () => {
  it('makes one task per upstream task over all branches, in order', () => {
    const fleet = new Fleet();
    fleet.join('a', { slots: 3 });
    const job = fleet.submit(
      'job-1',
      planOf(
        [branch('left', scan({ dataset: 'l', chunks: 3 })), branch('right', scan({ dataset: 'r', chunks: 2 }))],
        [branch('constants')],
        [branch('on the union', forward(0)), branch('on constants', forward(1))],
        [branch('final', gather(2))],
      ),
    );
    fleet.finish();
    expect(fleet.settled.get(job)?.state).toBe('successful');
    expect(fleet.scheduler.job(job)?.stages.map((s) => s.tasks)).toEqual([5, 1, 6, 1]);
    // What the final task gathers tells the partitions' order: the union's five, then the constants'.
    const producers = new Map(made(fleet, 2).map((id, i) => [id, readBy(fleet, 2)[i]]));
    const [gathered] = readBy(fleet, 3);
    const titles = new Map(fleet.leases.map(({ task }) => [task.blockId as string, task.title]));
    expect(gathered?.map((id) => (producers.get(id) ?? []).map((from) => titles.get(from)))).toEqual([
      ['left | right (1 of 5)'],
      ['left | right (2 of 5)'],
      ['left | right (3 of 5)'],
      ['left | right (4 of 5)'],
      ['left | right (5 of 5)'],
      ['constants'],
    ]);
  });
});

describe('partitions that an author asked for', () => {
  it('make a task a bucket, however small, and also where there are no rows', () => {
    const fleet = new Fleet();
    fleet.join('a', { slots: 2 });
    const rows = hashed(50, branch('rows', scan({ dataset: 'd', chunks: 3 })));
    const job = fleet.submit(
      'job-1',
      planOf(rows, [{ ...branch('sum', each(hash(0))), splittable: [0] }], [branch('final', gather(1))]),
    );
    fleet.finish();
    expect(fleet.settled.get(job)?.state).toBe('successful');
    expect(fleet.scheduler.job(job)?.stages.map((s) => s.tasks)).toEqual([3, 50, 1]);
    expect(new Set(made(fleet, 1)).size).toBe(50);
    expect(readBy(fleet, 1).some((blocks) => blocks.length === 0)).toBe(true);
  });

  it('are at most so many runs of neighbours, in order', () => {
    const fleet = new Fleet();
    fleet.join('a', { slots: 7 });
    const few = (tasks: number) => [branch(`into ${tasks}`, { ...forward(0), tasks } as PlanInput)];
    const plan = planOf([branch('rows', scan({ dataset: 'd', chunks: 7 }))], few(3), few(9), [
      branch('final', gather(1), gather(2)),
    ]);
    const job = fleet.submit('job-1', plan);
    fleet.finish();
    expect(fleet.settled.get(job)?.state).toBe('successful');
    expect(fleet.scheduler.job(job)?.stages.map((s) => s.tasks)).toEqual([7, 3, 7, 1]);
    const blocks = made(fleet, 0);
    expect(readBy(fleet, 1)).toEqual([blocks.slice(0, 2), blocks.slice(2, 4), blocks.slice(4, 7)]);
  });
});

describe('a fragment that reads the number of its task', () => {
  const numbered = (b: Branch): Branch => {
    const { fragment } = b;
    return { ...b, fragment: { ...fragment, steps: [partitionStep(0), ...fragment.steps], readsPartition: true } };
  };
  const plan = () =>
    planOf(
      [numbered(branch('rows', scan({ dataset: 'd', chunks: 3 }))), numbered(branch('rows', scan({ dataset: 'd', chunks: 3 })))],
      [branch('final', gather(0))],
    );
  const numbersOf = (fleet: Fleet): unknown[] => fleet.leases.filter((l) => l.stage === 0).map(({ task }) => task.steps[0]);

  it('is told it, over all branches, and equal tasks of other numbers make other blocks', () => {
    const fleet = new Fleet();
    fleet.join('a', { slots: 3 });
    const job = fleet.submit('job-1', plan());
    fleet.finish();
    expect(fleet.settled.get(job)?.state).toBe('successful');
    expect(numbersOf(fleet)).toEqual([0, 1, 2, 3, 4, 5].map(partitionStep));
    expect(new Set(made(fleet, 0)).size).toBe(6);
  });

  it('is told the same when it runs again, and its block is found by the next job', () => {
    const fleet = new Fleet();
    fleet.join('a', { slots: 3 });
    fleet.submit('job-1', plan());
    fleet.finish();
    const before = fleet.leases.length;
    const again = fleet.submit('job-2', plan());
    fleet.finish();
    expect(fleet.settled.get(again)?.state).toBe('successful');
    expect(fleet.leases).toHaveLength(before);
  });
});

describe('a dataset without chunks', () => {
  it('is scanned by one task that is told its columns', () => {
    const fleet = new Fleet();
    fleet.join('a', { slots: 4 });
    const job = fleet.submit('job-1', aggregatePlan({ dataset: 'empty', chunks: 0 }));
    expect(fleet.attempts().map(({ task }) => task.inputs)).toMatchObject([
      [
        {
          kind: 'chunks',
          run: {
            chunkRows: [],
            columns: [
              { ordinal: 0, slices: [] },
              { ordinal: 1, slices: [] },
            ],
          },
        },
      ],
    ]);
    fleet.finish();
    expect(fleet.settled.get(job)?.state).toBe('successful');
    expect(fleet.scheduler.job(job)?.stages.map((s) => [s.state, s.tasks])).toEqual([
      ['successful', 1],
      ['successful', 1],
    ]);
  });

  it('can be read whole beside a partitioned one', () => {
    const fleet = new Fleet();
    fleet.join('a', { slots: 2 });
    const inputs = [scan({ dataset: 'd', chunks: 2 }), scan({ dataset: 'empty', chunks: 0 }, 'all')];
    const job = fleet.submit('job-1', planOf([branch('join', ...inputs)]));
    fleet.finish();
    expect(fleet.settled.get(job)?.state).toBe('successful');
    expect(fleet.scheduler.job(job)?.stages[0]?.tasks).toBe(2);
  });
});
