/** Jobs as the job service keeps them: accepted, settled, and their results as long as somebody may read them. */
import type { BlockId, JobId } from '../../shared/ids.ts';
import type { CoreCommand, ResultBlock } from '../core/commands.ts';
import { readingKept } from '../core/reading-kept.ts';
import type { Told } from '../sessions/shell.ts';
import type { CoordinatorBlocks } from './coordinator-blocks.ts';
import type { AcceptedJob, Journal } from './journal.ts';
import type { ObservedCore } from './observed-core.ts';

export type SettleCommand = Extract<CoreCommand, { type: 'settleJob' }>;

export interface JobDeskOptions {
  readonly core: ObservedCore;
  readonly blocks: CoordinatorBlocks;
  readonly journal: Journal;
  readonly tell: (...events: readonly Told[]) => void;
  /** Runs `act` when a result has been written to disk. */
  readonly persist: (act: () => void) => void;
  readonly settled: (command: SettleCommand) => void;
  /** Authors are told before the journal is (a planted bug). */
  readonly acksEarly: boolean;
}

export class JobDesk {
  /** Results that are kept, of jobs that settled in this life or before. */
  readonly results = new Map<JobId, readonly ResultBlock[]>();
  readonly #options: JobDeskOptions;

  constructor(options: JobDeskOptions) {
    this.#options = options;
  }

  /** `accepted` is called when the job can't be lost any more. */
  submit(job: AcceptedJob, accepted: () => void): void {
    const { journal, acksEarly } = this.#options;
    // Before the core's own records of it.
    journal.append({ kind: 'accepted', ...job }, acksEarly ? undefined : accepted);
    if (acksEarly) accepted();
    this.start(job, false);
  }

  /** As the job service does it, also with jobs of an earlier life: cached relations are read where they are kept. */
  start({ jobId, owner, plan: given, options, submittedAtMs }: AcceptedJob, resumed: boolean): void {
    const { scheduler } = this.#options.core;
    const plan = options.reuse ? readingKept(given, (key) => scheduler.keptStages(key)) : given;
    const again = resumed && { submittedAtMs, resumed };
    this.#options.tell({ type: 'jobSubmitted', jobId, owner, plan, options, ...again });
  }

  cancel(jobId: JobId): void {
    this.#options.tell({ type: 'jobCancelled', jobId });
  }

  forget(jobId: JobId): void {
    const { core, blocks, journal, tell } = this.#options;
    const ids = (this.results.get(jobId) ?? []).map(({ blockId }) => blockId);
    const isKnown = core.scheduler.job(jobId) !== undefined;
    this.results.delete(jobId);
    tell({ type: 'jobForgotten', jobId });
    const isHere = (id: BlockId): boolean => core.scheduler.holders(id).onCoordinator;
    if (!isKnown) blocks.discard(this.unneeded(ids).filter((id) => !isHere(id)));
    journal.append({ kind: 'forgotten', jobId });
  }

  /** The author is told at once; the journal knows the job until its result is on disk. */
  settle(command: SettleCommand): void {
    const { jobId, state, result = [] } = command;
    if (state === 'successful') this.results.set(jobId, result);
    this.#options.settled(command);
    this.#options.persist(() => {
      for (const { blockId } of this.results.has(jobId) ? result : []) this.#options.blocks.persist(blockId);
      this.#options.journal.append({ kind: 'settled', jobId, state, result });
    });
  }

  /** Those that no kept result names. */
  unneeded(blockIds: readonly BlockId[]): readonly BlockId[] {
    const named = new Set<BlockId>();
    for (const result of this.results.values()) for (const { blockId } of result) named.add(blockId);
    return blockIds.filter((blockId) => !named.has(blockId));
  }
}
