/**
 * One attempt in this tab, from its lease to an outcome: fetch what its slot lacks, run, fetch again where the slot says so, and
 * measure where the time went. When it runs is the core's decision.
 */
import type { Clock } from '../../shared/clock.ts';
import type { Failure } from '../../shared/failure.ts';
import type { AttemptCosts, TaskSpec } from '../../shared/plan/task.ts';
import { NO_SLOT_COSTS } from '../../shared/slots/api.ts';
import type { BlockCache } from '../blocks/block-cache.ts';
import type { SlotCosts, SlotInput, SlotOutcome } from '../slots/api.ts';
import type { FetchTrouble } from './fetcher.ts';
import { type NeededOrdinals, neededOrdinals, slotInputs, wantedSlices, wholeSlices, withLacking } from './inputs.ts';
import type { Residents, SlotResidentChange } from './residents.ts';
import type { FetchSlices, SliceSource } from './slice-source.ts';
import type { SlotHandle } from './slot-handle.ts';

export interface AttemptSurroundings {
  readonly clock: Clock;
  readonly cache: BlockCache;
  readonly residents: Residents;
  readonly slices: SliceSource;
  readonly fetch: FetchSlices;
}

export interface Lease {
  readonly attemptId: string;
  readonly slot: number;
  readonly task: TaskSpec;
  /** Views into the lease frame, by sliceKey. */
  readonly inline: ReadonlyMap<string, Uint8Array>;
}

/** The last word of a slot about an attempt: `lacking` has been dealt with. */
export type FinalOutcome = Exclude<SlotOutcome, { readonly kind: 'lacking' }>;

/** A slot that lacks columns again and again has too little memory for what it is asked. */
const LACKING_ROUNDS = 3;

export class AttemptRun {
  readonly lease: Lease;
  readonly #around: AttemptSurroundings;
  readonly #abort = new AbortController();
  #needed: NeededOrdinals = [];
  #inputs: readonly SlotInput[] | undefined;
  #readyAtMs = 0;
  #moved = { fetchMs: 0, fetchedBytes: 0, fetchedSlices: 0, cachedBytes: 0 };
  #queueMs = 0;
  #slotCosts: SlotCosts = NO_SLOT_COSTS;
  readonly #changes: SlotResidentChange[] = [];
  #retriedCorrupt = false;
  #stopWhy: string | undefined;

  constructor(lease: Lease, around: AttemptSurroundings) {
    this.lease = lease;
    this.#around = around;
  }

