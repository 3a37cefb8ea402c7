/**
 * Answers one fetch of a worker: from the coordinator's own blocks, or through tabs that hold the slices, a few MiB ahead and from
 * several holders at once. Slices go out one after the other, those first that are complete.
 */
import type { Clock } from '../../shared/clock.ts';
import type { SessionId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { Slice } from '../../shared/plan/task.ts';
import type { PieceHeader } from '../../shared/protocol/data.ts';
import { BlockError } from './errors.ts';
import { Credit, TransferStopped } from './relay-credit.ts';
import type { FlowReader, SliceFlow } from './relay-flow.ts';
import { Itinerary, type ItineraryDeps } from './relay-itinerary.ts';
import { KeptAhead, type RelayBlocks } from './relay-kept.ts';
import type { DataPeer, FetchMessage } from './relay-peer.ts';
import type { FlowPool } from './relay-pool.ts';
import type { Pulls } from './relay-pulls.ts';
import type { FailedWhy } from './relay-upstream.ts';

export interface DeliveryDeps extends ItineraryDeps {
  readonly clock: Clock;
  readonly idleMs: number;
  readonly blocks: RelayBlocks;
  readonly pool: FlowPool;
  readonly pulls: Pick<Pulls, 'pull' | 'pullBytes'>;
  /** The coordinator's own copy is damaged or gone. */
  readonly damaged: (blockId: Slice['blockId'], error: unknown) => void;
  /** A slice of the coordinator's own went to a session whole. */
  readonly served: (sessionId: SessionId, blockId: Slice['blockId']) => void;
  readonly moved: (bytes: number, relayed: boolean) => void;
}

/** What one fetch has asked of holders and not yet sent on; more is asked when less than that is left. */
const AHEAD_BYTES = 8 * LIMITS.pieceBytes;

export class Delivery {
  readonly #peer: DataPeer;
  readonly #fetchId: string;
  readonly #slices: readonly Slice[];
  readonly #deps: DeliveryDeps;
  readonly #credit: Credit;
  readonly #itinerary: Itinerary;
  readonly #kept: KeptAhead;
  readonly #readers = new Map<number, FlowReader>();
  /** Slices neither sent whole nor failed. */
  readonly #open: Set<number>;
  #aheadBytes = 0;
  #stopped: TransferStopped | undefined;
  #wake: () => void = () => undefined;

  constructor(peer: DataPeer, message: FetchMessage, deps: DeliveryDeps) {
    this.#peer = peer;
    this.#fetchId = message.fetchId;
    this.#deps = deps;
    this.#credit = new Credit(message.creditBytes, deps.clock, deps.idleMs);
    this.#itinerary = new Itinerary(peer.sessionId, message.slices, deps);
    this.#slices = this.#itinerary.slices;
    this.#kept = new KeptAhead(deps.blocks, this.#slices, this.#itinerary.kept);
    this.#open = new Set(message.slices.keys());
  }

  addCredit(bytes: number): void {
    this.#credit.add(bytes);
  }

  stop(why: TransferStopped['why']): void {
    this.#stopped ??= new TransferStopped(why);
    this.#credit.stop(why);
    this.#wake();
  }

  /** Resolves when each slice was sent or has failed, or the consumer went away or stopped reading. */
  async run(): Promise<void> {
    try {
      for (const [index, why] of this.#itinerary.hopeless()) this.#fail(index, why);
      while (this.#open.size > 0) await this.#step();
    } catch (error) {
      if (error instanceof TransferStopped && error.why !== 'timeout') return;
      // It gave no credit for too long, or reading failed here: it must not wait for what never comes.
      for (const index of this.#open) this.#fail(index, 'timeout');
      if (!(error instanceof TransferStopped)) throw error;
    } finally {
      for (const reader of this.#readers.values()) reader.close();
      this.#kept.close();
      if (this.#open.size === 0) this.#peer.send({ type: 'done', fetchId: this.#fetchId });
    }
  }

  async #step(): Promise<void> {
    this.#ask();
    const next = this.#ready(true);
    if (next !== undefined) return this.#pass(next);
    const kept = this.#itinerary.nextKept();
    if (kept !== undefined) return this.#sendKept(kept);
    const arriving = this.#ready(false);
    if (arriving !== undefined) return this.#pass(arriving);
    await this.#news();
  }

  /** Reads on what passes through for others, then asks holders for more, one after the other, until enough is on the way. */
  #ask(): void {
    const { pool, pulls } = this.#deps;
    while (this.#aheadBytes < AHEAD_BYTES) {
      const passing = this.#itinerary.passing(AHEAD_BYTES - this.#aheadBytes, (slice) => pool.has(slice));
      for (const index of passing) this.#read(index);
      const group = passing.length > 0 ? undefined : this.#itinerary.nextGroup(pulls.pullBytes);
      if (group) {
        const flows = group.indices.map((index) => this.#read(index)).filter((flow) => flow !== undefined);
        if (flows.length > 0) pulls.pull(group.holder, flows);
      } else if (passing.length === 0) return;
    }
  }

  /** Begins to read a slice; answers its flow when somebody must fill it. */
  #read(index: number): SliceFlow | undefined {
    const { pool } = this.#deps;
    const slice = this.#slice(index);
    const wake = (): void => this.#wake();
    const joined = pool.join(slice, wake);
    const reader = joined ?? pool.open(slice, wake);
    this.#readers.set(index, reader);
    this.#aheadBytes += slice.bytes;
    return joined ? undefined : reader.flow;
  }

  /** A slice to send next: a complete (or failed) one, else the one that has come farthest. */
  #ready(complete: boolean): number | undefined {
    let found: number | undefined;
    let most = 0;
    for (const [index, { flow, ready }] of this.#readers) {
      if (!ready) continue;
      if (flow.state !== 'arriving') return index;
      if (complete || flow.receivedBytes <= most) continue;
      most = flow.receivedBytes;
      found = index;
    }
    return found;
  }

  /** Sends a slice from its flow, as it comes. */
  async #pass(index: number): Promise<void> {
    const reader = this.#readers.get(index);
    if (!reader) return;
    const { flow } = reader;
    const { bytes: total } = flow.slice;
    for (;;) {
      const part = reader.take();
      if (part) {
        const bytes = part.bytes instanceof Promise ? await part.bytes : part.bytes;
        await this.#send(index, { codec: 'raw', total, rawBytes: total }, bytes, part.at, () => reader.release());
        this.#deps.moved(bytes.byteLength, true);
      } else if (flow.state === 'arriving') await this.#news();
      else break;
    }
    this.#readers.delete(index);
    this.#aheadBytes -= total;
    reader.finish();
    if (flow.state !== 'failed') return;
    const why = flow.why ?? 'missing';
    // Once pieces went out, starting over from another holder would confuse the order of offsets.
    if (reader.begun) return this.#fail(index, why);
    const refused = this.#itinerary.again(index, why);
    if (refused) this.#fail(index, refused);
  }

  async #sendKept(index: number): Promise<void> {
    const slice = this.#slice(index);
    let sent = 0;
    try {
      const open = await this.#kept.open(index);
      if (open?.digest !== slice.digest) return this.#notKept(index, open === undefined ? 'gone' : 'other');
      const head = { codec: open.codec, total: open.storedBytes, rawBytes: open.rawBytes };
      for await (const bytes of open.pieces()) {
        await this.#send(index, head, bytes, sent, () => undefined);
        sent += bytes.byteLength;
      }
      this.#deps.moved(sent, false);
      this.#deps.served(this.#peer.sessionId, slice.blockId);
    } catch (error) {
      if (!(error instanceof BlockError) || error.code !== 'corrupt') throw error;
      this.#deps.damaged(slice.blockId, error);
      if (sent > 0) this.#fail(index, 'corrupt');
      else this.#notKept(index, 'other');
    }
  }

  /** The coordinator has no such bytes (any more): a tab may. */
  #notKept(index: number, why: 'gone' | 'other'): void {
    const { blockId } = this.#slice(index);
    if (why === 'gone' && this.#deps.blocks.has(blockId)) this.#deps.damaged(blockId, new Error('its file is gone'));
    const refused = this.#itinerary.again(index, 'missing', false);
    if (refused) this.#fail(index, refused);
  }

  /** Sends bytes that start at `at` of their slice, in pieces within the credit. */
  async #send(
    index: number,
    head: Pick<PieceHeader, 'codec' | 'total' | 'rawBytes'>,
    bytes: Uint8Array,
    at: number,
    left: () => void,
  ): Promise<void> {
    const { codec, total, rawBytes } = head;
    let sent = 0;
    do {
      const rest = bytes.byteLength - sent;
      const granted = rest === 0 ? 0 : await this.#credit.take(Math.min(rest, LIMITS.pieceBytes));
      if (this.#peer.closed) throw new TransferStopped('closed');
      const header: PieceHeader = { type: 'piece', fetchId: this.#fetchId, index, offset: at + sent, total, codec, rawBytes };
      const last = granted === rest;
      const behind = this.#peer.sendPiece(header, bytes.subarray(sent, sent + granted), last ? left : () => undefined);
      if (behind) await behind;
      sent += granted;
    } while (sent < bytes.byteLength);
    if (at + sent >= total) this.#open.delete(index);
  }

  /** Resolves when anything has changed; rejects with TransferStopped, also when nothing did for too long. */
  #news(): Promise<void> {
    if (this.#stopped) return Promise.reject(this.#stopped);
    return new Promise((resolve, reject) => {
      const cancel = this.#deps.clock.after(this.#deps.idleMs, () => reject(new TransferStopped('timeout')));
      this.#wake = () => {
        this.#wake = () => undefined;
        cancel();
        if (this.#stopped) reject(this.#stopped);
        else resolve();
      };
    });
  }

  #fail(index: number, why: FailedWhy): void {
    this.#open.delete(index);
    this.#peer.send({ type: 'sliceFailed', fetchId: this.#fetchId, index, why });
  }

  #slice(index: number): Slice {
    const slice = this.#slices[index];
    if (!slice) throw new Error(`the fetch has no slice ${index}`);
    return slice;
  }
}
