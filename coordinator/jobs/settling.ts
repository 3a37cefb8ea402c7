/** What is written down of a job when it settles. */
import type { JobError } from '../../shared/failure.ts';
import type { PhysicalPlan } from '../../shared/plan/physical.ts';
import type { CoreCommand } from '../core/commands.ts';
import type { JobView } from '../core/views.ts';
import type { JobRecord } from '../store/jobs.ts';
import type { AcceptedJob } from './accepted.ts';
import type { LiveJob } from './entry.ts';
import { planView } from './plan-view.ts';

export type SettleCommand = Extract<CoreCommand, { type: 'settleJob' }>;

export interface SettleTimes {
  /** Wall clock, ms since the epoch. */
  readonly settledAtMs: number;
  readonly resultTtlMs: number;
}

/** `view` is at the wall clock; undefined for a job that the core never had. */
export function recordOf(job: LiveJob, command: SettleCommand, view: JobView | undefined, times: SettleTimes): JobRecord {
  const { jobId, owner, name, sql, submittedAtMs, plan, planMs } = job;
  const { state, result = [], error } = command;
  return {
    jobId,
    owner,
    ...(name !== undefined && { name }),
    sql,
    state,
    submittedAtMs,
    settledAtMs: times.settledAtMs,
    expiresAtMs: times.settledAtMs + times.resultTtlMs,
    view: view ?? emptyView(job, command),
    columns: plan.columns,
    result,
    ...(error !== undefined && { error }),
    plan: planView(
      plan,
      view?.stages.map((stage) => stage.tasks),
    ),
    planMs,
    fallbacks: plan.fallbacks,
  };
}

/** Stands for the plan of a job that could not be planned again. */
export const EMPTY_PLAN: PhysicalPlan = {
  stages: [],
  columns: [],
  logical: { op: 'none', detail: '', inputs: [] },
  fallbacks: [],
  datasets: [],
  chunks: { total: 0, needed: 0 },
};

/** The error of a query whose dataset went while it was planned. */
export function removedData(name: string): JobError {
  return {
    code: 'dataset-removed',
    title: 'A dataset was removed',
    detail: `The dataset ${name} was removed or replaced while the query was planned.`,
    hint: 'Run the query again: it is planned over the datasets that there are then.',
  };
}

/** The error of a job whose guest module went while it was planned. */
export function removedModule(digest: string): JobError {
  return {
    code: 'module-removed',
    title: 'A module was removed',
    detail: `The module ${digest} was deleted while the job was planned.`,
    hint: 'Upload it again (POST /v1/modules), then run the job again.',
  };
}

/** The error of a job that an earlier run accepted over a dataset which is no longer there. */
export function lostData(accepted: AcceptedJob, names: readonly string[]): JobError | undefined {
  const gone = accepted.datasets.find(({ name }) => !names.includes(name));
  if (!gone) return undefined;
  return {
    code: 'dataset-removed',
    title: 'A dataset was removed',
    detail: `The dataset ${gone.name} was removed after the job was accepted, and the coordinator restarted before the job ended.`,
    hint: 'Register its file again under the same name, then run the query again.',
  };
}

/** The error of a job whose datasets are not those that it was accepted over. */
export function changedData(accepted: AcceptedJob, plan: PhysicalPlan): JobError | undefined {
  const before = new Map(accepted.datasets.map(({ name, version }) => [name, version]));
  const changed = plan.datasets.find(({ name, version }) => before.get(name) !== version);
  if (!changed) return undefined;
  return {
    code: 'file-changed',
    title: 'The data changed',
    detail: `The dataset ${changed.name} was replaced after the job was accepted, while the coordinator was down.`,
    hint: 'Run the query again.',
  };
}

function emptyView({ jobId, owner, submittedAtMs }: LiveJob, { state, error }: SettleCommand): JobView {
  const none = { bytesMoved: 0, bytesLoaded: 0, fetchMs: 0, loadMs: 0, computeMs: 0, packMs: 0 };
  return {
    jobId,
    owner,
    state,
    submittedAtMs,
    stages: [],
    counters: { tasksPlanned: 0, tasksReused: 0, attempts: 0, ended: {}, recomputes: 0, ...none },
    ...(error !== undefined && { error }),
  };
}
