/**
 * The planner's public face: SQL and datasets in, a physical plan or an author's error out. DuckDB binds and optimises in a child
 * process; everything after it is pure and runs here.
 */
import { InvariantError } from '../../shared/assert.ts';
import { loadHashes } from '../../shared/hash.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { AuthorPlan } from '../../shared/plan/author-plan.ts';
import type { PhysicalPlan } from '../../shared/plan/physical.ts';
import type { DatasetRecord } from '../catalog/types.ts';
import type { ModuleRecord } from '../modules/module-record.ts';
import { assemble } from './assemble.ts';
import { ChildCatalogue, type NamedTable } from './child-catalogue.ts';
import { ChildHandle } from './child-handle.ts';
import type { ChildMacro, ChildPlan } from './child-protocol.ts';
import { planRelations, type RelationsRequest } from './relations/plan-relations.ts';
import { RefusedSql, type SqlError } from './sql-errors.ts';

export type { SqlError } from './sql-errors.ts';

export interface PlanRequest {
  /** The query; of a plan of several relations only words for people. */
  readonly sql: string;
  /** Several relations instead of one query. */
  readonly relations?: AuthorPlan;
  /** Guest modules that the asker may use. */
  readonly modules?: readonly ModuleRecord[];
  /** Those that the asker may read; others are unknown to the query. */
  readonly datasets: readonly DatasetRecord[];
  /** Milliseconds since the epoch: now(), current_date and the like. */
  readonly nowMs: number;
  /** About how many slots there are: a broadcast is read by each of them. Plans of other numbers give the same answers. */
  readonly slots?: number;
  /** Memory of the smallest of them; default: what a tab on a desktop gives. */
  readonly slotBytes?: number;
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
/** Longest planning of a plan of several relations, in times of one query. */
const PLANS_TIMEOUTS = 4;

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
    try {
      const plan = request.relations ? await this.planAll(request, request.relations, begun) : await this.planOne(request);
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

  private async planOne({
    sql,
    datasets,
    nowMs,
    slots = SLOTS_GUESS,
    slotBytes = LIMITS.slotMemoryBytes,
  }: PlanRequest): Promise<PhysicalPlan> {
    const { planned, byHandle } = await this.ask(sql, datasets, nowMs, this.options.timeoutMs);
    return assemble({ sql, nowMs, slots, slotBytes, planned, byHandle });
  }

  private planAll(request: PlanRequest, plan: AuthorPlan, begun: number): Promise<PhysicalPlan> {
    const { datasets, modules = [], nowMs, slots = SLOTS_GUESS, slotBytes = LIMITS.slotMemoryBytes } = request;
    // Each query has the time that one has; all together, no more than several have.
    const leftMs = () => Math.min(this.options.timeoutMs, begun + PLANS_TIMEOUTS * this.options.timeoutMs - performance.now());
    const id = `plan ${this.nextId}`;
    const ask: RelationsRequest['ask'] = (sql, tables, macros) => this.ask(sql, tables, nowMs, Math.max(1, leftMs()), macros);
    return planRelations({ plan, datasets, modules, slots, slotBytes, id, ask });
  }

  /** Throws RefusedSql for whatever DuckDB does not plan. */
  private async ask<Table extends NamedTable>(
    sql: string,
    tables: readonly Table[],
    nowMs: number,
    timeoutMs: number,
    macros: readonly ChildMacro[] = [],
  ): Promise<{ readonly planned: ChildPlan; readonly byHandle: ReadonlyMap<string, Table> }> {
    if (Buffer.byteLength(sql) > LIMITS.sqlBytes) {
      throw refused(
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
      throw refused('planner-crash', 'The planner could not be started', messageOf(thrown), 'Look at the coordinator’s log.');
    }
    const id = this.nextId++;
    const { create, drop, byHandle } = this.catalogue.changesFor(tables);
    const nowUs = `${Math.trunc(nowMs)}000`;
    const outcome = await child.ask({ id, sql, nowUs, create, drop, macros }, timeoutMs);
    switch (outcome.kind) {
      case 'timeout':
        throw refused(
          'planner-timeout',
          'Planning took too long',
          `Planning was stopped after ${Math.round(timeoutMs)} ms`,
          'Simplify the query, or split it into several.',
        );
      case 'crashed':
        throw refused(
          'planner-crash',
          'The planner crashed on this query',
          `The planner’s process ${outcome.why}`,
          'Other queries are not affected. Rewrite this one, and report it.',
        );
      case 'error':
        if (outcome.poisoned) child.kill();
        throw new RefusedSql(outcome.error);
      case 'planned':
        return { planned: outcome.planned, byHandle };
    }
  }
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

function refused(code: SqlError['code'], title: string, detail: string, hint: string): RefusedSql {
  return new RefusedSql({ code, title, detail, hint });
}

function failed(...what: Parameters<typeof refused>): PlanOutcome {
  return { ok: false, error: refused(...what).error };
}
