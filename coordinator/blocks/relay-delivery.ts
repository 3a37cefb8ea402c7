/** Answers one fetch of a worker: slice by slice, from the coordinator's own blocks or through a holder tab. */
import type { BlockId, Digest, SessionId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { BucketInfo, Slice } from '../../shared/plan/task.ts';
import type { PieceHeader } from '../../shared/protocol/data.ts';
import type { BlockKeeper, KeptSlice } from '../sessions/ports.ts';
import { type Credit, TransferStopped } from './relay-credit.ts';
import type { DataPeer, FetchMessage } from './relay-peer.ts';
import { readSlices } from './relay-slices.ts';
import type { FailedWhy } from './relay-upstream.ts';

export interface DeliveryDeps {
  readonly blocks: BlockKeeper;
  /** Whether a live lease of this session reads the slice. */
  readonly leased: (sessionId: SessionId, blockId: BlockId, bucket: number) => boolean;
  /** The accepted buckets of a task's output. */
  readonly accepted: (blockId: BlockId) => readonly BucketInfo[] | undefined;
  /** Data sockets of other sessions that hold the block, best first. */
  readonly holders: (blockId: BlockId, except: SessionId) => readonly DataPeer[];
  /** A holder said that it lacks a block, or served other bytes. */
  readonly lacks: (holder: DataPeer, blockId: BlockId, why: FailedWhy) => void;
  /** Payload that one relayed fetch may hold in this process. */
  readonly windowBytes: () => number;
  readonly moved: (bytes: number, relayed: boolean) => void;
}

/** Slices read from disk while one is sent. */
const READ_AHEAD = 3;

type Source = KeptSlice | DataPeer | 'refused' | 'missing';

export class Delivery {
  readonly credit: Credit;
  readonly #peer: DataPeer;
  readonly #message: FetchMessage;
  readonly #deps: DeliveryDeps;
  readonly #ahead = new Map<number, Promise<KeptSlice | undefined>>();
  /** Slices neither sent whole nor failed. */
  readonly #open: Set<number>;

  constructor(peer: DataPeer, message: FetchMessage, credit: Credit, deps: DeliveryDeps) {
    this.#open = new Set(message.slices.keys());
    this.#peer = peer;
    this.#message = message;
    this.credit = credit;
    this.#deps = deps;
  }

  /** Resolves when each slice was sent or has failed, or the consumer went away or stopped reading. */
  async run(): Promise<void> {
    const { fetchId, slices } = this.#message;
    try {
      for (let index = 0; index < slices.length; ) index = await this.#next(index);
    } catch (error) {
      if (error instanceof TransferStopped && error.why !== 'timeout') return;
      // It gave no credit for too long, or reading failed here: it must not wait for what never comes.
      for (const index of this.#open) this.#fail(index, 'timeout');
      if (!(error instanceof TransferStopped)) throw error;
    } finally {
      if (this.#open.size === 0) this.#peer.send({ type: 'done', fetchId });
    }
  }

  /** Serves slice `index` and as many after it as the same holder has; returns the next index to serve. */
  async #next(index: number): Promise<number> {
    const source = await this.#source(index, []);
    if (source === 'refused' || source === 'missing') {
      this.#fail(index, source);
      return index + 1;
    }
    if ('bytes' in source) {
      await this.#send(
        index,
        { codec: source.codec, total: source.bytes.byteLength, rawBytes: source.rawBytes },
        source.bytes,
        0,
      );
      this.#deps.moved(source.bytes.byteLength, false);
      return index + 1;
    }
    const run = [index];
    for (let next = index + 1; next < this.#message.slices.length; next++) {
      if ((await this.#source(next, [])) !== source) break;
      run.push(next);
    }
    await this.#relay(run, source, []);
    return index + run.length;
  }

  async #source(index: number, tried: readonly DataPeer[]): Promise<Source> {
    const { blockId, bucket, digest } = this.#slice(index);
    if (!this.#deps.leased(this.#peer.sessionId, blockId, bucket)) return 'refused';
    const kept = await this.#kept(index);
    if (kept && kept.digest === digest) return kept;
    // Another digest than the accepted one: the worker's lease is older than what is there now.
    if (this.#deps.accepted(blockId)?.[bucket]?.digest !== digest) return 'missing';
    const holders = this.#deps.holders(blockId, this.#peer.sessionId);
    return holders.find((holder) => !holder.closed && !tried.includes(holder)) ?? 'missing';
  }

  /** The coordinator's own copy; those of the next slices are read meanwhile. */
  async #kept(index: number): Promise<KeptSlice | undefined> {
    const last = Math.min(index + READ_AHEAD, this.#message.slices.length - 1);
    for (let next = index; next <= last; next++) {
      const { blockId, bucket } = this.#slice(next);
      if (this.#ahead.has(next) || !this.#deps.blocks.has(blockId)) continue;
      if (!this.#deps.leased(this.#peer.sessionId, blockId, bucket)) continue;
      const read = this.#deps.blocks.readSlice(blockId, bucket);
      // Whoever comes to the slice meets the error; until then it is nobody's.
      read.catch(() => undefined);
      this.#ahead.set(next, read);
    }
    const kept = this.#ahead.get(index);
    this.#ahead.delete(index);
    return kept;
  }

  async #relay(indices: readonly number[], holder: DataPeer, tried: readonly DataPeer[]): Promise<void> {
    const again: number[] = [];
    const slices = indices.map((index) => this.#slice(index));
    await readSlices(holder, slices, this.#deps.windowBytes(), {
      piece: async (i, header, payload) => {
        await this.#send(indices[i] ?? 0, header, payload, header.offset);
        this.#deps.moved(payload.byteLength, true);
      },
      failed: (i, why, begun) => {
        const index = indices[i] ?? 0;
        if (!holder.closed && (why === 'missing' || why === 'corrupt')) this.#deps.lacks(holder, this.#slice(index).blockId, why);
        // Once pieces went out, starting over from another holder would confuse the order of offsets.
        if (begun) this.#fail(index, why);
        else again.push(index);
      },
      complete: () => undefined,
    });
    for (const index of again) {
      const source = await this.#source(index, [...tried, holder]);
      if (source === 'refused' || source === 'missing') this.#fail(index, source);
      else if ('bytes' in source) {
        await this.#send(
          index,
          { codec: source.codec, total: source.bytes.byteLength, rawBytes: source.rawBytes },
          source.bytes,
          0,
        );
      } else await this.#relay([index], source, [...tried, holder]);
    }
  }

  /** Sends bytes that start at `at` of their slice, in pieces within the credit. */
  async #send(
    index: number,
    head: Pick<PieceHeader, 'codec' | 'total' | 'rawBytes'>,
    bytes: Uint8Array,
    at: number,
  ): Promise<void> {
    const { codec, total, rawBytes } = head;
    const { fetchId } = this.#message;
    let sent = 0;
    do {
      const left = bytes.byteLength - sent;
      const granted = left === 0 ? 0 : await this.credit.take(Math.min(left, LIMITS.pieceBytes));
      if (this.#peer.closed) throw new TransferStopped('closed');
      const header: PieceHeader = { type: 'piece', fetchId, index, offset: at + sent, total, codec, rawBytes };
      await this.#peer.sendPiece(header, bytes.subarray(sent, sent + granted));
      sent += granted;
    } while (sent < bytes.byteLength);
    if (at + sent >= total) this.#open.delete(index);
  }

  #fail(index: number, why: FailedWhy): void {
    this.#open.delete(index);
    this.#peer.send({ type: 'sliceFailed', fetchId: this.#message.fetchId, index, why });
  }

  #slice(index: number): Slice {
    const { blockId, bucket, digest } = this.#message.slices[index] ?? { blockId: '', bucket: 0, digest: '' };
    const bytes = this.#deps.accepted(blockId as BlockId)?.[bucket]?.bytes ?? -1;
    return { blockId: blockId as BlockId, bucket, digest: digest as Digest, bytes };
  }
}
