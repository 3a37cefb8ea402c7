/**
 * One connection of a worker after its hello: its messages become events, commands for it become messages. Frames of one
 * session are handled strictly in order; whatever goes wrong here closes this session only.
 */
import type { WebSocket } from 'ws';
import type { Failure } from '../../shared/failure.ts';
import type { AttemptId, BlockId, Digest, SessionId, StoreId, WorkerId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { AttemptCosts, BucketInfo, TaskSpec } from '../../shared/plan/task.ts';
import { encodeFrame } from '../../shared/protocol/frames.ts';
import { type CoordinatorMessage, WorkerMessage } from '../../shared/protocol/session.ts';
import { CLOSE, type CloseCode } from '../../shared/protocol/version.ts';
import type { CoreCommand } from '../core/commands.ts';
import type { CoreEvent, ResidentReport, WorkerTraits } from '../core/events.ts';
import type { AttemptPoint, Breakpoints } from './breakpoints.ts';
import { closeSocket } from './close.ts';
import { checkBlockDigest, packLease, readInlineBlock } from './inline.ts';
import { messageChecker, ProtocolError, readFrame } from './messages.ts';
import type { BlockKeeper } from './ports.ts';
import { Serial } from './serial.ts';
import type { Shell, Told } from './shell.ts';
import { ToldRuns } from './told-runs.ts';

type LeaseCommand = Extract<CoreCommand, { type: 'leaseTask' }>;
type Success = Extract<WorkerMessage, { type: 'attemptSucceeded' }>;
type HeldBlock = Extract<CoreEvent, { type: 'inventoryReported' }>['blocks'][number];
type RunningAttempt = Extract<CoreEvent, { type: 'attemptsAnnounced' }>['attempts'][number];
type LostWhy = Extract<Told, { type: 'workerLost' }>['why'];

export const checkWorkerMessage = messageChecker<WorkerMessage>(WorkerMessage);

const FRAME_LIMITS = { text: LIMITS.sessionFrameBytes, binary: LIMITS.sessionBinaryFrameBytes };
/** A returning tab that does not tell what it holds within this time works all the same. */
const INVENTORY_MS = 2_000;
/** Frames that may wait for the one being handled before the socket is told to hold back. */
const INBOUND_HIGH = 256;

export interface SessionDeps {
  readonly shell: Shell;
  readonly blocks: BlockKeeper;
  readonly breakpoints: Breakpoints;
  /** `--pace`: least duration of an attempt; 0 is off. */
  readonly paceMs: number;
  readonly log: (error: unknown, what: string) => void;
  /** Frames written from now on go out together at the end of this turn. */
  readonly hold: () => void;
  /** It lives: called again and again. */
  readonly heard: (session: WorkerSession) => void;
  /** The tab said that it goes, and the core knows. */
  readonly leaves: (session: WorkerSession) => void;
  /** Told once, when the session is over. */
  readonly ended: (session: WorkerSession) => void;
}

export interface SessionIdentity {
  readonly sessionId: SessionId;
  readonly workerId: WorkerId;
  readonly storeId: StoreId;
  /** Lets this session's data socket in. */
  readonly dataKey: string;
  readonly name?: string;
  readonly mode: string;
}

interface Returning {
  /** As it said last; the core is told that it is paused. */
  readonly traits: WorkerTraits;
  readonly cancel: () => void;
}

export class WorkerSession {
  readonly identity: SessionIdentity;
  readonly #socket: WebSocket;
  readonly #deps: SessionDeps;
  /** Leases sent and not yet ended: only these may bring an inline block. */
  readonly #leases = new Map<string, AttemptPoint>();
  readonly #told = new ToldRuns();
  readonly #inbound: Serial;
  readonly #outbound: Serial;
  /** Set while a returning tab has not told what it holds. */
  #returning: Returning | undefined;
  #ended = false;

  constructor(identity: SessionIdentity, socket: WebSocket, deps: SessionDeps) {
    this.identity = identity;
    this.#socket = socket;
    this.#deps = deps;
    this.#inbound = new Serial((error) => this.#failed(error));
    this.#outbound = new Serial((error) => this.#failed(error));
    socket.on('close', () => this.#over('closed'));
    deps.heard(this);
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Lets the core know. A tab that comes back gets its first lease when it has told which blocks are there already. */
  join(traits: WorkerTraits, returning: boolean): void {
    const { shell } = this.#deps;
    const { sessionId, workerId, storeId } = this.identity;
    const waits = returning && !traits.paused;
    if (waits) this.#returning = { traits, cancel: shell.clock.after(INVENTORY_MS, () => this.#returned()) };
    shell.tell({ type: 'workerJoined', sessionId, workerId, storeId, traits: waits ? { ...traits, paused: true } : traits });
  }

  #returned(): void {
    const { traits, cancel } = this.#returning ?? {};
    if (!traits) return;
    cancel?.();
    this.#returning = undefined;
    this.#deps.shell.tell({ type: 'workerChanged', sessionId: this.identity.sessionId, traits });
  }

  readonly receive = (data: Buffer, isBinary: boolean): void => {
    if (this.#ended) return;
    this.#deps.heard(this);
    this.#inbound.run(() => {
      if (this.#ended) return;
      const { message, payload } = readFrame(data, isBinary, FRAME_LIMITS);
      return this.#handle(checkWorkerMessage(message), payload);
    });
    if (this.#inbound.length > INBOUND_HIGH && !this.#socket.isPaused) {
      this.#socket.pause();
      this.#inbound.run(() => this.#socket.resume());
    }
  };

  send(message: CoordinatorMessage): void {
    this.#outbound.run(() => this.#write(message));
  }

  lease(command: LeaseCommand): void {
    const { attemptId, slot, jobId, stage } = command;
    const { sessionId, workerId } = this.identity;
    const point: AttemptPoint = { jobId, stage, attemptId, sessionId, workerId, blockId: command.task.blockId };
    const task: TaskSpec = { ...command.task, minRunMs: Math.max(command.task.minRunMs, this.#deps.paceMs) };
    this.#leases.set(attemptId, point);
    this.#outbound.run(async () => {
      const { beforeLease, afterLease } = this.#deps.breakpoints;
      if (beforeLease) await beforeLease(point);
      // Cancelled or lost while it waited: the worker need never hear of it.
      if (this.#ended || !this.#leases.has(attemptId)) return;
      const { message, parts } = await packLease({ attemptId, slot, task }, this.#deps.blocks);
      const inputs = this.#told.shorten(task.inputs);
      this.#write({ ...message, task: { ...message.task, inputs } }, parts);
      if (afterLease) await afterLease(point);
    });
  }

  cancel(attemptId: AttemptId, why: string): void {
    this.#leases.delete(attemptId);
    this.send({ type: 'cancelAttempt', attemptId, why });
  }

  /** Closes the socket and tells the core, once. `why` is what the core hears. */
  close(code: CloseCode, reason: string, why: LostWhy): void {
    closeSocket(this.#socket, code, reason, this.#deps.shell.clock);
    this.#over(why);
  }

  #handle(message: WorkerMessage, payload: Uint8Array | undefined): void | Promise<void> {
    const { shell } = this.#deps;
    const { sessionId, storeId } = this.identity;
    switch (message.type) {
      case 'hello':
        throw new ProtocolError('hello comes once, as the first frame');
      case 'heartbeat':
        shell.tell({ type: 'heartbeatReceived', sessionId, running: message.running as AttemptId[] });
        // Not behind leases that still gather their inputs: the tab would take the silence for our end.
        this.#write({ type: 'heartbeatSeen', seq: message.seq });
        return;
      case 'traitsChanged':
        if (this.#returning) this.#returning = { ...this.#returning, traits: message.traits };
        else shell.tell({ type: 'workerChanged', sessionId, traits: message.traits });
        return;
      case 'attemptStarted':
        shell.tell({ type: 'attemptStarted', sessionId, attemptId: message.attemptId as AttemptId, slot: message.slot });
        return;
      case 'attemptSucceeded':
        return this.#succeeded(message, payload);
      case 'attemptFailed':
        this.#leases.delete(message.attemptId);
        shell.tell(...this.#residents(message.residents), {
          type: 'attemptFailed',
          sessionId,
          attemptId: message.attemptId as AttemptId,
          failure: message.failure as Failure,
        });
        return;
      case 'residentsChanged':
        shell.tell(...this.#residents(message.changes));
        return;
      case 'blocksDropped':
        shell.tell({ type: 'blocksDropped', storeId, blockIds: message.blockIds as BlockId[] });
        return;
      case 'inventory':
        shell.tell({ type: 'inventoryReported', sessionId, blocks: message.blocks as HeldBlock[], last: message.last });
        if (message.last) this.#returned();
        return;
      case 'attemptsRunning':
        shell.tell({ type: 'attemptsAnnounced', sessionId, attempts: message.attempts as RunningAttempt[] });
        return;
      case 'storeChanged':
        shell.tell({ type: 'storeChanged', sessionId, outputBytes: message.outputBytes, capBytes: message.capBytes });
        return;
      case 'leaving':
        shell.tell({ type: 'workerLeaving', sessionId });
        this.#deps.leaves(this);
    }
  }

  async #succeeded(message: Success, payload: Uint8Array | undefined): Promise<void> {
    const { sessionId } = this.identity;
    const point = this.#leases.get(message.attemptId);
    this.#leases.delete(message.attemptId);
    if (point && point.blockId !== message.blockId)
      throw new ProtocolError('attemptSucceeded names another block than its lease');
    checkBlockDigest(message);
    const inline = await this.#keepInline(message, payload, point !== undefined);
    if (this.#ended) return;
    this.#deps.shell.tell(
      // First the residents: the success may lease the next task to this very slot.
      ...this.#residents(message.residents),
      {
        type: 'attemptSucceeded',
        sessionId,
        attemptId: message.attemptId as AttemptId,
        blockId: message.blockId as BlockId,
        digest: message.digest as Digest,
        buckets: message.buckets as unknown as readonly BucketInfo[],
        inline,
        costs: message.costs as AttemptCosts,
        ...(message.log !== undefined && { log: message.log }),
        ...(message.accumulators !== undefined && { accumulators: message.accumulators }),
      },
    );
    if (point) await this.#deps.breakpoints.afterAccept?.({ ...point, inline });
  }

  /** True when the coordinator now keeps the block. A late report's bytes are checked and not kept. */
  async #keepInline(message: Success, payload: Uint8Array | undefined, live: boolean): Promise<boolean> {
    if ((message.inline === undefined) !== (payload === undefined)) {
      throw new ProtocolError('an inline block comes in a binary frame, and only there');
    }
    if (payload === undefined) return false;
    const buckets = readInlineBlock(message, payload);
    if (!live) return false;
    try {
      await this.#deps.blocks.putInline(message.blockId as BlockId, message.digest as Digest, buckets, message.accumulators);
      return true;
    } catch (error) {
      // The tab keeps its block, so the coordinator may do without a copy: disk full must not fail the task.
      this.#deps.log(error, 'could not keep an inline block');
      return false;
    }
  }

  #residents(changes: readonly ResidentReport[]): Told[] {
    return changes.length > 0 ? [{ type: 'residentsChanged', sessionId: this.identity.sessionId, changes }] : [];
  }

  #write(message: CoordinatorMessage, parts: readonly Uint8Array[] = []): void {
    if (this.#ended || this.#socket.readyState !== this.#socket.OPEN) return;
    this.#deps.hold();
    this.#socket.send(parts.length > 0 ? encodeFrame(message, parts) : JSON.stringify(message));
  }

  #failed(error: unknown): void {
    if (this.#ended) return;
    if (error instanceof ProtocolError) {
      this.close(CLOSE.badMessage, error.message, 'protocol');
      return;
    }
    this.#deps.log(error, 'a session failed');
    this.close(CLOSE.goingAway, 'the coordinator met an error of its own in this session', 'closed');
  }

  #over(why: LostWhy): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#returning?.cancel();
    this.#inbound.clear();
    this.#outbound.clear();
    this.#leases.clear();
    this.#deps.ended(this);
    this.#deps.shell.tell({ type: 'workerLost', sessionId: this.identity.sessionId, why });
  }

  /** It was not heard of for too long. */
  silent(): void {
    this.close(CLOSE.silent, `silent for ${LIMITS.sessionSilenceMs} ms`, 'silent');
  }
}