  /** Fetches what the slot lacks. A failure, or nothing. */
  async prepare(): Promise<Failure | undefined> {
    const { attemptId, slot, task } = this.lease;
    const { residents, cache } = this.#around;
    this.#needed = neededOrdinals(task, {
      columns: (key, ordinals) => residents.lacking(slot, key, ordinals),
      module: (digest) => residents.lacksModule(slot, digest),
    });
    residents.expect(attemptId, slot, task);
    cache.pin(
      attemptId,
      task.inputs.flatMap((input) => wholeSlices(input).map((s) => s.blockId)),
    );
    const failure = await this.#fetch();
    this.#readyAtMs = this.#around.clock.nowMs();
    return failure;
  }

  /** Runs on the slot. Never rejects. The slot itself holds the outcome back for `--pace`. */
  async run(handle: SlotHandle): Promise<FinalOutcome> {
    this.#queueMs = this.#around.clock.nowMs() - this.#readyAtMs;
    return this.#runRounds(handle);
  }

  /** Ends the run: the slot between two slices, a fetch at once. */
  stop(handle: SlotHandle | undefined, why: string): void {
    this.#stopWhy = why;
    this.#abort.abort(why);
    handle?.stop(this.lease.attemptId, why);
  }

  /** Lets go of what the attempt held. Call once it is over, whatever the way. */
  release(): void {
    // With a reason of its own: the usual one is an error with a stack, the dearest part of a short attempt.
    this.#abort.abort('over');
    this.#inputs = undefined;
    this.#around.residents.settle(this.lease.attemptId);
    this.#around.cache.unpin(this.lease.attemptId);
  }

  /** What this attempt changed in its slot's resident tables, in order. */
  residentChanges(): readonly SlotResidentChange[] {
    return this.#changes;
  }

  /** The other did this one's work. */
  takeCosts(other: AttemptRun): void {
    this.#moved = other.#moved;
    this.#queueMs = other.#queueMs;
    this.#slotCosts = other.#slotCosts;
  }

  costs(): AttemptCosts {
    return { queueMs: this.#queueMs, ...this.#moved, ...this.#slotCosts };
  }

  async #runRounds(handle: SlotHandle): Promise<FinalOutcome> {
    const { attemptId, slot, task } = this.lease;
    for (let round = 0; ; round += 1) {
      const inputs = this.#inputs;
      if (!inputs) return this.#failed({ reason: 'released', code: 'released', message: this.#stopWhy ?? 'stopped' });
      this.#inputs = undefined;
      const beganAtMs = this.#around.clock.nowMs();
      const outcome = await handle.run({ attemptId, spec: task, inputs });
      // A broken slot's tables went with it, and have been told as lost already.
      if (!(outcome.kind === 'failed' && outcome.broken))
        this.#changes.push(...this.#around.residents.apply(slot, outcome.residents));
      this.#slotCosts = addCosts(this.#slotCosts, costsOf(outcome, this.#around.clock.nowMs() - beganAtMs));
      if (outcome.kind === 'succeeded') {
        this.#around.residents.compiled(slot, task);
        return outcome;
      }
      if (outcome.kind === 'failed' && !this.#mayRetryCorrupt(outcome.failure)) return outcome;
      if (this.#abort.signal.aborted) {
        return this.#failed({ reason: 'released', code: 'released', message: this.#stopWhy ?? 'stopped' }, outcome);
      }
      if (outcome.kind === 'lacking') {
        if (round >= LACKING_ROUNDS) return this.#failed(THRASHING, outcome);
        this.#needed = withLacking(task, this.#needed, outcome.inputs);
      }
      const failure = await this.#fetch();
      if (failure) return this.#failed(failure, outcome);
    }
  }

  /** Copies in this tab may have rotted: throw them away and ask the coordinator once before blaming the block. */
  #mayRetryCorrupt(failure: Failure): boolean {
    const corrupt = (failure.slices ?? []).filter((s) => s.why === 'corrupt');
    if (failure.reason !== 'input' || corrupt.length === 0 || this.#retriedCorrupt) return false;
    this.#retriedCorrupt = true;
    this.#around.slices.distrust(corrupt);
    return true;
  }

  async #fetch(): Promise<Failure | undefined> {
    const { clock, slices, fetch } = this.#around;
    const beganAtMs = clock.nowMs();
    const wanted = wantedSlices(this.lease.task, this.#needed);
    const inline = this.#retriedCorrupt ? new Map<string, Uint8Array>() : this.lease.inline;
    const got = await slices.obtain(wanted, inline, fetch, this.#abort.signal);
    this.#moved = {
      fetchMs: this.#moved.fetchMs + clock.nowMs() - beganAtMs,
      fetchedBytes: this.#moved.fetchedBytes + got.fetchedBytes,
      fetchedSlices: this.#moved.fetchedSlices + got.fetchedSlices,
      cachedBytes: this.#moved.cachedBytes + got.cachedBytes,
    };
    if (got.failed.length > 0) return fetchFailure(got.failed);
    this.#inputs = slotInputs(this.lease.task, this.#needed, got.coded);
    return this.#inputs ? undefined : { reason: 'released', code: 'inputs-incomplete', message: 'Some inputs were not fetched.' };
  }

  #failed(failure: Failure, outcome?: SlotOutcome): FinalOutcome {
    return {
      kind: 'failed',
      failure,
      broken: false,
      residents: outcome?.residents ?? [],
      costs: outcome?.costs ?? NO_SLOT_COSTS,
    };
  }
}

const THRASHING: Failure = {
  reason: 'resource',
  code: 'residents-thrash',
  message: 'The slot dropped the columns of this task before it could run, several times.',
  hint: 'Give each slot more memory, or read fewer columns.',
};

/** What the coordinator is told: a block that can't be had starts lineage, a broken connection only gives the task back. */
function fetchFailure(
  failed: readonly { readonly slice: { blockId: string; bucket: number }; readonly why: FetchTrouble }[],
): Failure {
  const gone = failed.filter((f) => f.why === 'missing' || f.why === 'corrupt' || f.why === 'timeout');
  if (gone.length > 0) {
    const slices = gone.slice(0, 256).map(({ slice, why }) => ({
      blockId: slice.blockId,
      bucket: slice.bucket,
      why: why === 'corrupt' ? ('corrupt' as const) : ('missing' as const),
    }));
    const first = gone[0];
    const message = `${gone.length} input slices could not be had: block ${first?.slice.blockId.slice(0, 12)} is ${first?.why}.`;
    return { reason: 'input', code: `slice-${first?.why ?? 'missing'}`, message, slices };
  }
  if (failed.some((f) => f.why === 'refused')) {
    return { reason: 'resource', code: 'slice-refused', message: 'The coordinator refused slices that the lease names.' };
  }
  return { reason: 'released', code: 'data-link', message: 'The data connection was lost while inputs were fetched.' };
}

/** A slot that had to be ended from outside says nothing of its costs: it computed all the time, or it would have listened. */
function costsOf({ kind, costs }: SlotOutcome, ranMs: number): SlotCosts {
  const isSilent = kind === 'failed' && costs.loadMs + costs.computeMs + costs.packMs === 0;
  return isSilent ? { ...costs, computeMs: ranMs } : costs;
}

function addCosts(a: SlotCosts, b: SlotCosts): SlotCosts {
  return {
    loadMs: a.loadMs + b.loadMs,
    computeMs: a.computeMs + b.computeMs,
    packMs: a.packMs + b.packMs,
    loadedBytes: a.loadedBytes + b.loadedBytes,
  };
}
