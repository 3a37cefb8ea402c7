import type { Kysely, Selectable } from 'kysely';
import type { JobError } from '../../shared/failure.ts';
import type { JobId } from '../../shared/ids.ts';
import type { Fallback, ResultColumn } from '../../shared/plan/physical.ts';
import type { JobState, ResultBlock } from '../core/commands.ts';
import type { JobView } from '../core/views.ts';
import { forgetJob, type JournalStore } from './journal.ts';
import type { JobRow, Tables } from './schema.ts';
import type { StoreThread } from './thread-client.ts';
import type { Step } from './thread-protocol.ts';

/** A settled job: what REST shows of it, and where its result lies. Times are wall clock, ms since the epoch. */
export interface JobRecord {
  readonly jobId: JobId;
  readonly owner: string;
  readonly name?: string;
  readonly sql: string;
  readonly state: Extract<JobState, 'successful' | 'failed' | 'cancelled'>;
  readonly submittedAtMs: number;
  readonly settledAtMs: number;
  /** After this the result may be deleted. */
  readonly expiresAtMs: number;
  readonly view: JobView;
  readonly columns: readonly ResultColumn[];
  /** In result order; the blocks themselves are on the coordinator's disk. Empty unless successful. */
  readonly result: readonly ResultBlock[];
  readonly error?: JobError;
  /** What GET /v1/jobs/:id/plan answers. */
  readonly plan?: unknown;
  /** Absent for jobs that an earlier version wrote down. */
  readonly planMs?: number;
  readonly fallbacks?: readonly Fallback[];
}

export class JobStore {
  readonly #db: Kysely<Tables>;
  readonly #thread: StoreThread;
  readonly #journal: JournalStore;

  constructor(db: Kysely<Tables>, thread: StoreThread, journal: JournalStore) {
    this.#db = db;
    this.#thread = thread;
    this.#journal = journal;
  }

  /** Oldest first. */
  async list(): Promise<JobRecord[]> {
    const rows = await this.#db.selectFrom('jobs').selectAll().orderBy('submitted_at_ms').orderBy('job_id').execute();
    return rows.map(recordOf);
  }

  async get(jobId: string): Promise<JobRecord | undefined> {
    const row = await this.#db.selectFrom('jobs').selectAll().where('job_id', '=', jobId).executeTakeFirst();
    return row && recordOf(row);
  }

  /** Adds a settled job, or replaces the one with its id. Until `end` it is also an accepted one. */
  async put(job: JobRecord): Promise<void> {
    await this.#thread.run([putStep(rowOf(job))]);
  }

  /** All of a settled job is kept: it is no longer an accepted one, and what was written down for its sake goes. */
  async end(jobId: JobId): Promise<void> {
    this.#journal.flush();
    await this.#thread.run([{ sql: NO_LONGER_ACCEPTED, sets: [[jobId]] }, forgetJob(jobId)]);
  }

  /** True when there was one. */
  async remove(jobId: string): Promise<boolean> {
    const done = await this.#db.deleteFrom('jobs').where('job_id', '=', jobId).executeTakeFirst();
    return done.numDeletedRows > 0n;
  }

  /** Ids of the jobs whose result's time to live has ended. */
  async expired(nowMs: number): Promise<JobId[]> {
    const rows = await this.#db.selectFrom('jobs').select('job_id').where('expires_at_ms', '<=', nowMs).execute();
    return rows.map((row) => row.job_id as JobId);
  }
}

const NO_LONGER_ACCEPTED = 'DELETE FROM accepted_jobs WHERE job_id = ?';

/** Written out: every job waits for it, and putting the query together took longer than the thread takes to run it. */
function putStep(row: JobRow): Step {
  const columns = Object.keys(row);
  const sql = `INSERT INTO jobs (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})
    ON CONFLICT (job_id) DO UPDATE SET ${columns.map((column) => `${column} = excluded.${column}`).join(', ')}`;
  return { sql, sets: [Object.values(row)] };
}

function rowOf(job: JobRecord): JobRow {
  return {
    job_id: job.jobId,
    owner: job.owner,
    name: job.name ?? null,
    sql: job.sql,
    state: job.state,
    submitted_at_ms: job.submittedAtMs,
    settled_at_ms: job.settledAtMs,
    expires_at_ms: job.expiresAtMs,
    view: JSON.stringify(job.view),
    columns: JSON.stringify(job.columns),
    result: JSON.stringify(job.result),
    error: job.error ? JSON.stringify(job.error) : null,
    plan: job.plan === undefined ? null : JSON.stringify(job.plan),
    plan_ms: job.planMs ?? null,
    fallbacks: job.fallbacks ? JSON.stringify(job.fallbacks) : null,
  };
}

function recordOf(row: Selectable<JobRow>): JobRecord {
  return {
    jobId: row.job_id as JobId,
    owner: row.owner,
    ...(row.name === null ? {} : { name: row.name }),
    sql: row.sql,
    state: row.state as JobRecord['state'],
    submittedAtMs: row.submitted_at_ms,
    settledAtMs: row.settled_at_ms,
    expiresAtMs: row.expires_at_ms,
    view: JSON.parse(row.view) as JobView,
    columns: JSON.parse(row.columns) as ResultColumn[],
    result: JSON.parse(row.result) as ResultBlock[],
    ...(row.error === null ? {} : { error: JSON.parse(row.error) as JobError }),
    ...(row.plan === null ? {} : { plan: JSON.parse(row.plan) as unknown }),
    ...(row.plan_ms === null ? {} : { planMs: row.plan_ms }),
    ...(row.fallbacks === null ? {} : { fallbacks: JSON.parse(row.fallbacks) as Fallback[] }),
  };
}
