/** A job as the service holds it: live with its plan, or settled with what the store keeps. All times are wall clock. */
import type { JobId } from '../../shared/ids.ts';
import type { PhysicalPlan } from '../../shared/plan/physical.ts';
import type { JobView } from '../core/views.ts';
import type { JobRecord } from '../store/jobs.ts';

interface Common {
  readonly jobId: JobId;
  readonly owner: string;
  readonly name?: string;
  readonly sql: string;
  readonly submittedAtMs: number;
}

export interface LiveJob extends Common {
  readonly kind: 'live';
  readonly plan: PhysicalPlan;
  readonly planMs: number;
}

/** The plan stays in the store: it is large and seldom asked for. */
export interface SettledJob extends Common {
  readonly kind: 'settled';
  readonly record: Omit<JobRecord, 'plan'>;
  /** Its result's time to live has ended. */
  readonly expired: boolean;
}

export type Job = LiveJob | SettledJob;

export function settledJob(record: JobRecord, nowMs: number): SettledJob {
  const { plan: _plan, ...rest } = record;
  const { jobId, owner, name, sql, submittedAtMs } = rest;
  return {
    kind: 'settled',
    jobId,
    owner,
    sql,
    submittedAtMs,
    ...(name !== undefined && { name }),
    record: rest,
    expired: record.state === 'successful' && record.expiresAtMs <= nowMs,
  };
}

/** The core counts on a monotonic clock; `offsetMs` leads from there to the wall clock. */
export function atWallClock(view: JobView, offsetMs: number): JobView {
  return {
    ...view,
    submittedAtMs: Math.round(view.submittedAtMs + offsetMs),
    ...(view.startedAtMs !== undefined && { startedAtMs: Math.round(view.startedAtMs + offsetMs) }),
    ...(view.settledAtMs !== undefined && { settledAtMs: Math.round(view.settledAtMs + offsetMs) }),
  };
}
