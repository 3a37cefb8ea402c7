/** Guests' modules as inputs: they stand in recipes and leases, and nobody ever makes them again. */
import { beforeAll, expect, it } from 'vitest';
import { loadHashes, sha256Hex } from '../../shared/hash.ts';
import type { BlockId, Digest } from '../../shared/ids.ts';
import type { Branch, PlanInput } from '../../shared/plan/physical.ts';
import { Fleet } from './testing/fleet.ts';
import { branch, gather, planOf, scan } from './testing/plans.ts';

beforeAll(loadHashes);

const moduleInput = (name: string): PlanInput => {
  const blockId = sha256Hex(`module ${name}`) as BlockId;
  const digest = sha256Hex(`bytes ${name}`) as Digest;
  return { kind: 'module', digest, abi: 'batch', slice: { blockId, bucket: 0, digest, bytes: 4000 } };
};

/** A guest over each part of a dataset, and a stage that gathers. */
const plan = (name: string) => {
  const guest: Branch = branch('guest', scan({ dataset: 'd', chunks: 3 }), moduleInput(name));
  return planOf([guest], [branch('sum', gather(0))]);
};

it('every task of the stage reads the module, and may fetch it', () => {
  const fleet = new Fleet();
  fleet.join('a', { slots: 3 });
  const job = fleet.submit('job-1', plan('m'));
  const first = fleet.leases.filter((lease) => lease.stage === 0);
  expect(first).toHaveLength(3);
  const input = moduleInput('m');
  for (const { task, sessionId } of first) {
    expect(task.inputs.map((i) => i.kind)).toEqual(['chunks', 'module']);
    if (input.kind !== 'module') continue;
    expect(task.inputs[1]).toEqual({ kind: 'module', slice: input.slice });
    expect(fleet.scheduler.leaseOf(sessionId, input.slice.blockId, 0)).toBe(true);
    expect(fleet.scheduler.leaseOf(sessionId, input.slice.blockId, 1)).toBe(false);
  }
  fleet.finish();
  expect(fleet.settled.get(job)?.state).toBe('successful');
});

it('the module is part of the recipe: the same one reuses, another one does not', () => {
  const fleet = new Fleet();
  fleet.join('a', { slots: 3 });
  const ids = (job: string, name: string): string[] => {
    const before = fleet.leases.length;
    fleet.submit(job, plan(name));
    fleet.finish();
    return fleet.leases
      .slice(before)
      .filter((lease) => lease.stage === 0)
      .map(({ task }) => task.blockId);
  };
  const first = ids('job-1', 'm');
  expect(first).toHaveLength(3);
  expect(ids('job-2', 'm')).toEqual([]);
  const other = ids('job-3', 'n');
  expect(other).toHaveLength(3);
  expect(other.filter((id) => first.includes(id))).toEqual([]);
});

it('it never counts as lost: not when a tab goes, nor when one could not get it', () => {
  const fleet = new Fleet();
  const gone = fleet.join('a', { slots: 1 });
  const job = fleet.submit('job-1', plan('m'));
  fleet.join('b', { slots: 1 });
  fleet.kill(gone);
  const input = moduleInput('m');
  const [attempt] = fleet.attempts();
  if (!attempt || input.kind !== 'module') throw new Error('nothing runs');
  fleet.start(attempt);
  fleet.fail(attempt, 'input', { slices: [{ blockId: input.slice.blockId, bucket: 0, why: 'missing' }] });
  fleet.finish();
  expect(fleet.settled.get(job)?.state).toBe('successful');
  expect(fleet.scheduler.job(job)?.counters).toMatchObject({ tasksPlanned: 2, recomputes: 0 });
});

it('what a guest logged stands in the story of its job', () => {
  const fleet = new Fleet();
  fleet.join('a', { slots: 1 });
  const job = fleet.submit('job-1', plan('m'));
  const [attempt] = fleet.attempts();
  if (!attempt) throw new Error('nothing runs');
  fleet.start(attempt);
  fleet.succeed(attempt, { log: 'half of it\nall of it' });
  expect(fleet.scheduler.story(job)).toContainEqual(
    expect.objectContaining({ what: 'guestLogged', why: 'half of it\nall of it', subject: attempt.attemptId }),
  );
});
