/**
 * Fetching slices over the data socket. For each fetch the peer may have at most LIMITS.creditBytes under way; credit is given
 * back as pieces are copied out. Slices come one after the other, so one buffer per fetch is being filled at a time.
 */
import type { Clock } from '../../shared/clock.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { Slice } from '../../shared/plan/task.ts';
import type { Codec, DataMessage, PieceHeader } from '../../shared/protocol/data.ts';
import type { CodedSlice } from '../slots/api.ts';
import { BadMessageError } from './messages.ts';

export type FetchTrouble = 'missing' | 'corrupt' | 'refused' | 'timeout' | 'aborted' | 'lost';

export interface FetchResult {
  readonly got: readonly CodedSlice[];
  readonly failed: readonly { readonly slice: Slice; readonly why: FetchTrouble }[];
}

/** Coded bytes may exceed raw ones by a little (incompressible data); more than this is an attempt to fill our memory. */
const CODING_SLACK_BYTES = 64 * 1024;
/** Credit is returned in lumps, so that small pieces don't double the number of messages. */
const CREDIT_LUMP_BYTES = LIMITS.creditBytes / 4;

interface Filling {
  readonly index: number;
  readonly codec: Codec;
  readonly bytes: Uint8Array<ArrayBuffer>;
  filled: number;
}

interface Pending {
  readonly fetchId: string;
  readonly slices: readonly Slice[];
  readonly got: (CodedSlice | undefined)[];
  readonly failed: (FetchTrouble | undefined)[];
  filling: Filling | undefined;
  /** Bytes the peer may still send before we give more. */
  allowance: number;
  owed: number;
  cancelIdle: () => void;
  readonly settle: () => void;
}

export class Fetcher {
  readonly #clock: Clock;
  readonly #send: (message: DataMessage) => void;
  readonly #pending = new Map<string, Pending>();
  #counter = 0;

  constructor(options: { readonly clock: Clock; readonly send: (message: DataMessage) => void }) {
    this.#clock = options.clock;
    this.#send = options.send;
  }

  get inFlight(): number {
    return this.#pending.size;
  }

  /**
   * Asks for up to LIMITS.slicesPerFetch slices. Never rejects: each slice is either got or failed.
   */
  fetch(slices: readonly Slice[], signal: AbortSignal): Promise<FetchResult> {
    return new Promise((resolve) => {
      this.#counter += 1;
      const fetchId = `f${this.#counter}`;
      const onAbort = (): void => this.#giveUp(fetchId, 'aborted');
      const pending: Pending = {
        fetchId,
        slices,
        got: slices.map(() => undefined),
        failed: slices.map(() => undefined),
        filling: undefined,
        allowance: LIMITS.creditBytes,
        owed: 0,
        cancelIdle: () => undefined,
        settle: () => {
          pending.cancelIdle();
          signal.removeEventListener('abort', onAbort);
          this.#pending.delete(fetchId);
          resolve(resultOf(pending));
        },
      };
      this.#pending.set(fetchId, pending);
      if (signal.aborted) return this.#giveUp(fetchId, 'aborted', false);
      signal.addEventListener('abort', onAbort);
      this.#touch(pending);
      this.#send({
        type: 'fetch',
        fetchId,
        slices: slices.map(({ blockId, bucket, digest }) => ({ blockId, bucket, digest })),
        creditBytes: LIMITS.creditBytes,
      });
    });
  }

  onSliceFailed(fetchId: string, index: number, why: 'missing' | 'corrupt' | 'refused' | 'timeout'): void {
    const pending = this.#pending.get(fetchId);
    if (!pending) return;
    this.#checkOpen(pending, index);
    if (pending.filling?.index === index) pending.filling = undefined;
    pending.failed[index] = why;
    this.#touch(pending);
  }

  onDone(fetchId: string): void {
    const pending = this.#pending.get(fetchId);
    if (!pending) return;
    // A peer that forgot a slice has not got it.
    this.#fillFailures(pending, 'missing');
    pending.settle();
  }

  onPiece(header: PieceHeader, payload: Uint8Array): void {
    const pending = this.#pending.get(header.fetchId);
    // Pieces of an aborted fetch may still be under way.
    if (!pending) return;
    this.#checkOpen(pending, header.index);
    pending.allowance -= payload.byteLength;
    if (pending.allowance < 0) throw new BadMessageError('more was sent than the credit allows');
    this.#touch(pending);
    this.#returnCredit(pending, payload.byteLength);
    const filling = pending.filling ?? this.#begin(pending, header);
    if (!filling) return;
    if (filling.index !== header.index || filling.filled !== header.offset) throw new BadMessageError('pieces are out of order');
    if (header.total !== filling.bytes.byteLength || header.offset + payload.byteLength > header.total) {
      throw new BadMessageError('a piece goes beyond its slice');
    }
    filling.bytes.set(payload, header.offset);
    filling.filled += payload.byteLength;
    if (filling.filled < filling.bytes.byteLength) return;
    const slice = pending.slices[header.index];
    if (slice) pending.got[header.index] = { slice, codec: filling.codec, bytes: filling.bytes };
    pending.failed[header.index] = undefined;
    pending.filling = undefined;
  }

  /** The socket is gone: whatever was not complete is lost. */
  socketLost(): void {
    for (const pending of [...this.#pending.values()]) {
      this.#fillFailures(pending, 'lost');
      pending.settle();
    }
  }

  #begin(pending: Pending, header: PieceHeader): Filling | undefined {
    const slice = pending.slices[header.index];
    if (!slice) return undefined;
    if (header.rawBytes !== slice.bytes || header.total > slice.bytes + CODING_SLACK_BYTES) {
      // The holder has something else under this name. Its remaining pieces are passed over.
      pending.failed[header.index] = 'corrupt';
      return undefined;
    }
    pending.filling = { index: header.index, codec: header.codec, bytes: new Uint8Array(header.total), filled: 0 };
    return pending.filling;
  }

  #checkOpen(pending: Pending, index: number): void {
    if (index >= pending.slices.length) throw new BadMessageError('a slice was sent that nobody asked for');
    if (pending.got[index]) throw new BadMessageError('a slice was sent twice');
  }

  #returnCredit(pending: Pending, bytes: number): void {
    pending.owed += bytes;
    if (pending.owed < CREDIT_LUMP_BYTES) return;
    pending.allowance += pending.owed;
    this.#send({ type: 'credit', fetchId: pending.fetchId, bytes: pending.owed });
    pending.owed = 0;
  }

  #touch(pending: Pending): void {
    pending.cancelIdle();
    pending.cancelIdle = this.#clock.after(LIMITS.transferIdleMs, () => this.#giveUp(pending.fetchId, 'timeout'));
  }

  #giveUp(fetchId: string, why: FetchTrouble, tell = true): void {
    const pending = this.#pending.get(fetchId);
    if (!pending) return;
    if (tell) this.#send({ type: 'abort', fetchId });
    this.#fillFailures(pending, why);
    pending.settle();
  }

  #fillFailures(pending: Pending, why: FetchTrouble): void {
    pending.slices.forEach((_, i) => {
      if (!pending.got[i]) pending.failed[i] ??= why;
    });
  }
}

function resultOf(pending: Pending): FetchResult {
  const failed: { slice: Slice; why: FetchTrouble }[] = [];
  pending.slices.forEach((slice, i) => {
    const why = pending.failed[i];
    if (why) failed.push({ slice, why });
  });
  return { got: pending.got.filter((g) => g !== undefined), failed };
}
