/** One fetch that the coordinator makes from a holder: an ordered queue of what came, never longer than the credit given. */
import type { Clock } from '../../shared/clock.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { PieceHeader } from '../../shared/protocol/data.ts';
import { ProtocolError } from '../sessions/messages.ts';
import { TransferStopped } from './relay-credit.ts';

export type FailedWhy = 'missing' | 'corrupt' | 'refused' | 'timeout';

export type Arrival =
  | { readonly kind: 'piece'; readonly header: PieceHeader; readonly payload: Uint8Array }
  | { readonly kind: 'failed'; readonly index: number; readonly why: FailedWhy }
  | { readonly kind: 'done' };

export interface UpstreamDeps {
  readonly clock: Clock;
  readonly idleMs: number;
  readonly sendCredit: (bytes: number) => void;
  /** Told once, when nothing more is wanted: true when the holder must be told to stop. */
  readonly release: (abort: boolean) => void;
}

export class UpstreamFetch {
  /** Pieces may be given in the fragments in which they came. */
  readonly inFragments: boolean;
  readonly #queue: Arrival[] = [];
  readonly #deps: UpstreamDeps;
  readonly #slices: number;
  #creditLeft: number;
  /** Consumed and not yet given back: credit goes out in lumps, so that small slices don't cost a message each. */
  #owedBytes = 0;
  readonly #lumpBytes: number;
  #index = 0;
  #offset = 0;
  #finished = false;
  #stopped: TransferStopped | undefined;
  #wake: (() => void) | undefined;

  constructor(slices: number, creditBytes: number, inFragments: boolean, deps: UpstreamDeps) {
    this.#slices = slices;
    this.inFragments = inFragments;
    this.#creditLeft = creditBytes;
    this.#lumpBytes = creditBytes / 4;
    this.#deps = deps;
  }

  /** Throws ProtocolError when the holder broke the rules of order, size or credit. */
  arrived(arrival: Arrival): void {
    if (this.#finished || this.#stopped) return;
    if (arrival.kind === 'piece') this.#checkPiece(arrival.header, arrival.payload);
    else if (arrival.kind === 'failed') {
      if (arrival.index < this.#index || arrival.index >= this.#slices)
        throw new ProtocolError('sliceFailed: index out of order');
      this.#index = arrival.index + 1;
      this.#offset = 0;
    } else {
      this.#finished = true;
    }
    this.#queue.push(arrival);
    this.#wake?.();
  }

  stop(why: TransferStopped['why']): void {
    this.#stopped ??= new TransferStopped(why);
    this.#wake?.();
  }

  /** The next arrival, in order; rejects with TransferStopped when the holder is gone or silent for too long. */
  async next(): Promise<Arrival> {
    while (this.#queue.length === 0) {
      if (this.#stopped) throw this.#stopped;
      await this.#wait();
    }
    return this.#queue.shift() as Arrival;
  }

  /** The bytes of a piece have their place; the holder may send as many more. */
  consumed(bytes: number): void {
    if (this.#finished || this.#stopped) return;
    this.#owedBytes += bytes;
    if (this.#owedBytes < this.#lumpBytes) return;
    this.#creditLeft += this.#owedBytes;
    this.#deps.sendCredit(this.#owedBytes);
    this.#owedBytes = 0;
  }

  end(): void {
    this.#deps.release(!this.#finished && this.#stopped?.why !== 'closed');
    this.stop('aborted');
    this.#queue.length = 0;
  }

  #checkPiece(header: PieceHeader, payload: Uint8Array): void {
    const bytes = payload.byteLength;
    if (header.index < this.#index || header.index >= this.#slices) throw new ProtocolError('piece: index out of order');
    if (header.index > this.#index) {
      if (this.#offset > 0) throw new ProtocolError('piece: the slice before it is not complete');
      this.#index = header.index;
    }
    if (header.offset !== this.#offset || header.offset + bytes > header.total) {
      throw new ProtocolError('piece: offset does not follow the one before');
    }
    if (bytes === 0 && header.total > 0) throw new ProtocolError('piece: empty');
    if (bytes > LIMITS.pieceBytes) throw new ProtocolError(`piece of ${bytes} bytes is over the limit of ${LIMITS.pieceBytes}`);
    if (bytes > this.#creditLeft) throw new ProtocolError('piece: more than the credit given');
    this.#creditLeft -= bytes;
    this.#offset += bytes;
    if (this.#offset === header.total) {
      this.#index = header.index + 1;
      this.#offset = 0;
    }
  }

  #wait(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#deps.clock.after(this.#deps.idleMs, () => this.stop('timeout'));
      this.#wake = () => {
        this.#wake = undefined;
        cancel();
        resolve();
      };
    });
  }
}
