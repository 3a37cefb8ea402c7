/** Random lives of a fleet whose coordinator dies again and again: every job ends with the right answer all the same. */
import fc from 'fast-check';
import { beforeAll, it } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import { expectAllEnded } from './testing/all-ended.ts';
import { type Step, settleDown, stepKinds, take } from './testing/chance.ts';
import { FakeJournal } from './testing/crash.ts';
import { Fleet } from './testing/fleet.ts';

beforeAll(loadHashes);

const RUNS = Number(process.env.MUSTER_PROPERTY_RUNS ?? 80);
const PATIENCE_MS = 180_000;
/** A case may take seconds, and shrinking it runs it hundreds of times: the seed is told before patience ends, shrunk or not. */
const INTERRUPT = { interruptAfterTimeLimit: PATIENCE_MS - 30_000, markInterruptAsFailure: true };
const PATIENT = {
  deathsPerTask: 1_000,
  failuresPerTask: 1_000,
  collectsPerBlock: 1_000,
  strayInputsPerTask: 1_000,
  reusableBlocks: 12,
  endedAttempts: 16,
  leaseMs: 4_000,
  maxRunMs: 20_000,
};

const kinds = [...stepKinds(false).filter((kind) => kind !== 'reload'), ...Array(4).fill('crash')] as (Step['kind'] | 'crash')[];
const lives = fc.array(fc.record({ kind: fc.constantFrom(...kinds), a: fc.nat(10_000), b: fc.nat(10_000) }), {
  minLength: 1,
  maxLength: 200,
  size: 'max',
});

it(
  'finishes every job, whenever the coordinator dies and whatever its journal has lost',
  () => {
    fc.assert(
      fc.property(lives, (list) => {
        const fleet = new Fleet({ rowBytes: 1024 * 1024, limits: PATIENT, journal: true });
        const journal = new FakeJournal(fleet);
        for (const { kind, a, b } of list) {
          if (kind !== 'crash') take(fleet, { kind, a, b });
          else
            journal.crash({
              lost: a % 4 === 0 ? b % 9 : 0,
              returns: (_, i) => (b >> i) % 3 > 0,
              inMemory: (id) => id.charCodeAt(a % 60) % 2 === 0,
            });
        }
        settleDown(fleet);
        expectAllEnded(fleet);
      }),
      { numRuns: RUNS, ...INTERRUPT },
    );
  },
  PATIENCE_MS,
);
