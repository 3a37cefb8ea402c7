/** What guests count: each row once, whatever was tried, repeated, lost or found again to have it. */
import type { PhysicalPlan } from '../../../shared/plan/physical.ts';
import { countOf } from '../../core/testing/fake-engine.ts';
import type { JobView } from '../../core/views.ts';
import { must } from './violation.ts';

const counts = new WeakMap<PhysicalPlan, number>();

function oracleOf(plan: PhysicalPlan): number {
  const known = counts.get(plan) ?? countOf(plan) ?? 0;
  counts.set(plan, known);
  return known;
}

/** Never more than there is, and all of it once the job was successful. */
export function checkCounts(view: JobView | undefined, plan: PhysicalPlan): void {
  const most = oracleOf(plan);
  if (most === 0 || !view) return;
  const counted = view.accumulators?.rows ?? 0;
  const isAll = view.state === 'successful';
  const said = (): string => `guests of ${view.jobId}, which is ${view.state}, counted ${counted} of ${most} rows`;
  must(isAll ? counted === most : counted <= most, 'counted-once', said);
}
