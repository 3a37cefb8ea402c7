/** Slots between authors, in virtual time. */
import { beforeAll, describe, expect, it } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import { Fleet } from './testing/fleet.ts';
import { aggregatePlan, type SourceShape } from './testing/plans.ts';

beforeAll(loadHashes);

const MiB = 1024 * 1024;
const shape = (dataset: string): SourceShape => ({ dataset, chunks: 400, ordinals: [0], chunkBytes: MiB });

/** Seconds of slots that each author had while all had work, with tasks of a second. */
function shares(slots: number, weights: Record<string, number>, jobs: readonly (readonly [owner: string, weight?: number])[]) {
  const fleet = new Fleet({ authorWeights: weights });
  for (let i = 0; i < slots; i++) fleet.join(`n${i}`, { memoryPerSlotBytes: 5 * MiB });
  const owners = new Map(
    jobs.map(([owner, weight = 1], i) => [fleet.submit(`job-${i}`, aggregatePlan(shape(`d${i}`)), { weight }, owner), owner]),
  );
  const had = new Map<string, number>();
  for (let second = 0; second < 30; second++) {
    fleet.passTo(fleet.nowMs + 1_000);
    const heads = [...fleet.tabs.values()].map((tab) => [...tab.attempts.values()][0]);
    for (const head of heads) {
      if (!head) throw new Error('a slot idles');
      const owner = owners.get(head.jobId) ?? '';
      // What was leased before the second author came is done by then.
      if (second >= 3) had.set(owner, (had.get(owner) ?? 0) + 1);
      fleet.run(head);
    }
  }
  return (owner: string): number => had.get(owner) ?? 0;
}

describe('authors', () => {
  it('with weights 1 and 3 get slots in that ratio, within 10 %', () => {
    for (const slots of [4, 8, 10]) {
      const of = shares(slots, { ann: 1, bob: 3 }, [['ann'], ['bob']]);
      expect(Math.abs(of('bob') / of('ann') / 3 - 1), `${slots} slots`).toBeLessThanOrEqual(0.1);
    }
  });

  it('get no more by submitting many jobs', () => {
    const of = shares(8, {}, [['ann'], ['ann'], ['ann'], ['bob']]);
    expect(Math.abs(of('ann') / of('bob') - 1)).toBeLessThanOrEqual(0.1);
  });

  it('share among their own jobs by the jobs’ weights', () => {
    const fleet = new Fleet();
    for (let i = 0; i < 8; i++) fleet.join(`n${i}`, { memoryPerSlotBytes: 5 * MiB });
    fleet.submit('job-1', aggregatePlan(shape('x')), { weight: 1 }, 'ann');
    fleet.submit('job-3', aggregatePlan(shape('y')), { weight: 3 }, 'ann');
    for (let round = 0; round < 10; round++)
      for (const tab of fleet.tabs.values()) for (const head of [...tab.attempts.values()].slice(0, 1)) fleet.run(head);
    const of = (id: string): number => fleet.attempts().filter(({ jobId }) => jobId === id).length;
    expect([of('job-1'), of('job-3')]).toEqual([4, 12]);
  });
});
