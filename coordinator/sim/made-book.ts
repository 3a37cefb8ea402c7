/** Writes down what attempts made, as they are accepted: per accepted attempt one record (design, section 10). */
import type { BlockId, JobId } from '../../shared/ids.ts';
import type { PhysicalPlan } from '../../shared/plan/physical.ts';
import type { CoreCommand } from '../core/commands.ts';
import type { CoreEvent } from '../core/events.ts';
import type { Scheduler } from '../core/scheduler.ts';
import type { Journal } from './journal.ts';
import type { Watcher } from './observed-core.ts';

export class MadeBook implements Watcher {
  readonly #journal: Journal;
  readonly #plans = new Map<JobId, PhysicalPlan>();
  /** Blocks whose rows differ from run to run, and all that is made from them. */
  readonly #tainted = new Set<BlockId>();
  #known: string | undefined;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  readonly before = (event: CoreEvent, scheduler: Scheduler): void => {
    if (event.type === 'jobSubmitted') this.#plans.set(event.jobId, event.plan);
    if (event.type === 'attemptSucceeded') this.#known = scheduler.blockInfo(event.blockId)?.digest;
  };

  readonly after = (event: CoreEvent, commands: readonly CoreCommand[], scheduler: Scheduler): void => {
    for (const command of commands) if (command.type === 'leaseTask') this.#lease(command);
    if (event.type !== 'attemptSucceeded') return;
    const { blockId, digest, buckets } = event;
    if (digest === this.#known || scheduler.blockInfo(blockId)?.digest !== digest) return;
    this.#journal.append({ kind: 'made', blockId, digest, buckets, isTainted: this.#tainted.has(blockId) });
  };

  #lease({ jobId, stage, task }: Extract<CoreCommand, { type: 'leaseTask' }>): void {
    const reads = task.inputs.flatMap((input) => (input.kind === 'slices' ? input.slices : []));
    const isOwn = this.#plans.get(jobId)?.stages[stage]?.determinacy === 'indeterminate';
    if (isOwn || reads.some(({ blockId }) => this.#tainted.has(blockId))) this.#tainted.add(task.blockId);
  }
}
