/** Those who submit jobs, cancel some, and read what comes of them. */
import type { JobId } from '../../shared/ids.ts';
import type { PhysicalPlan } from '../../shared/plan/physical.ts';
import type { JobOptions } from '../core/events.ts';
import type { Chance } from './chance.ts';
import { must } from './checkers/violation.ts';
import type { Coordinator } from './coordinator.ts';
import type { SettleCommand } from './job-desk.ts';
import type { SimOptions } from './options.ts';
import { COUNTING_PLANS, PLAN_COUNT, planNumber } from './plans.ts';

export interface AuthoredJob {
  readonly jobId: JobId;
  readonly owner: string;
  readonly plan: PhysicalPlan;
  readonly options: JobOptions;
  /** The coordinator has said that it will be done. */
  isAccepted: boolean;
  isCancelled: boolean;
  isForgotten: boolean;
  settled: SettleCommand | undefined;
}

export interface AuthorsOptions {
  readonly chance: Chance;
  /** Draws the jobs whose guests count. */
  readonly counting: Chance;
  readonly options: SimOptions;
  readonly nowMs: () => number;
  /** Undefined while there is none. */
  readonly coordinator: () => Coordinator | undefined;
  readonly tell: (words: () => string) => void;
}

export class Authors {
  readonly jobs = new Map<JobId, AuthoredJob>();
  readonly #around: AuthorsOptions;
  #made = 0;

  constructor(around: AuthorsOptions) {
    this.#around = around;
  }

  /** The next thing that one of them does; what can't be done now they leave. */
  act(): void {
    const { chance, coordinator } = this.#around;
    const now = coordinator();
    if (!now) return;
    const dice = chance.float();
    const job = chance.any(this.jobs.values());
    if (this.jobs.size === 0 || dice < 0.8) {
      if (this.jobs.size < this.#around.options.jobs) this.submit();
    } else if (dice < 0.87 && job && !job.settled && job.isAccepted) {
      job.isCancelled = true;
      this.#around.tell(() => `${job.owner} cancels ${job.jobId}`);
      now.jobs.cancel(job.jobId);
    } else if (dice > 0.95 && job?.settled && !job.isForgotten) this.forget(job);
  }

  submit(): void {
    const { chance, counting, options, coordinator, tell } = this.#around;
    const drawn = options.plans.length > 0 ? chance.pick(options.plans) : chance.below(PLAN_COUNT);
    const number = counting.hit(options.counting) ? counting.pick(COUNTING_PLANS) : drawn;
    const jobOptions: JobOptions = {
      reuse: !chance.hit(0.2),
      weight: chance.between(1, 3),
      ...(chance.hit(0.1) && { slotsMax: chance.between(1, 2) }),
      ...(chance.hit(0.05) && { deadlineMs: chance.between(1_000, 60_000) }),
    };
    const job: AuthoredJob = {
      jobId: `job-${++this.#made}` as JobId,
      owner: `author-${chance.below(options.authors)}`,
      plan: planNumber(number),
      options: jobOptions,
      isAccepted: false,
      isCancelled: false,
      isForgotten: false,
      settled: undefined,
    };
    this.jobs.set(job.jobId, job);
    tell(() => `${job.owner} submits ${job.jobId}, plan ${number}, ${JSON.stringify(jobOptions)}`);
    const { jobId, owner, plan } = job;
    coordinator()?.jobs.submit({ jobId, owner, plan, options: jobOptions, submittedAtMs: this.#around.nowMs() }, () => {
      job.isAccepted = true;
    });
  }

  /** The coordinator died before it had said that it took these: their authors know that, and give up. */
  coordinatorDied(): void {
    for (const job of this.jobs.values()) if (!job.isAccepted) this.jobs.delete(job.jobId);
  }

  /** After a restart: no accepted job may be lost, nor a result that somebody may still read. */
  checkKept(live: readonly { readonly jobId: JobId }[], results: ReadonlyMap<JobId, unknown>): void {
    const running = new Set(live.map(({ jobId }) => jobId));
    for (const job of this.jobs.values()) {
      const { jobId, settled } = job;
      if (!job.isAccepted || job.isForgotten || running.has(jobId)) {
        // It runs once more, whatever its author was told.
        if (!job.isForgotten) job.settled = undefined;
        continue;
      }
      const isOver = results.has(jobId) || settled?.state === 'failed' || settled?.state === 'cancelled';
      must(isOver, 'job-kept', () => `${jobId} was accepted, and nobody knows it after the restart`);
    }
  }

  settled(command: SettleCommand): void {
    const job = this.jobs.get(command.jobId);
    if (job) job.settled = command;
  }

  forget(job: AuthoredJob): void {
    job.isForgotten = true;
    this.#around.tell(() => `${job.owner} forgets ${job.jobId}`);
    this.#around.coordinator()?.jobs.forget(job.jobId);
  }

  unsettled(): AuthoredJob[] {
    return [...this.jobs.values()].filter((job) => !job.settled);
  }
}
