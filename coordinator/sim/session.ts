/**
 * One session of a tab: coordinator/sessions/session.ts without sockets and promises. Messages become events, commands become messages;
 * frames are handled in order, and one whose block has to be kept holds up those behind it.
 */
import type { Failure } from '../../shared/failure.ts';
import type { AttemptId, Digest, SessionId, StoreId, WorkerId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { AttemptCosts, BucketInfo, TaskSpec } from '../../shared/plan/task.ts';
import { CLOSE, type CloseCode } from '../../shared/protocol/version.ts';
import type { CoreCommand } from '../core/commands.ts';
import type { CoreEvent, WorkerTraits } from '../core/events.ts';
import { checkBlockDigest } from '../sessions/inline.ts';
import { ProtocolError } from '../sessions/messages.ts';
import type { Told } from '../sessions/shell.ts';
import { type LeasedInput, ToldRuns } from '../sessions/told-runs.ts';
import type { CoordinatorBlocks } from './coordinator-blocks.ts';
import { type Bytes, bucketKey, type Copy, isDamaged } from './engine.ts';
import { asBlockIds, type CoordinatorFrame, type SessionWire, type WorkerFrame } from './frames.ts';

type LeaseCommand = Extract<CoreCommand, { type: 'leaseTask' }>;
type LostWhy = Extract<Told, { type: 'workerLost' }>['why'];
type Line = Extract<CoreEvent, { type: 'inventoryReported' }>['blocks'][number];
type RunningAttempt = Extract<CoreEvent, { type: 'attemptsAnnounced' }>['attempts'][number];
type Success = Extract<WorkerFrame['message'], { type: 'attemptSucceeded' }>;

/** As in sessions/session.ts. */
const INVENTORY_MS = 2_000;

export interface SessionIdentity {
  readonly sessionId: SessionId;
  readonly workerId: WorkerId;
  readonly storeId: StoreId;
}

export interface SessionDeps {
  readonly nowMs: () => number;
  /** Passes only while the coordinator lives. */
  readonly after: (delayMs: number, act: () => void) => () => void;
  readonly tell: (...events: readonly Told[]) => void;
  readonly blocks: CoordinatorBlocks;
  /** How long a small block takes to be kept, and a lease to be packed. */
  readonly keepMs: () => number;
  readonly packMs: () => number;
  /** Checks a message against the protocol's schema; throws ProtocolError. */
  readonly check: (message: WorkerFrame['message']) => void;
  readonly leaves: (sessionId: SessionId) => void;
  readonly ended: (session: Session) => void;
  readonly isDeaf: boolean;
  /** Runs that were told are named by the number before theirs (a planted bug). */
  readonly mixesTold: boolean;
}

export class Session {
  readonly identity: SessionIdentity;
  readonly #wire: SessionWire;
  readonly #deps: SessionDeps;
  /** Leases sent and not yet ended, with the block that each is for. */
  readonly #leases = new Map<string, string>();
  readonly #told = new ToldRuns();
  readonly #inbound: WorkerFrame[] = [];
  #isBusy = false;
  #outboundAtMs = 0;
  #outboundWaiting = 0;
  #heardAtMs: number;
  #returning: { readonly traits: WorkerTraits; readonly cancel: () => void } | undefined;
  isEnded = false;

  constructor(identity: SessionIdentity, wire: SessionWire, deps: SessionDeps) {
    this.identity = identity;
    this.#wire = wire;
    this.#deps = deps;
    this.#heardAtMs = deps.nowMs();
    if (!deps.isDeaf) this.#watchSilence();
  }

  /** A tab that comes back gets its first lease when it has told which blocks are there already. */
  join(traits: WorkerTraits, returning: boolean): void {
    const waits = returning && !traits.paused;
    if (waits) this.#returning = { traits, cancel: this.#deps.after(INVENTORY_MS, () => this.#returned()) };
    this.#deps.tell({ type: 'workerJoined', ...this.identity, traits: waits ? { ...traits, paused: true } : traits });
  }

  #returned(): void {
    const { traits, cancel } = this.#returning ?? {};
    if (!traits || this.isEnded) return;
    cancel?.();
    this.#returning = undefined;
    this.#deps.tell({ type: 'workerChanged', sessionId: this.identity.sessionId, traits });
  }

  receive(frame: WorkerFrame): void {
    if (this.isEnded) return;
    this.#heardAtMs = this.#deps.nowMs();
    this.#inbound.push(frame);
    this.#work();
  }

  get waiting(): number {
    return this.#inbound.length;
  }

  send(frame: CoordinatorFrame): void {
    this.#outbound(() => this.#write(frame));
  }

  lease({ attemptId, slot, task }: LeaseCommand): void {
    this.#leases.set(attemptId, task.blockId);
    this.#outboundAtMs = Math.max(this.#outboundAtMs, this.#deps.nowMs()) + this.#deps.packMs();
    this.#outbound(() => {
      if (!this.#leases.has(attemptId)) return;
      const inputs = this.#told.shorten(task.inputs).map((input) => (this.#deps.mixesTold ? misnamed(input) : input));
      this.#write({ type: 'lease', attemptId, slot, task, inputs, inline: this.#pack(task) });
    });
  }

  cancel(attemptId: AttemptId, why: string): void {
    this.#leases.delete(attemptId);
    this.send({ type: 'cancelAttempt', attemptId, why });
  }

  close(code: CloseCode, reason: string, why: LostWhy): void {
    this.#wire.closeByCoordinator(code, reason);
    this.over(why);
  }

  over(why: LostWhy): void {
    if (this.isEnded) return;
    this.isEnded = true;
    this.#returning?.cancel();
    this.#inbound.length = 0;
    this.#leases.clear();
    this.#deps.ended(this);
    this.#deps.tell({ type: 'workerLost', sessionId: this.identity.sessionId, why });
  }

  #work(): void {
    for (let frame = this.#isBusy ? undefined : this.#inbound.shift(); frame; frame = this.#next()) {
      try {
        this.#deps.check(frame.message);
        this.#handle(frame);
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        this.close(CLOSE.badMessage, error.message, 'protocol');
      }
    }
  }

  #next(): WorkerFrame | undefined {
    return this.#isBusy || this.isEnded ? undefined : this.#inbound.shift();
  }

  #handle({ message, inline }: WorkerFrame): void {
    const { tell } = this.#deps;
    const { sessionId, storeId } = this.identity;
    switch (message.type) {
      case 'hello':
        throw new ProtocolError('hello comes once, as the first frame');
      case 'heartbeat':
        tell({ type: 'heartbeatReceived', sessionId, running: message.running as AttemptId[] });
        this.#write({ type: 'heartbeatSeen', seq: message.seq });
        return;
      case 'traitsChanged':
        if (this.#returning) this.#returning = { ...this.#returning, traits: message.traits };
        else tell({ type: 'workerChanged', sessionId, traits: message.traits });
        return;
      case 'attemptStarted':
        tell({ type: 'attemptStarted', sessionId, attemptId: message.attemptId as AttemptId, slot: message.slot });
        return;
      case 'attemptSucceeded':
        this.#succeeded(message, inline);
        return;
      case 'attemptFailed':
        this.#leases.delete(message.attemptId);
        tell({
          type: 'attemptFailed',
          sessionId,
          attemptId: message.attemptId as AttemptId,
          failure: message.failure as Failure,
        });
        return;
      case 'residentsChanged':
        tell({ type: 'residentsChanged', sessionId, changes: message.changes });
        return;
      case 'blocksDropped':
        tell({ type: 'blocksDropped', storeId, blockIds: asBlockIds(message.blockIds) });
        return;
      case 'inventory':
        tell({ type: 'inventoryReported', sessionId, blocks: message.blocks as Line[], last: message.last });
        if (message.last) this.#returned();
        return;
      case 'attemptsRunning':
        tell({ type: 'attemptsAnnounced', sessionId, attempts: message.attempts as RunningAttempt[] });
        return;
      case 'storeChanged':
        tell({ type: 'storeChanged', sessionId, outputBytes: message.outputBytes, capBytes: message.capBytes });
        return;
      case 'leaving':
        tell({ type: 'workerLeaving', sessionId });
        this.#deps.leaves(sessionId);
    }
  }

  #succeeded(message: Success, inline: Copy | undefined): void {
    const leased = this.#leases.get(message.attemptId);
    this.#leases.delete(message.attemptId);
    if (leased !== undefined && leased !== message.blockId)
      throw new ProtocolError('attemptSucceeded names another block than its lease');
    checkBlockDigest(message);
    if (inline && isDamaged(inline)) throw new ProtocolError('the bytes of an inline slice have another digest');
    if (!inline || leased === undefined) {
      this.#accept(message, false);
      return;
    }
    this.#isBusy = true;
    this.#deps.after(this.#deps.keepMs(), () => {
      this.#isBusy = false;
      // It is kept whatever became of the session; only the core can tell whether it is of use.
      this.#deps.blocks.putInline(inline);
      if (this.isEnded) return;
      this.#accept(message, true);
      this.#work();
    });
  }

  #accept(message: Success, inline: boolean): void {
    const { sessionId } = this.identity;
    const { attemptId, blockId, digest, buckets, costs, residents, accumulators } = message;
    this.#deps.tell(...(residents.length > 0 ? [{ type: 'residentsChanged' as const, sessionId, changes: residents }] : []), {
      type: 'attemptSucceeded',
      sessionId,
      attemptId: attemptId as AttemptId,
      blockId: asBlockIds([blockId])[0] as Line['blockId'],
      digest: digest as Digest,
      buckets: buckets as unknown as readonly BucketInfo[],
      inline,
      costs: costs as AttemptCosts,
      ...(accumulators !== undefined && { accumulators }),
    });
  }

  /** Small stage inputs that the coordinator holds ride along. */
  #pack(task: TaskSpec): Map<string, Bytes> {
    const inline = new Map<string, Bytes>();
    for (const input of task.inputs) {
      if (input.kind !== 'slices') continue;
      for (const { blockId, bucket, digest, bytes } of input.slices) {
        const copy = bytes <= LIMITS.inlineBlockBytes ? this.#deps.blocks.get(blockId) : undefined;
        const found = copy?.infos[bucket]?.digest === digest ? copy.buckets[bucket] : undefined;
        if (found) inline.set(bucketKey(blockId, bucket), found);
      }
    }
    return inline;
  }

  /** Leases are packed one after the other, and what is said meanwhile goes out behind them. */
  #outbound(act: () => void): void {
    const delayMs = this.#outboundAtMs - this.#deps.nowMs();
    if (delayMs <= 0 && this.#outboundWaiting === 0) {
      act();
      return;
    }
    this.#outboundWaiting++;
    this.#deps.after(delayMs, () => {
      this.#outboundWaiting--;
      act();
    });
  }

  #write(frame: CoordinatorFrame): void {
    if (!this.isEnded) this.#wire.toTab(frame);
  }

  #watchSilence(): void {
    const leftMs = this.#heardAtMs + LIMITS.sessionSilenceMs - this.#deps.nowMs();
    if (this.isEnded) return;
    if (leftMs > 0) this.#deps.after(leftMs, () => this.#watchSilence());
    else this.close(CLOSE.silent, `silent for ${LIMITS.sessionSilenceMs} ms`, 'silent');
  }
}

function misnamed(input: LeasedInput): LeasedInput {
  return input.kind === 'told' ? { ...input, told: Math.max(0, input.told - 1) } : input;
}
