/**
 * The coordinator's side of the data sockets. Workers fetch slices of their live leases here and nowhere else; what the
 * coordinator does not hold streams through from a tab that does: pulled once for all who read it at about the same time, kept in
 * bounded memory, and on disk where readers are slow.
 */
import type { FastifyRequest } from 'fastify';
import type { WebSocket } from 'ws';
import type { Clock } from '../../shared/clock.ts';
import type { BlockId, SessionId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { BucketInfo } from '../../shared/plan/task.ts';
import type { DataMessage } from '../../shared/protocol/data.ts';
import { CLOSE, PROTOCOL } from '../../shared/protocol/version.ts';
import type { Guard } from '../auth/guard.ts';
import { afterHello, endOnError } from '../sessions/after-hello.ts';
import { closeSocket } from '../sessions/close.ts';
import { ProtocolError, readFrame, typeOf } from '../sessions/messages.ts';
import type { CreateFile } from './files.ts';
import { Delivery, type DeliveryDeps } from './relay-delivery.ts';
import type { RelayBlocks } from './relay-kept.ts';
import { checkDataMessage, DATA_FRAME_LIMITS, DataPeer, type FetchMessage, type PeerDeps } from './relay-peer.ts';
import { FlowPool } from './relay-pool.ts';
import { Pulls } from './relay-pulls.ts';
import type { FailedWhy } from './relay-upstream.ts';
import { SpillFiles } from './spill-files.ts';

/** Part of the idle time that a pull may wait for room: its readers still wait when it fails. */
const ROOM_SHARE = 0.6;
/** Block ids remembered of what a session was sent. */
const SERVED_MOST = 20_000;
const NONE: ReadonlySet<BlockId> = new Set();

export interface RelayOptions {
  readonly clock: Clock;
  readonly guard: Guard;
  readonly blocks: RelayBlocks;
  /** A folder for what slow readers have not read yet; emptied at each start. */
  readonly spillDir: () => Promise<string>;
  readonly createFile?: CreateFile;
  /** Override LIMITS.relayMemoryBytes and LIMITS.relayDiskBytes in tests. */
  readonly memoryBytes?: number;
  readonly diskBytes?: number;
  /** Overrides LIMITS.transferIdleMs in tests. */
  readonly idleMs?: number;
  /** The session behind a data key; undefined when there is none. */
  readonly session: (sessionId: string, dataKey: string) => SessionId | undefined;
  /** Whether a live lease of this session reads the slice. */
  readonly leased: (sessionId: SessionId, blockId: BlockId, bucket: number) => boolean;
  /** The accepted buckets of a task's output. */
  readonly accepted: (blockId: BlockId) => readonly BucketInfo[] | undefined;
  readonly holders: (blockId: BlockId) => readonly SessionId[];
  readonly lacks: (holder: SessionId, blockId: BlockId, why: FailedWhy) => void;
  /** The coordinator's own copy proved to be damaged or gone. */
  readonly damaged: (blockId: BlockId, error: unknown) => void;
  /** The peer broke the protocol on its data socket: its session ends too, or its blocks would stay listed and unreachable. */
  readonly broken: (sessionId: SessionId, reason: string) => void;
  /** For tests: the first bytes have come of what a tab was asked for; the rest is taken when this resolves. */
  readonly serving?: ((holder: SessionId, blockIds: readonly BlockId[]) => Promise<void>) | undefined;
  readonly log: (error: unknown, what: string) => void;
}

export interface RelayTotals {
  /** To workers, of the coordinator's own blocks. */
  readonly servedBytes: number;
  /** To workers, from others; `pulledBytes` is what those others sent: less where several read one slice. */
  readonly relayedBytes: number;
  readonly pulledBytes: number;
  /** Now in memory and on disk on its way, and all that ever went to disk. */
  readonly memoryBytes: number;
  readonly diskBytes: number;
  readonly spilledBytes: number;
  readonly peers: number;
  readonly fetches: number;
}

export class Relay {
  readonly #options: RelayOptions;
  readonly #idleMs: number;
  readonly #peers = new Map<SessionId, DataPeer>();
  readonly #deliveries = new Map<DataPeer, Map<string, Delivery>>();
  readonly #pool: FlowPool;
  readonly #pulls: Pulls;
  readonly #served = new Map<SessionId, Set<BlockId>>();
  #servedBytes = 0;
  #relayedBytes = 0;

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#idleMs = options.idleMs ?? LIMITS.transferIdleMs;
    const { clock, log, memoryBytes, diskBytes, createFile, serving } = options;
    const spill = new SpillFiles({
      dir: options.spillDir,
      capBytes: diskBytes ?? LIMITS.relayDiskBytes,
      ...(createFile && { create: createFile }),
    });
    this.#pool = new FlowPool({ clock, spill, log, ...(memoryBytes !== undefined && { memoryBytes }) });
    this.#pulls = new Pulls({
      clock,
      log,
      pool: this.#pool,
      idleMs: this.#idleMs * ROOM_SHARE,
      lacks: (holder, blockId, why) => options.lacks(holder.sessionId, blockId, why),
      ...(serving && {
        begun: ({ sessionId }, slices) => serving(sessionId, [...new Set(slices.map(({ blockId }) => blockId))]),
      }),
    });
  }

  /** A new socket on /v1/data; its Host was checked before the upgrade. */
  accept(socket: WebSocket, request: FastifyRequest): void {
    const { guard, clock, log } = this.#options;
    endOnError(socket, 'data socket', log);
    if (!guard.originAllowed(request.headers.origin, request.headers.host)) {
      closeSocket(socket, CLOSE.origin, 'this page is not the coordinator’s own; see --allow-origin', clock);
      return;
    }
    afterHello(socket, clock, (data, isBinary) => {
      const admitted = this.#greet(data, isBinary);
      if (!('code' in admitted)) return this.#admit(admitted.sessionId, socket).receive;
      closeSocket(socket, admitted.code, admitted.reason, clock);
      return undefined;
    });
  }

  peer(sessionId: SessionId): DataPeer | undefined {
    return this.#peers.get(sessionId);
  }

  /** The session ended: its data socket has no more to do. */
  detach(sessionId: SessionId): void {
    this.#peers.get(sessionId)?.close('its session is over');
    this.#served.delete(sessionId);
  }

  /** Blocks of the coordinator's own that were sent to a session; of very many, the last ones. */
  served(sessionId: SessionId): ReadonlySet<BlockId> {
    return this.#served.get(sessionId) ?? NONE;
  }

  totals(): RelayTotals {
    let fetches = 0;
    for (const deliveries of this.#deliveries.values()) fetches += deliveries.size;
    return {
      ...this.#pool.usage,
      servedBytes: this.#servedBytes,
      relayedBytes: this.#relayedBytes,
      pulledBytes: this.#pulls.pulledBytes,
      peers: this.#peers.size,
      fetches,
    };
  }

  close(): void {
    for (const peer of [...this.#peers.values()]) peer.close('the coordinator stops');
  }

  #greet(
    data: Buffer,
    isBinary: boolean,
  ): { readonly sessionId: SessionId } | { readonly code: (typeof CLOSE)[keyof typeof CLOSE]; readonly reason: string } {
    try {
      if (isBinary) throw new ProtocolError('hello is a text frame');
      const { message } = readFrame(data, false, DATA_FRAME_LIMITS);
      if (typeOf(message) !== 'hello') throw new ProtocolError('the first frame must be a hello');
      const { protocol } = message as { readonly protocol?: unknown };
      if (typeof protocol === 'number' && protocol !== PROTOCOL) {
        return { code: CLOSE.version, reason: `protocol ${PROTOCOL} is spoken here, not ${protocol}: reload the page` };
      }
      const hello = checkDataMessage(message) as Extract<DataMessage, { type: 'hello' }>;
      const sessionId = this.#options.session(hello.sessionId, hello.dataKey);
      return sessionId ? { sessionId } : { code: CLOSE.token, reason: 'no such session, or another data key' };
    } catch (error) {
      if (!(error instanceof ProtocolError)) this.#options.log(error, 'a data hello failed');
      return { code: CLOSE.badMessage, reason: (error as Error).message };
    }
  }

  #admit(sessionId: SessionId, socket: WebSocket): DataPeer {
    // The newer socket of a session wins: the older is a connection that has not noticed its end.
    this.#peers.get(sessionId)?.close('another data socket of this session took its place');
    const deps: PeerDeps = {
      clock: this.#options.clock,
      idleMs: this.#idleMs,
      log: this.#options.log,
      fetch: (from, message) => this.#fetch(from, message),
      credit: (from, fetchId, bytes) => this.#deliveries.get(from)?.get(fetchId)?.addCredit(bytes),
      abort: (from, fetchId) => this.#deliveries.get(from)?.get(fetchId)?.stop('aborted'),
      gone: (from, broken) => this.#gone(from, broken),
    };
    const peer = new DataPeer(sessionId, socket, deps);
    this.#peers.set(sessionId, peer);
    this.#deliveries.set(peer, new Map());
    peer.send({ type: 'ready' });
    return peer;
  }

  #fetch(peer: DataPeer, message: FetchMessage): void {
    const deliveries = this.#deliveries.get(peer);
    if (!deliveries) return;
    if (deliveries.has(message.fetchId)) throw new ProtocolError('fetch: this fetchId is in use');
    if (deliveries.size >= LIMITS.fetchesPerSocket)
      throw new ProtocolError(`fetch: more than ${LIMITS.fetchesPerSocket} at once`);
    const delivery = new Delivery(peer, message, this.#deliveryDeps());
    deliveries.set(message.fetchId, delivery);
    delivery
      .run()
      .catch((error: unknown) => this.#options.log(error, 'a fetch failed'))
      .finally(() => deliveries.delete(message.fetchId));
  }

  #deliveryDeps(): DeliveryDeps {
    const { clock, blocks, leased, accepted, damaged } = this.#options;
    return {
      clock,
      blocks,
      leased,
      accepted,
      damaged,
      idleMs: this.#idleMs,
      pool: this.#pool,
      pulls: this.#pulls,
      holders: (blockId, except) => this.#holders(blockId, except),
      served: (sessionId, blockId) => this.#noteServed(sessionId, blockId),
      moved: (bytes, relayed) => {
        if (relayed) this.#relayedBytes += bytes;
        else this.#servedBytes += bytes;
      },
    };
  }

  #noteServed(sessionId: SessionId, blockId: BlockId): void {
    const served = this.#served.get(sessionId) ?? new Set();
    served.delete(blockId);
    served.add(blockId);
    this.#served.set(sessionId, served);
    const [oldest] = served;
    if (served.size > SERVED_MOST && oldest !== undefined) served.delete(oldest);
  }

  #holders(blockId: BlockId, except: SessionId): readonly DataPeer[] {
    const peers: DataPeer[] = [];
    for (const sessionId of this.#options.holders(blockId)) {
      const peer = sessionId === except ? undefined : this.#peers.get(sessionId);
      if (peer) peers.push(peer);
    }
    return peers;
  }

  #gone(peer: DataPeer, broken: string | undefined): void {
    for (const delivery of this.#deliveries.get(peer)?.values() ?? []) delivery.stop('closed');
    this.#deliveries.delete(peer);
    if (this.#peers.get(peer.sessionId) === peer) this.#peers.delete(peer.sessionId);
    if (broken !== undefined) this.#options.broken(peer.sessionId, broken);
  }
}
