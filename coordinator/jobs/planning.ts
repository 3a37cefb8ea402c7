/** Jobs' plans: of a new one for the workers that are there, and of one that an earlier run accepted as it was planned then. */
import type { JobError } from '../../shared/failure.ts';
import type { AuthorPlan } from '../../shared/plan/author-plan.ts';
import { ADMIN_NAME, type Identity } from '../auth/identity.ts';
import type { JobOptions } from '../core/events.ts';
import { readingKept } from '../core/reading-kept.ts';
import type { AcceptedJob } from './accepted.ts';
import type { DatasetKeeper, JobsCore, ModuleKeeper, PlannerPort, PlanOutcome } from './ports.ts';
import { changedData, lostData } from './settling.ts';

/** How many slots may take part and what they hold at least, for the planner to choose how data moves; absent: unknown. */
export interface PlannedFor {
  readonly slots?: number;
  readonly slotBytes?: number;
}

export interface Planning {
  readonly core: Pick<JobsCore, 'workers' | 'keptStages'>;
  readonly planner: PlannerPort;
  readonly datasets: DatasetKeeper;
  readonly modules?: ModuleKeeper;
}

interface Wanted {
  readonly sql: string;
  readonly relations?: AuthorPlan;
  readonly options: JobOptions;
}

export function slotsNow({ core }: Planning): PlannedFor {
  const working = core.workers().filter((worker) => worker.state === 'idle' || worker.state === 'working');
  const slots = working.reduce((sum, worker) => sum + worker.slots, 0);
  const slotBytes = Math.min(...working.filter((worker) => worker.slots > 0).map((worker) => worker.memoryPerSlotBytes));
  return slots > 0 ? { slots, slotBytes } : {};
}

export async function planJob(
  { core, planner, datasets, modules }: Planning,
  { sql, relations, options }: Wanted,
  { asker, nowMs, plannedFor }: { readonly asker: Identity; readonly nowMs: number; readonly plannedFor: PlannedFor },
): Promise<PlanOutcome> {
  const what = relations ? { sql, relations, modules: modules?.list(asker) ?? [] } : { sql };
  const outcome = await planner.plan({ ...what, datasets: await datasets.list(), nowMs, ...plannedFor });
  if (!outcome.ok || !options.reuse) return outcome;
  return { ...outcome, plan: readingKept(outcome.plan, (key) => core.keptStages(key)) };
}

/** With the time it was submitted at, and only over the same data. */
export async function planAgain(
  planning: Planning,
  accepted: AcceptedJob,
): Promise<Extract<PlanOutcome, { ok: true }> | { readonly ok: false; readonly error: JobError; readonly planMs: number }> {
  const { submittedAtMs, owner, plannedFor = slotsNow(planning) } = accepted;
  const asker: Identity = { role: owner === ADMIN_NAME ? 'admin' : 'author', name: owner };
  const outcome = await planJob(planning, accepted, { asker, nowMs: submittedAtMs, plannedFor });
  const names = (await planning.datasets.list()).map(({ name }) => name);
  const error = lostData(accepted, names) ?? (outcome.ok ? changedData(accepted, outcome.plan) : { ...outcome.error });
  if (error) return { ok: false, error, planMs: outcome.ok ? outcome.planMs : 0 };
  return outcome as Extract<PlanOutcome, { ok: true }>;
}
