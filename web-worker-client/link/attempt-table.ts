/** The attempts of this tab and their outcomes, until the core says whether to report or to discard them. */

import type { Clock } from '../../shared/clock.ts';
import type { Failure } from '../../shared/failure.ts';
import type { WorkerMessage } from '../../shared/protocol/session.ts';
import { NO_SLOT_COSTS } from '../../shared/slots/api.ts';
import type { BlockCache } from '../blocks/block-cache.ts';
import type { SliceReader } from '../blocks/slice-reader.ts';
import type { TabCommand } from '../core/commands.ts';
import type { TabEvent } from '../core/events.ts';
import { AttemptRun, type AttemptSurroundings, type FinalOutcome, type Lease } from './attempt-run.ts';
import { recordOfOutput } from './records.ts';
import { failureMessage, isInline, residentMessages, successFrame, successMessage } from './reports.ts';
import { Residents } from './residents.ts';
import { type FetchSlices, SliceSource } from './slice-source.ts';
import type { SlotPool } from './slot-pool.ts';

export type AttemptCommand = Extract<TabCommand, { readonly attemptId: string }>;

export interface AttemptTableOptions {
  readonly clock: Clock;
  readonly cache: BlockCache;
  readonly reader: SliceReader;
  readonly slots: SlotPool;
  readonly fetch: FetchSlices;
  readonly dispatch: (event: TabEvent) => void;
  readonly send: (frame: WorkerMessage | string | Uint8Array<ArrayBuffer>) => void;
  /** For a report whose session is gone. */
  readonly sendLate: (frame: string) => void;
}

const BORROWED_BYTES = 64 * 1024 * 1024;
/** An attempt shorter than this is told of by its report alone: half the messages of short tasks. */
export const STARTED_AFTER_MS = 50;

export class AttemptTable {
  readonly residents = new Residents();
  readonly #options: AttemptTableOptions;
  readonly #slices: SliceSource;
  readonly #around: AttemptSurroundings;
  readonly #runs = new Map<string, AttemptRun>();
  readonly #outcomes = new Map<string, FinalOutcome>();

  constructor(options: AttemptTableOptions) {
    this.#options = options;
    const { clock, cache, reader, fetch } = options;
    this.#slices = new SliceSource({ cache, reader, borrowedBytes: BORROWED_BYTES });
    this.#around = { clock, cache, fetch, residents: this.residents, slices: this.#slices };
  }

  /** Notes a lease; nothing happens before the core says so. A lease that came twice is the first one. */
  add(lease: Lease): void {
    if (this.#runs.has(lease.attemptId)) return;
    this.#runs.set(lease.attemptId, new AttemptRun(lease, this.#around));
  }

  forgetBorrowed(): void {
    this.#slices.forgetBorrowed();
  }

  execute(command: AttemptCommand): void {
    const { attemptId } = command;
    const run = this.#runs.get(attemptId);
    switch (command.type) {
      case 'fetchInputs':
        if (run) void this.#prepare(attemptId, run);
        return;
      case 'runAttempt':
        if (run) void this.#run(attemptId, run, command.slot);
        return;
      case 'stopAttempt':
        run?.stop(this.#options.slots.get(command.slot), command.why);
        return;
      case 'forgetAttempt':
        this.#end(attemptId);
        return;
      case 'handBack': {
        const failure: Failure = { reason: 'released', code: 'handed-back', message: command.why };
        this.#options.send(failureMessage(attemptId, failure, []));
        return;
      }
      case 'report':
        this.#report(attemptId);
        return;
      case 'reportLate':
        this.#reportLate(attemptId);
        return;
      case 'takeOutcome':
        this.#takeOutcome(attemptId, command.from);
        return;
      case 'discard':
        // The tables that it loaded are there all the same.
        for (const message of residentMessages(run?.residentChanges() ?? [])) this.#options.send(message);
        this.#end(attemptId);
        return;
    }
  }

  async #prepare(attemptId: string, run: AttemptRun): Promise<void> {
    const failure = await run.prepare();
    if (this.#runs.get(attemptId) !== run) return;
    if (!failure) return this.#options.dispatch({ type: 'inputsFetched', attemptId });
    this.#settle(attemptId, { kind: 'failed', failure, broken: false, residents: [], costs: NO_SLOT_COSTS });
  }

  async #run(attemptId: string, run: AttemptRun, slot: number): Promise<void> {
    const handle = this.#options.slots.get(slot);
    const { clock, send } = this.#options;
    const cancelStarted = clock.after(STARTED_AFTER_MS, () => {
      if (this.#runs.get(attemptId) === run) send({ type: 'attemptStarted', attemptId, slot });
    });
    const outcome: FinalOutcome = handle
      ? await run.run(handle)
      : {
          kind: 'failed',
          failure: { reason: 'released', code: 'slot-ended', message: 'The slot was taken away.' },
          broken: false,
          residents: [],
          costs: NO_SLOT_COSTS,
        };
    cancelStarted();
    if (this.#runs.get(attemptId) === run) this.#settle(attemptId, outcome);
  }

  #settle(attemptId: string, outcome: FinalOutcome): void {
    this.#outcomes.set(attemptId, outcome);
    const { loadMs, computeMs, packMs } = this.#runs.get(attemptId)?.costs() ?? outcome.costs;
    const cpuMs = loadMs + computeMs + packMs;
    this.#options.dispatch({
      type: 'attemptEnded',
      attemptId,
      ending:
        outcome.kind === 'succeeded'
          ? {
              how: 'succeeded',
              rows: outcome.buckets.reduce((sum, b) => sum + b.rows, 0),
              cpuMs,
            }
          : { how: 'failed', cpuMs, reason: outcome.failure.reason, message: outcome.failure.message },
    });
  }

  #report(attemptId: string): void {
    const run = this.#runs.get(attemptId);
    const outcome = this.#outcomes.get(attemptId);
    if (!run || !outcome) return;
    const residents = run.residentChanges();
    if (outcome.kind === 'failed') {
      this.#options.send(failureMessage(attemptId, outcome.failure, residents));
    } else {
      this.#options.send(successFrame(run.lease, outcome, residents, run.costs()));
      const record = recordOfOutput(outcome);
      // In the same turn, so that nobody can ask for the block before; after the report, for a cache without room drops it at once.
      const id = run.lease.task.blockId;
      this.#options.cache.put({ id, digest: outcome.digest, kind: 'output', record, memoryOnly: isInline(outcome) });
    }
    this.#end(attemptId);
  }

  /** The coordinator keeps no bytes of late reports, so the block stays here. */
  #reportLate(attemptId: string): void {
    const run = this.#runs.get(attemptId);
    const outcome = this.#outcomes.get(attemptId);
    if (run && outcome?.kind === 'succeeded') {
      this.#options.sendLate(JSON.stringify(successMessage(run.lease, outcome, [], run.costs())));
      const record = recordOfOutput(outcome);
      this.#options.cache.put({ id: run.lease.task.blockId, digest: outcome.digest, kind: 'output', record });
      for (const message of residentMessages(run.residentChanges())) this.#options.send(message);
    }
    this.#end(attemptId);
  }

  #takeOutcome(attemptId: string, from: string): void {
    const [run, other, outcome] = [this.#runs.get(attemptId), this.#runs.get(from), this.#outcomes.get(from)];
    if (!run || !other || !outcome) return;
    run.takeCosts(other);
    this.#outcomes.set(attemptId, outcome);
  }

  #end(attemptId: string): void {
    this.#runs.get(attemptId)?.release();
    this.#runs.delete(attemptId);
    this.#outcomes.delete(attemptId);
  }
}
