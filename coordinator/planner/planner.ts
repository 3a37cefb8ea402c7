/**
 * The planner's public face: SQL and datasets in, a physical plan or an author's error out. DuckDB binds and optimises in a child
 * process; everything after it is pure and runs here.
 */
import { InvariantError } from '../../shared/assert.ts';
import { loadHashes } from '../../shared/hash.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { PhysicalPlan } from '../../shared/plan/physical.ts';
import type { DatasetRecord } from '../catalog/types.ts';
import { assemble } from './assemble.ts';
import { ChildCatalogue } from './child-catalogue.ts';
import { ChildHandle } from './child-handle.ts';
import { RefusedSql, type SqlError } from './sql-errors.ts';

export type { SqlError } from './sql-errors.ts';

export interface PlanRequest {
  readonly sql: string;
  /** Those that the asker may read; others are unknown to the query. */
  readonly datasets: readonly DatasetRecord[];
  /** Milliseconds since the epoch: now(), current_date and the like. */
  readonly nowMs: number;
  /** About how many slots there are: a broadcast is read by each of them. Plans of other numbers give the same answers. */
  readonly slots?: number;
}

export type PlanOutcome =
  | { readonly ok: true; readonly plan: PhysicalPlan; readonly planMs: number }
  | { readonly ok: false; readonly error: SqlError };

export interface PlannerOptions {
  /** The child's entry; by default the bundle beside this file's bundle. */
  readonly childEntry?: URL | string;
  /** Of the child process. */
  readonly memoryLimitBytes?: number;
  /** Longest planning of one query. */
  readonly timeoutMs?: number;
}

const START_MS = 15_000;
const SLOTS_GUESS = 8;

export class Planner {
  private readonly options: Required<PlannerOptions>;
  private readonly catalogue = new ChildCatalogue();
  private child: ChildHandle | undefined;
  private queue: Promise<unknown> = Promise.resolve();
  private nextId = 1;
  private closed = false;

  private constructor(options: Required<PlannerOptions>) {
    this.options = options;
  }

  /** Starts the child process; rejects if it cannot be started. */
  static async start(options: PlannerOptions = {}): Promise<Planner> {
    await loadHashes();
    const planner = new Planner({
      childEntry: options.childEntry ?? new URL('./planner-child.js', import.meta.url),
      memoryLimitBytes: options.memoryLimitBytes ?? LIMITS.plannerMemoryBytes,
      timeoutMs: options.timeoutMs ?? LIMITS.planMs,
    });
    await planner.ready();
    return planner;
  }

  /** The child's process id while one runs. */
  get childPid(): number | undefined {
    return this.child?.dead === false ? this.child.pid : undefined;
  }

  /** Requests are planned one after the other. Never rejects for what an author can cause. */
  plan(request: PlanRequest): Promise<PlanOutcome> {
    const outcome = this.queue.then(() => this.planNow(request));
    this.queue = outcome.catch(() => undefined);
    return outcome;
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.child?.stop();
    this.child = undefined;
  }

  private async ready(): Promise<ChildHandle> {
    if (this.child && !this.child.dead) return this.child;
    this.catalogue.forget();
    this.child = await ChildHandle.start({
      entry: this.options.childEntry,
      memoryLimitBytes: this.options.memoryLimitBytes,
      startTimeoutMs: START_MS,
    });
    return this.child;
  }

  private async planNow(request: PlanRequest): Promise<PlanOutcome> {
    if (this.closed)
      return failed(
        'planner-crash',
        'The planner is closed',
        'The coordinator is shutting down',
        'Submit the job again when it is back.',
      );
    const begun = performance.now();
    if (Buffer.byteLength(request.sql) > LIMITS.sqlBytes) {
      return failed(
        'sql-refused',
        'The SQL is too long',
        `A query may have ${LIMITS.sqlBytes} bytes`,
        'Put long lists of values into a dataset and join it.',
      );
    }
    let child: ChildHandle;
    try {
      child = await this.ready();
    } catch (thrown) {
      return failed('planner-crash', 'The planner could not be started', messageOf(thrown), 'Look at the coordinator’s log.');
    }
    const id = this.nextId++;
    const { create, drop, byHandle } = this.catalogue.changesFor(request.datasets);
    const nowUs = `${Math.trunc(request.nowMs)}000`;
    const outcome = await child.ask({ id, sql: request.sql, nowUs, create, drop }, this.options.timeoutMs);
    switch (outcome.kind) {
      case 'timeout':
        return failed(
          'planner-timeout',
          'Planning took too long',
          `Planning was stopped after ${this.options.timeoutMs} ms`,
          'Simplify the query, or split it into several.',
        );
      case 'crashed':
        return failed(
          'planner-crash',
          'The planner crashed on this query',
          `The planner’s process ${outcome.why}`,
          'Other queries are not affected. Rewrite this one, and report it.',
        );
      case 'error':
        if (outcome.poisoned) child.kill();
        return { ok: false, error: outcome.error };
      case 'planned':
        break;
    }
    try {
      const { sql, nowMs, slots = SLOTS_GUESS } = request;
      const plan = assemble({ sql, nowMs, slots, planned: outcome.planned, byHandle });
      return { ok: true, plan, planMs: performance.now() - begun };
    } catch (thrown) {
      if (thrown instanceof RefusedSql) return { ok: false, error: thrown.error };
      if (thrown instanceof InvariantError) throw thrown;
      return failed(
        'sql-unsupported',
        'The planner cannot handle this query',
        messageOf(thrown),
        'Rewrite the query; a simpler form may work.',
      );
    }
  }
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

function failed(code: SqlError['code'], title: string, detail: string, hint: string): PlanOutcome {
  return { ok: false, error: { code, title, detail, hint } };
}
