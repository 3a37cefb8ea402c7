/** Random lives of a fleet. The invariants are checked after every event, and at the end all jobs must end. */
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import { Scheduler } from './scheduler.ts';
import { expectAllEnded } from './testing/all-ended.ts';
import { type Step, settleDown, stepKinds, take } from './testing/chance.ts';
import { Fleet } from './testing/fleet.ts';

beforeAll(loadHashes);

const RUNS = Number(process.env.MUSTER_PROPERTY_RUNS ?? 80);
/** A busy machine, and the shrinking of a case that fails. */
const PATIENCE_MS = 180_000;
/** A case may take seconds, and shrinking it runs it hundreds of times: the seed is told before patience ends, shrunk or not. */
const INTERRUPT = { interruptAfterTimeLimit: PATIENCE_MS - 30_000, markInterruptAsFailure: true };
/** So heavy that shuffles are cut into several tasks, and skewed buckets into parts. */
const ROW_BYTES = 1024 * 1024;
/** Small bounds, so that they are met. */
const LIMITS = {
  leaseMs: 4_000,
  maxRunMs: 20_000,
  reusableBlocks: 12,
  ringLines: 64,
  endedAttempts: 16,
  /** Large, so that the coordinator's own slot has much to do. */
  localTaskBytes: 64 * 1024 * 1024,
};

function steps(fatal: boolean): fc.Arbitrary<Step[]> {
  const step = fc.record({ kind: fc.constantFrom(...stepKinds(fatal)), a: fc.nat(10_000), b: fc.nat(10_000) });
  return fc.array(step, { minLength: 1, maxLength: 200, size: 'max' });
}

function live(list: readonly Step[], limits: object): Fleet {
  const fleet = new Fleet({ rowBytes: ROW_BYTES, limits: { ...LIMITS, ...limits } });
  for (const step of list) take(fleet, step);
  settleDown(fleet);
  return fleet;
}

it(
  'finishes every job, whatever happens to tabs and blocks',
  () => {
    // Ceilings are out of reach here, so that only the author ends a job otherwise.
    const patient = { deathsPerTask: 1_000, failuresPerTask: 1_000, collectsPerBlock: 1_000, strayInputsPerTask: 1_000 };
    fc.assert(
      fc.property(steps(false), (list) => {
        const fleet = live(list, patient);
        expectAllEnded(fleet);
      }),
      { numRuns: RUNS, ...INTERRUPT },
    );
  },
  PATIENCE_MS,
);

it(
  'ends every job also when tasks fail for good',
  () => {
    fc.assert(
      fc.property(steps(true), (list) => {
        const fleet = live(list, {});
        expect(fleet.unsettled()).toBe(0);
      }),
      { numRuns: RUNS, ...INTERRUPT },
    );
  },
  PATIENCE_MS,
);

it(
  'gives the same commands after a restore as without one',
  () => {
    fc.assert(
      fc.property(steps(true), (list) => {
        const plain: unknown[] = [];
        const first = new Fleet({ rowBytes: ROW_BYTES, limits: LIMITS });
        first.afterEvent = (_event, commands) => void plain.push(commands);
        const kinds = list.filter((step) => step.kind !== 'reload');
        for (const step of kinds) take(first, step);
        const restored: unknown[] = [];
        const second = new Fleet({ rowBytes: ROW_BYTES, limits: LIMITS });
        second.afterEvent = (_event, commands) => void restored.push(commands);
        for (const step of kinds) {
          second.reload((snapshot, options) => Scheduler.restore(snapshot, options));
          take(second, step);
        }
        expect(restored).toEqual(plain);
      }),
      { numRuns: Math.ceil(RUNS / 5), ...INTERRUPT },
    );
  },
  PATIENCE_MS,
);
