/** The plans that authors submit: those of the core's own random tests, and some that only a simulator can judge. */
import type { PhysicalPlan } from '../../shared/plan/physical.ts';
import { PLANS as CORE_PLANS } from '../core/testing/chance.ts';
import { branch, gather, hash, hashed, planOf, scan } from '../core/testing/plans.ts';

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

const made = new Map<number, PhysicalPlan>();

export const PLAN_COUNT = MAKERS.length;

/** Made once: they hold no state. */
export function planNumber(i: number): PhysicalPlan {
  const index = i % MAKERS.length;
  const plan = made.get(index) ?? (MAKERS[index] as () => PhysicalPlan)();
  made.set(index, plan);
  return plan;
}
