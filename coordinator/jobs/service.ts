/**
 * Jobs from their SQL to their kept result: plans, submits to the core, and when the core settles a job writes down what must
 * survive a restart before anyone is told.
 */
import { randomBytes } from 'node:crypto';
import { type BlockId, type JobId, makeId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { AuthorPlan } from '../../shared/plan/author-plan.ts';
import type { PhysicalPlan } from '../../shared/plan/physical.ts';
import { ADMIN_NAME, type Identity, mayChange, mayRead } from '../auth/identity.ts';
import type { JobOptions } from '../core/events.ts';
import { readingKept } from '../core/reading-kept.ts';
import type { JobView } from '../core/views.ts';
import type { Shell } from '../sessions/shell.ts';
import type { JobRecord } from '../store/jobs.ts';
import { type ArrivingBlocks, EarlyResults } from './early.ts';
import { atWallClock, type Job, type LiveJob, type SettledJob, settledJob } from './entry.ts';
import { type Held, holdInputs } from './holds.ts';
import type { AcceptedJob, JobJournal } from './journal.ts';
import { planView } from './plan-view.ts';
import type { DatasetKeeper, JobStorePort, JobsCore, ModuleKeeper, PlanError, PlannerPort, ResultKeeper } from './ports.ts';
import { changedData, EMPTY_PLAN, lostData, recordOf, type SettleCommand } from './settling.ts';
import { Waiters } from './waiters.ts';

export interface JobServiceOptions {
  readonly shell: Shell;
  readonly core: JobsCore;
  readonly planner: PlannerPort;
  readonly datasets: DatasetKeeper;
  /** Without one, plans have no guest modules. */
  readonly modules?: ModuleKeeper;
  readonly results: ResultKeeper;
  /** Parts of results that are on their way to the coordinator. */
  readonly arrivals: ArrivingBlocks;
  readonly store: JobStorePort;
  readonly journal: JobJournal;
  readonly log: (error: unknown, what: string) => void;
  /** Wall clock, ms since the epoch. */
  readonly wallMs?: () => number;
  readonly resultTtlMs?: number;
  readonly jobsQueued?: number;
  readonly jobsKept?: number;
}

export interface JobRequest {
  /** The query, or words for a plan of several relations. */
  readonly sql: string;
  readonly relations?: AuthorPlan;
  readonly name?: string;
  readonly owner: Identity;
  readonly options: JobOptions;
}

export type Submitted =
  | { readonly ok: true; readonly jobId: JobId }
  | { readonly ok: false; readonly error: PlanError | { readonly code: 'too-many-jobs'; readonly jobs: number } };

/** How often results are looked over for the end of their time to live. */
const SWEEP_MS = 60_000;

export class JobService {
  readonly early: EarlyResults;
  readonly #options: JobServiceOptions;
  readonly #wallMs: () => number;
  /** In order of submission. */
  readonly #jobs = new Map<JobId, Job>();
  readonly #settling = new Map<JobId, Promise<void>>();
  /** Live jobs' hold on the chunks and modules that they read. */
  readonly #holds = new Map<JobId, () => Promise<void>>();
  readonly #waiters: Waiters;
  /** Fixed at the start: a job's times must not jitter from one look to the next. */
  readonly #offsetMs: number;
  #live = 0;
  #cancelSweep: () => void = () => undefined;

  constructor(options: JobServiceOptions) {
    this.#options = options;
    this.#waiters = new Waiters(options.shell.clock);
    const { shell, core } = options;
    this.early = new EarlyResults({ shell, core, arrivals: options.arrivals, job: (jobId) => this.#jobs.get(jobId) });
    this.#wallMs = options.wallMs ?? Date.now;
    this.#offsetMs = this.#wallMs() - options.shell.clock.nowMs();
  }

  /** Brings back what an earlier run settled, and submits again what it had only accepted. */
  async restore(records: readonly JobRecord[]): Promise<void> {
    for (const record of records) this.#jobs.set(record.jobId, settledJob(record, this.#wallMs()));
    await this.sweep();
    for (const accepted of this.#options.journal.list()) await this.#resume(accepted);
  }

  async submit(request: JobRequest): Promise<Submitted> {
    const most = this.#options.jobsQueued ?? LIMITS.jobsQueued;
    if (this.#live >= most) return { ok: false, error: { code: 'too-many-jobs', jobs: most } };
    const nowMs = this.#wallMs();
    const { outcome } = await this.#plan(request, request.owner, nowMs);
    if (!outcome.ok) return outcome;
    const held = this.#hold(outcome.plan);
    if (!held.ok) return held;
    const accepted: AcceptedJob = {
      jobId: makeId('job', randomBytes) as JobId,
      owner: request.owner.role === 'admin' ? ADMIN_NAME : request.owner.name,
      sql: request.sql,
      ...(request.relations && { relations: request.relations }),
      options: request.options,
      submittedAtMs: nowMs,
      datasets: outcome.plan.datasets,
      ...(request.name !== undefined && { name: request.name }),
    };
    // It runs while it is written down; but nobody is told that it is accepted before it is.
    this.#start(accepted, outcome.plan, outcome.planMs, held.release);
    try {
      await this.#options.journal.add(accepted);
    } catch (error) {
      this.cancel(accepted.jobId);
      throw error;
    }
    return { ok: true, jobId: accepted.jobId };
  }

  async #plan({ sql, relations, options }: Pick<JobRequest, 'sql' | 'relations' | 'options'>, asker: Identity, nowMs: number) {
    const datasets = await this.#options.datasets.list();
    const modules = this.#options.modules?.list(asker) ?? [];
    const what = relations ? { sql, relations, modules } : { sql };
    const outcome = await this.#options.planner.plan({ ...what, datasets, nowMs, ...this.#slots() });
    if (!outcome.ok || !options.reuse) return { datasets, outcome };
    const plan = readingKept(outcome.plan, (key) => this.#options.core.keptStages(key));
    return { datasets, outcome: { ...outcome, plan } };
  }

  #hold(plan: PhysicalPlan): Held {
    return holdInputs(plan, this.#options.datasets, this.#options.modules);
  }

  /** The job if this identity may see it. */
  find(jobId: string, identity: Identity): Job | undefined {
    const job = this.#jobs.get(jobId as JobId);
    return job && mayRead(identity, { name: job.owner }) ? job : undefined;
  }

  /** Newest first. */
  list(identity: Identity): readonly Job[] {
    return [...this.#jobs.values()].filter((job) => mayRead(identity, { name: job.owner })).reverse();
  }

  /** The newest jobs that are not settled, at most `most`. */
  live(identity: Identity, most: number): readonly Job[] {
    if (this.#live === 0) return [];
    return this.list(identity)
      .filter((job) => job.kind === 'live')
      .slice(0, most);
  }

  mayCancel(job: Job, identity: Identity): boolean {
    return mayChange(identity, { name: job.owner });
  }

  /** Cancelling a settled job changes nothing. */
  cancel(jobId: JobId): void {
    if (this.#jobs.get(jobId)?.kind === 'live') this.#options.shell.tell({ type: 'jobCancelled', jobId });
  }

  /** How many slots may take part and what they hold at least, for the planner to choose how data moves; absent: unknown. */
  #slots(): { readonly slots?: number; readonly slotBytes?: number } {
    const working = this.#options.core.workers().filter((worker) => worker.state === 'idle' || worker.state === 'working');
    const slots = working.reduce((sum, worker) => sum + worker.slots, 0);
    const slotBytes = Math.min(...working.filter((worker) => worker.slots > 0).map((worker) => worker.memoryPerSlotBytes));
    return slots > 0 ? { slots, slotBytes } : {};
  }

  /** The core's picture of a live job, the stored one of a settled job. */
  view(job: Job): JobView | undefined {
    if (job.kind === 'settled') return job.record.view;
    const view = this.#options.core.job(job.jobId);
    return view && atWallClock(view, this.#offsetMs);
  }

  async plan(job: Job): Promise<unknown> {
    if (job.kind === 'settled') {
      // It shows as settled before it is written down.
      await this.#settling.get(job.jobId);
      return (await this.#options.store.get(job.jobId))?.plan;
    }
    return planView(
      job.plan,
      this.view(job)?.stages.map((stage) => stage.tasks),
    );
  }

  /** The settled job, or undefined when it still runs after `waitMs` or `signal` aborts. */
  async settled(jobId: JobId, waitMs: number, signal?: AbortSignal): Promise<SettledJob | undefined> {
    if (this.#jobs.get(jobId)?.kind === 'live' && waitMs > 0) await this.#waiters.wait(jobId, waitMs, signal);
    const job = this.#jobs.get(jobId);
    if (job?.kind !== 'settled') return undefined;
    // The sweep comes by only now and then; to the reader the time is up at once.
    return job.record.expiresAtMs <= this.#wallMs() ? { ...job, expired: true } : job;
  }

  /** The core's word that a job is over. */
  settle(command: SettleCommand): void {
    const job = this.#jobs.get(command.jobId);
    if (job?.kind !== 'live') return;
    const record = this.#show(job, command);
    this.#letGo(job.jobId);
    const settling = this.#keep(record)
      .catch((error: unknown) => this.#options.log(error, `job ${job.jobId} could not be written down`))
      .finally(() => this.#settling.delete(job.jobId));
    this.#settling.set(job.jobId, settling);
  }

  /** Lets go of results whose time to live has ended and of the oldest jobs over the cap; called again by its own timer. */
  async sweep(): Promise<void> {
    this.#cancelSweep();
    const nowMs = this.#wallMs();
    let excess = this.#jobs.size - this.#live - (this.#options.jobsKept ?? LIMITS.jobsKept);
    for (const job of [...this.#jobs.values()]) {
      if (job.kind !== 'settled') continue;
      const forget = excess-- > 0;
      if (!forget && (job.expired || job.record.state !== 'successful' || job.record.expiresAtMs > nowMs)) continue;
      await this.#expire(job, forget);
    }
    this.#cancelSweep = this.#options.shell.clock.after(SWEEP_MS, () => {
      this.sweep().catch((error: unknown) => this.#options.log(error, 'expired results could not be deleted'));
    });
  }

  /** Those that no kept result names: equal queries have equal blocks, also across restarts. */
  unneeded(blockIds: readonly BlockId[]): readonly BlockId[] {
    const named = new Set<BlockId>();
    for (const job of this.#jobs.values()) {
      if (job.kind === 'settled' && !job.expired) for (const block of job.record.result) named.add(block.blockId);
    }
    return blockIds.filter((blockId) => !named.has(blockId));
  }

  /** Waits for results being written; no more is accepted after this. */
  async close(): Promise<void> {
    this.#cancelSweep();
    await Promise.all(this.#settling.values());
    this.#waiters.wakeAll();
    this.early.close();
  }

  #start(
    { options, datasets: _datasets, relations: _relations, ...job }: AcceptedJob,
    plan: PhysicalPlan,
    planMs: number,
    release: () => Promise<void>,
  ): void {
    this.#holds.set(job.jobId, release);
    this.#jobs.set(job.jobId, { ...job, kind: 'live', plan, planMs });
    this.#live++;
    this.#options.shell.tell({ type: 'jobSubmitted', jobId: job.jobId, owner: job.owner, plan, options });
  }

  /** A job that an earlier run accepted: planned anew, with the time it was submitted at, and only over the same data. */
  async #resume(accepted: AcceptedJob): Promise<void> {
    const { submittedAtMs, jobId, owner } = accepted;
    if (this.#jobs.has(jobId)) return this.#options.journal.remove(jobId);
    const asker: Identity = { role: owner === ADMIN_NAME ? 'admin' : 'author', name: owner };
    const { outcome, datasets } = await this.#plan(accepted, asker, submittedAtMs);
    const lost = lostData(
      accepted,
      datasets.map(({ name }) => name),
    );
    let error = lost ?? (outcome.ok ? changedData(accepted, outcome.plan) : { ...outcome.error });
    if (outcome.ok && !error) {
      const held = this.#hold(outcome.plan);
      if (held.ok) return this.#start(accepted, outcome.plan, outcome.planMs, held.release);
      error = held.error;
    }
    const command: SettleCommand = { type: 'settleJob', jobId, state: 'failed', ...(error && { error }) };
    this.#live++;
    await this.#keep(
      this.#show({ ...accepted, kind: 'live', plan: EMPTY_PLAN, planMs: outcome.ok ? outcome.planMs : 0 }, command),
    );
  }

  #letGo(jobId: JobId): void {
    const release = this.#holds.get(jobId);
    this.#holds.delete(jobId);
    release?.().catch((error: unknown) => this.#options.log(error, 'what only a job needed could not be deleted'));
  }

  /**
   * The author gets the result at once, before it is on disk: the journal knows the job until then, so that a crash in
   * between means that it runs again.
   */
  #show(job: LiveJob, command: SettleCommand): JobRecord {
    const settledAtMs = this.#wallMs();
    const resultTtlMs = this.#options.resultTtlMs ?? LIMITS.resultTtlMs;
    const record = recordOf(job, command, this.view(job), { settledAtMs, resultTtlMs });
    this.#jobs.set(job.jobId, settledJob(record, settledAtMs));
    this.#live--;
    this.#waiters.wake(job.jobId);
    return record;
  }

  /** Even where the disk is full the result is here until the coordinator stops. */
  async #keep(record: JobRecord): Promise<void> {
    await this.#options.results.persist(record.result.map((block) => block.blockId));
    await this.#options.store.put(record);
    await this.#options.journal.remove(record.jobId);
  }

  async #expire(job: SettledJob, forget: boolean): Promise<void> {
    await this.#settling.get(job.record.jobId);
    // The core unpins the blocks and says which ones nobody else needs; after a restart it never knew them.
    const known = this.#options.core.job(job.jobId) !== undefined;
    if (forget) this.#jobs.delete(job.jobId);
    else this.#jobs.set(job.jobId, { ...job, expired: true });
    this.#options.shell.tell({ type: 'jobForgotten', jobId: job.jobId });
    if (!known) await this.#options.results.discard(this.unneeded(job.record.result.map((block) => block.blockId)));
    if (forget) await this.#options.store.remove(job.jobId);
  }
}
