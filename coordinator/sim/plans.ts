/** The plans that authors submit: those of the core's own random tests, and some that only a simulator can judge. */
import type { PhysicalPlan } from '../../shared/plan/physical.ts';
import { PLANS as CORE_PLANS } from '../core/testing/chance.ts';
import { branch, caching, gather, hash, hashed, planOf, scan } from '../core/testing/plans.ts';

const U = { dataset: 'flights', chunks: 3, ordinals: [0] };
const BIG = { dataset: 'big', chunks: 24, ordinals: [0] };

const MAKERS: readonly (() => PhysicalPlan)[] = [
  ...CORE_PLANS,
  // Two tasks read rows that nobody can make again: both must have read the same.
  () =>
    planOf({ branches: [branch('indeterminate rows', scan(U))], determinacy: 'indeterminate' }, [
      branch('one reader', gather(0)),
      branch('another reader', gather(0)),
    ]),
  () => planOf(hashed(6, branch('left', scan(BIG))), hashed(4, branch('sum', hash(0))), [branch('sum', hash(1))]),
  () => planOf([branch('partial 3', scan(BIG))], [branch('final 3', gather(0))]),
];

/** Those whose guests count what they see. They stand apart, so that a seed's other choices stay what they are. */
const COUNTING: readonly (() => PhysicalPlan)[] = [
  () => planOf([branch('count rows', scan(BIG))], [branch('final count', gather(0))]),
  () => planOf(hashed(6, branch('count left', scan(BIG))), [branch('sum', hash(0))], [branch('final sum', gather(1))]),
  () => planOf({ branches: [branch('count unordered rows', scan(BIG))], determinacy: 'unordered' }, [branch('top', gather(0))]),
  () =>
    caching(
      planOf(hashed(6, branch('count left', scan(BIG))), [branch('sum', hash(0))], [branch('other sum', gather(1))]),
      1,
      'counted sums',
    ),
];

const made = new Map<number, PhysicalPlan>();

export const PLAN_COUNT = MAKERS.length;
export const COUNTING_PLANS: readonly number[] = COUNTING.map((_, i) => MAKERS.length + i);

/** Made once: they hold no state. */
export function planNumber(i: number): PhysicalPlan {
  const makers = [...MAKERS, ...COUNTING];
  const index = i % makers.length;
  const plan = made.get(index) ?? (makers[index] as () => PhysicalPlan)();
  made.set(index, plan);
  return plan;
}
