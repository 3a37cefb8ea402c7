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
import type { JobView } from '../core/views.ts';
import type { Shell } from '../sessions/shell.ts';
import type { JobRecord } from '../store/jobs.ts';
import { type AcceptedJob, type AcceptedJobs, acceptedJob } from './accepted.ts';
import { type ArrivingBlocks, EarlyResults } from './early.ts';
import { Endings } from './endings.ts';
import { atWallClock, type Job, type LiveJob, type SettledJob, settledJob } from './entry.ts';
import { type Held, holdInputs } from './holds.ts';
import { planView } from './plan-view.ts';
import { planAgain, planJob, slotsNow } from './planning.ts';
import type {
  DatasetKeeper,
  JobStorePort,
  JobsCore,
  ModuleKeeper,
  PlanError,
  PlannerPort,
  PlanOutcome,
  ResultKeeper,
} from './ports.ts';
import { type QueueLimits, type TooManyJobs, tooManyJobs } from './queue-limits.ts';
import { EMPTY_PLAN, recordOf, type SettleCommand } from './settling.ts';
import { Waiters } from './waiters.ts';

export interface JobServiceOptions extends QueueLimits {
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
  readonly journal: AcceptedJobs;
  readonly log: (error: unknown, what: string) => void;
  /** Wall clock, ms since the epoch. */
  readonly wallMs?: () => number;
  readonly resultTtlMs?: number;
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
  | { readonly ok: false; readonly error: PlanError | TooManyJobs };

/** How often results are looked over for the end of their time to live. */
const SWEEP_MS = 60_000;

export class JobService {
  readonly early: EarlyResults;
  readonly #options: JobServiceOptions;
  readonly #wallMs: () => number;
  /** In order of submission. */
  readonly #jobs = new Map<JobId, Job>();
  readonly #settling = new Map<JobId, Promise<void>>();
  readonly #endings: Endings;
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
    this.#endings = new Endings(options);
    const { shell, core } = options;
    this.early = new EarlyResults({ shell, core, arrivals: options.arrivals, job: (jobId) => this.#jobs.get(jobId) });
    this.#wallMs = options.wallMs ?? Date.now;
    this.#offsetMs = this.#wallMs() - options.shell.clock.nowMs();
  }

  /** Brings back what an earlier run settled, and submits again what it had only accepted. */
  async restore(records: readonly JobRecord[], accepted: readonly AcceptedJob[]): Promise<void> {
    for (const record of records) this.#jobs.set(record.jobId, settledJob(record, this.#wallMs()));
    await this.sweep();
    for (const job of accepted) await this.#resume(job);
    this.#options.shell.tell({ type: 'jobsResumed' });
  }

  async submit(request: JobRequest): Promise<Submitted> {
    const owner = request.owner.role === 'admin' ? ADMIN_NAME : request.owner.name;
    const tooMany = tooManyJobs(this.#jobs.values(), owner, this.#options);
    if (tooMany) return { ok: false, error: tooMany };
    const nowMs = this.#wallMs();
    const plannedFor = slotsNow(this.#options);
    const outcome = await planJob(this.#options, request, { asker: request.owner, nowMs, plannedFor });
    if (!outcome.ok) return outcome;
    const held = this.#hold(outcome.plan);
    if (!held.ok) return held;
    const jobId = makeId('job', randomBytes) as JobId;
    const { datasets } = outcome.plan;
    const accepted = acceptedJob(request, { jobId, owner, submittedAtMs: nowMs, datasets, plannedFor });
    // It runs while it is written down; but nobody is told that it is accepted before it is.
    this.#start(accepted, outcome.plan, outcome.planMs, held.release);
    const written = this.#options.journal.add(accepted);
    try {
      await written;
    } catch (error) {
      this.cancel(jobId);
      throw error;
    }
    return { ok: true, jobId };
  }

  /** The plan that a job would have, before relations that are kept take their place in it. */
  planned(relations: AuthorPlan, asker: Identity): Promise<PlanOutcome> {
    const wanted = { sql: '', relations, options: { reuse: false, weight: 1 } };
    return planJob(this.#options, wanted, { asker, nowMs: this.#wallMs(), plannedFor: slotsNow(this.#options) });
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

  /** The core's picture of a live job, the stored one of a settled job. */
  view(job: Job): JobView | undefined {
    if (job.kind === 'settled') return job.record.view;
    const view = this.#picture(job.jobId);
    if (view?.state !== 'successful') return view;
    const { settledAtMs: _settledAtMs, ...rest } = view;
    return { ...rest, state: 'running', waitingFor: 'its result is being written down' };
  }

  #picture(jobId: JobId): JobView | undefined {
    const view = this.#options.core.job(jobId);
    return view && atWallClock(view, this.#offsetMs);
  }

  async plan(job: Job): Promise<unknown> {
    if (job.kind === 'settled') {
      // Its plan is written down with it.
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
    const record = this.#record(job, command);
    this.#letGo(job.jobId);
    const settling = this.#keep(record)
      // Even where the disk is full the result is here until the coordinator stops.
      .catch((error: unknown) => void this.#options.log(error, `job ${job.jobId} could not be written down`))
      .then((kept) => {
        this.#settling.delete(job.jobId);
        this.#show(record);
        if (kept) this.#endings.end(job.jobId);
      });
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
    await this.#endings.written();
    this.#waiters.wakeAll();
    this.early.close();
  }

  #start(
    { options, datasets: _datasets, relations: _relations, plannedFor: _plannedFor, ...job }: AcceptedJob,
    plan: PhysicalPlan,
    planMs: number,
    release: () => Promise<void>,
    resumed = false,
  ): void {
    this.#holds.set(job.jobId, release);
    this.#jobs.set(job.jobId, { ...job, kind: 'live', plan, planMs });
    this.#live++;
    const submittedAtMs = job.submittedAtMs - this.#offsetMs;
    const again = resumed && { submittedAtMs, resumed };
    this.#options.shell.tell({ type: 'jobSubmitted', jobId: job.jobId, owner: job.owner, plan, options, ...again });
  }

  /** A job that an earlier run accepted. */
  async #resume(accepted: AcceptedJob): Promise<void> {
    const planned = await planAgain(this.#options, accepted);
    const held = planned.ok ? this.#hold(planned.plan) : planned;
    if (planned.ok && held.ok) return this.#start(accepted, planned.plan, planned.planMs, held.release, true);
    const error = held.ok ? undefined : held.error;
    const command: SettleCommand = { type: 'settleJob', jobId: accepted.jobId, state: 'failed', ...(error && { error }) };
    this.#live++;
    const record = this.#record({ ...accepted, kind: 'live', plan: EMPTY_PLAN, planMs: planned.planMs }, command);
    await this.#keep(record);
    this.#show(record);
    this.#endings.end(record.jobId);
  }

  #letGo(jobId: JobId): void {
    const release = this.#holds.get(jobId);
    this.#holds.delete(jobId);
    release?.().catch((error: unknown) => this.#options.log(error, 'what only a job needed could not be deleted'));
  }

  #record(job: LiveJob, command: SettleCommand): JobRecord {
    const resultTtlMs = this.#options.resultTtlMs ?? LIMITS.resultTtlMs;
    return recordOf(job, command, this.#picture(job.jobId), { settledAtMs: this.#wallMs(), resultTtlMs });
  }

  /** Whoever is told that a job has ended will hear the same after a restart: only what is written down is shown. */
  async #keep(record: JobRecord): Promise<true> {
    const { results, store } = this.#options;
    // Side by side: a record whose blocks are not all there is passed over after a restart, as long as the job has not ended.
    await Promise.all([results.persist(record.result.map((block) => block.blockId)), store.put(record)]);
    return true;
  }

  #show(record: JobRecord): void {
    this.#jobs.set(record.jobId, settledJob(record, this.#wallMs()));
    this.#live--;
    this.#waiters.wake(record.jobId);
    this.early.look();
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
