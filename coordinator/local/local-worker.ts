/**
 * The coordinator's own slot as the core sees it: a worker that joins, runs attempts and reports them, without a socket. It is
 * there only while there are tabs: the first one starts its engine, and some time after the last one went it ends.
 */
import { randomBytes } from 'node:crypto';
import type { Failure } from '../../shared/failure.ts';
import type { Accumulators } from '../../shared/guest/accumulators.ts';
import { type AttemptId, type Digest, makeId, type SessionId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import { type AttemptCosts, NO_COSTS, type TaskSpec } from '../../shared/plan/task.ts';
import type { CoreCommand } from '../core/commands.ts';
import { LOCAL_STORE, LOCAL_TRAITS, LOCAL_WORKER } from '../core/local-worker.ts';
import type { AttemptPoint, Breakpoints } from '../sessions/breakpoints.ts';
import type { InlineBucket } from '../sessions/inline.ts';
import type { BlockKeeper } from '../sessions/ports.ts';
import { Serial } from '../sessions/serial.ts';
import type { Shell, Told } from '../sessions/shell.ts';
import { type LostInput, readHeldInputs } from './held-inputs.ts';
import type { LocalSlot } from './local-slot.ts';
import { mergedTask } from './merge-task.ts';
import { verifiedBuckets } from './verified-buckets.ts';

type LeaseCommand = Extract<CoreCommand, { type: 'leaseTask' }>;
type LostWhy = Extract<Told, { type: 'workerLost' }>['why'];

/** A tab that reloads, or a last one that comes back soon, finds the engine warm. */
const LINGER_MS = 60_000;
/** Failed starts in a row after which it is not tried again: tabs do all the work then, as they can. */
const STARTS_MAX = 3;

export interface LocalWorkerOptions {
  readonly shell: Shell;
  readonly blocks: BlockKeeper;
  readonly breakpoints: Breakpoints;
  readonly makeSlot: () => LocalSlot;
  readonly log: (error: unknown, what: string) => void;
}

interface MadeBlock {
  readonly digest: Digest;
  readonly buckets: readonly InlineBucket[];
  readonly accumulators?: Accumulators;
  readonly merged?: true;
}

interface LiveAttempt {
  readonly point: AttemptPoint;
  readonly leasedAtMs: number;
  running: boolean;
}

export class LocalWorker {
  readonly #options: LocalWorkerOptions;
  readonly #live = new Map<AttemptId, LiveAttempt>();
  /** A cancelled attempt may still be stopping when the core leases the next one. */
  readonly #turns: Serial;
  #slot: LocalSlot | undefined;
  #ending: Promise<void> = Promise.resolve();
  #sessionId: SessionId | undefined;
  #failedStarts = 0;
  #closed = false;
  #cancelLinger: () => void = () => undefined;
  #cancelBeat: (() => void) | undefined;

  constructor(options: LocalWorkerOptions) {
    this.#options = options;
    this.#turns = new Serial((error) => options.log(error, 'an attempt on the coordinator'));
  }

  /** A command for this session is for this slot. */
  owns(sessionId: SessionId): boolean {
    return sessionId === this.#sessionId;
  }

  /** Threads of this process that are its slot's. */
  get threadIds(): readonly number[] {
    return this.#slot?.threadIds ?? [];
  }

  /** How many tabs there are now. */
  tabsChanged(tabs: number): void {
    this.#cancelLinger();
    if (this.#closed) return;
    if (tabs > 0) this.#start();
    else if (this.#slot) this.#cancelLinger = this.#options.shell.clock.after(LINGER_MS, () => this.#end('closed'));
  }

  lease({ attemptId, jobId, stage, sessionId, task }: LeaseCommand): void {
    const point: AttemptPoint = { jobId, stage, attemptId, sessionId, workerId: LOCAL_WORKER, blockId: task.blockId };
    const attempt: LiveAttempt = { point, leasedAtMs: this.#options.shell.clock.nowMs(), running: false };
    this.#live.set(attemptId, attempt);
    this.#cancelBeat ??= this.#options.shell.clock.after(LIMITS.heartbeatMs, () => this.#beat());
    this.#turns.run(() => this.#attempt(attempt, task));
  }

  cancel(attemptId: AttemptId, why: string): void {
    if (this.#live.delete(attemptId)) this.#slot?.stop(attemptId, why);
  }

  /** Resolves when its thread has ended. */
  close(): Promise<void> {
    this.#closed = true;
    this.#cancelLinger();
    this.#end('closed');
    return this.#ending;
  }

  #start(): void {
    if (this.#slot || this.#failedStarts >= STARTS_MAX) return;
    const slot = this.#options.makeSlot();
    this.#slot = slot;
    slot.ready().then(
      () => {
        if (this.#slot === slot) this.#join();
      },
      (error: unknown) => {
        if (this.#slot !== slot) return;
        this.#failedStarts++;
        this.#options.log(error, 'the coordinator’s own slot did not start: tabs do all the work');
        this.#end('closed');
      },
    );
  }

  #join(): void {
    this.#failedStarts = 0;
    this.#sessionId = makeId('ses', randomBytes) as SessionId;
    this.#options.shell.tell({
      type: 'workerJoined',
      sessionId: this.#sessionId,
      workerId: LOCAL_WORKER,
      storeId: LOCAL_STORE,
      traits: LOCAL_TRAITS,
    });
  }

  /** The core hears of it first, so that what ran goes to a tab. */
  #end(why: LostWhy): void {
    const slot = this.#slot;
    const sessionId = this.#sessionId;
    this.#slot = undefined;
    this.#sessionId = undefined;
    this.#live.clear();
    this.#cancelBeat?.();
    this.#cancelBeat = undefined;
    if (sessionId !== undefined) this.#options.shell.tell({ type: 'workerLost', sessionId, why });
    if (slot) this.#ending = Promise.all([this.#ending, slot.close()]).then(() => undefined);
  }

  async #attempt(attempt: LiveAttempt, task: TaskSpec): Promise<void> {
    try {
      await this.#run(attempt, task);
    } catch (error) {
      this.#options.log(error, 'an attempt on the coordinator');
      this.#fail(attempt, { reason: 'resource', code: 'slot-error', message: `The slot failed: ${(error as Error).message}` });
    } finally {
      this.#live.delete(attempt.point.attemptId);
    }
  }

  async #run(attempt: LiveAttempt, task: TaskSpec): Promise<void> {
    const { shell, blocks, breakpoints } = this.#options;
    const { point, leasedAtMs } = attempt;
    await breakpoints.beforeLease?.(point);
    const beganAtMs = shell.clock.nowMs();
    const held = await readHeldInputs(task, blocks);
    const slot = this.#slot;
    if (!slot || !this.#isLive(attempt)) return;
    if (!held.ok) {
      this.#inputLost(attempt, held);
      return;
    }
    const readMs = shell.clock.nowMs() - beganAtMs;
    const read = { queueMs: beganAtMs - leasedAtMs, fetchMs: readMs, cachedBytes: held.bytes };
    // A pace is for people to watch, and the slot keeps it.
    const merged = task.minRunMs === 0 ? mergedTask(task, held.inputs) : undefined;
    if (merged) {
      const computeMs = shell.clock.nowMs() - beganAtMs - readMs;
      await breakpoints.afterLease?.(point);
      await this.#keep(attempt, { ...merged, merged: true }, { ...NO_COSTS, ...read, computeMs });
      return;
    }
    attempt.running = true;
    const running = slot.run({ attemptId: point.attemptId, spec: task, inputs: held.inputs });
    await breakpoints.afterLease?.(point);
    const outcome = await running;
    if (!this.#isLive(attempt)) return;
    if (outcome.kind !== 'succeeded') {
      this.#fail(attempt, outcome.kind === 'failed' ? outcome.failure : NOTHING_RESIDENT);
      return;
    }
    const { digest, accumulators } = outcome;
    const buckets = verifiedBuckets(outcome);
    if (!buckets) {
      this.#fail(attempt, { reason: 'resource', code: 'wrong-digest', message: 'Its bytes have another digest than it told.' });
      return;
    }
    const made = { digest, buckets, ...(accumulators !== undefined && { accumulators }) };
    await this.#keep(attempt, made, { ...NO_COSTS, ...outcome.costs, ...read });
  }

  async #keep({ point }: LiveAttempt, { buckets, ...made }: MadeBlock, costs: AttemptCosts): Promise<void> {
    const { shell, blocks, breakpoints } = this.#options;
    const { sessionId, attemptId, blockId } = point;
    await blocks.putInline(blockId, made.digest, buckets, made.accumulators);
    // Also when it was cancelled meanwhile: only the core can tell whether the block that is kept now is of use.
    const infos = buckets.map(({ info }) => info);
    shell.tell({ type: 'attemptSucceeded', sessionId, attemptId, blockId, ...made, buckets: infos, inline: true, costs });
    await breakpoints.afterAccept?.({ ...point, inline: true });
  }

  #isLive({ point }: LiveAttempt): boolean {
    return this.#live.has(point.attemptId);
  }

  #fail(attempt: LiveAttempt, failure: Failure): void {
    const { attemptId, sessionId } = attempt.point;
    if (this.#live.delete(attemptId)) this.#options.shell.tell({ type: 'attemptFailed', sessionId, attemptId, failure });
  }

  /** Only the coordinator's copy is gone: no slices are named, since copies in tabs may be well. A tab tries next. */
  #inputLost(attempt: LiveAttempt, { blockId, why, message }: LostInput): void {
    this.#options.log(new Error(message), 'an input of an attempt on the coordinator');
    this.#options.shell.tell({ type: 'coordinatorBlockLost', blockId });
    this.#fail(attempt, { reason: 'input', code: `slice-${why}`, message });
  }

  /** Short attempts end before the first one, and are told of by their report alone. */
  #beat(): void {
    this.#cancelBeat = undefined;
    const sessionId = this.#sessionId;
    if (sessionId === undefined || this.#live.size === 0) return;
    const attempts = [...this.#live.values()];
    const started = attempts.filter((attempt) => attempt.running);
    this.#options.shell.tell(
      ...started.map(({ point }): Told => ({ type: 'attemptStarted', sessionId, attemptId: point.attemptId, slot: 0 })),
      { type: 'heartbeatReceived', sessionId, running: attempts.map(({ point }) => point.attemptId) },
    );
    this.#cancelBeat = this.#options.shell.clock.after(LIMITS.heartbeatMs, () => this.#beat());
  }
}

const NOTHING_RESIDENT: Failure = {
  reason: 'resource',
  code: 'residents-thrash',
  message: 'The coordinator’s own slot keeps no tables, and was asked for one.',
};
