import { beforeAll, describe, expect, it } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import { runSeed } from './run.ts';
import { FRESH, firstFreshSeed, NAMED_SEEDS } from './seeds.ts';

beforeAll(loadHashes);

const PATIENCE_MS = 120_000;

/** What a failure says: enough to run it again and read it. */
function failureOf(seed: number): string | undefined {
  const { ok, message } = runSeed(seed);
  if (ok) return undefined;
  const { story } = runSeed(seed, { isTold: true });
  return `npm run sim -- --seed ${seed}\n${story.join('\n')}\n${message}`;
}

describe('the simulator', () => {
  it(
    `finds nothing wrong with ${FRESH} fresh seeds`,
    () => {
      const from = firstFreshSeed();
      console.log(`sim: seeds ${from} to ${from + FRESH - 1}`);
      for (let seed = from; seed < from + FRESH; seed++) expect(failureOf(seed)).toBeUndefined();
    },
    PATIENCE_MS,
  );

  it.each(Object.entries(NAMED_SEEDS))('%s (seeds %j)', (_name, seeds) => {
    for (const seed of seeds) expect(failureOf(seed)).toBeUndefined();
  });

  it('gives the same trace for the same seed, told or not', () => {
    for (let seed = 1; seed <= 12; seed++) {
      const [first, second] = [runSeed(seed), runSeed(seed, { isTold: true })];
      expect(second.hash).toBe(first.hash);
      expect(second.events).toBe(first.events);
    }
  });

  it('gives different traces for different seeds', () => {
    const hashes = new Set(Array.from({ length: 12 }, (_, i) => runSeed(i + 1).hash));
    expect(hashes.size).toBe(12);
  });

  it('has life in it: jobs end well, coordinators die, and jobs survive that', () => {
    const outcomes = Array.from({ length: 60 }, (_, i) => runSeed(i + 1));
    const sum = (of: (outcome: (typeof outcomes)[number]) => number): number => outcomes.reduce((n, o) => n + of(o), 0);
    expect(sum(({ settled }) => settled.successful ?? 0)).toBeGreaterThan(200);
    expect(sum(({ crashes }) => crashes)).toBeGreaterThan(20);
    expect(sum(({ settled }) => settled.open ?? 0)).toBe(0);
  });
});
