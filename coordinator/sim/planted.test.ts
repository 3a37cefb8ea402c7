/** The proof that the simulator can fail: each planted bug is found, and by a rule that has to do with it. */
import { readFileSync } from 'node:fs';
import { beforeAll, expect, it } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import { PLANTS } from './planted/index.ts';
import { runSeed } from './run.ts';

beforeAll(loadHashes);

/** Far fewer than anyone runs before a release. */
const SEEDS_MOST = 300;

it.each(PLANTS)('finds $name: $what', (plant) => {
  for (let seed = 1; seed <= SEEDS_MOST; seed++) {
    const { ok, rule } = runSeed(seed, { plant });
    if (ok) continue;
    console.log(`sim: ${plant.name} was found by seed ${seed}, after ${seed} seeds: ${rule}`);
    return;
  }
  expect.fail(`${SEEDS_MOST} seeds did not find it`);
});

it('finds nothing where nothing is planted, with the options that the bugs need', () => {
  for (const { options, name, what } of PLANTS) {
    for (let seed = 1; options && seed <= 5; seed++) {
      const { ok, message } = runSeed(seed, { plant: { name, what, options } });
      expect(ok, `${name}, seed ${seed}: ${message}`).toBe(true);
    }
  }
});

it('each stands in the table of docs/simulator.md, and nothing else does', () => {
  const docs = readFileSync(new URL('../../docs/simulator.md', import.meta.url), 'utf8');
  const named = [...docs.matchAll(/^\| ([a-z-]+) \| \d+ \| [a-z-]+ \|$/gm)].map(([, name]) => name);
  expect(named.toSorted()).toEqual(PLANTS.map(({ name }) => name).toSorted());
});
