/**
 * Serving `fetch` requests of the coordinator from this tab's blocks, also while the tab is paused. Never sends more
 * unacknowledged bytes of one fetch than its credit; one slice is in memory per fetch at a time.
 */
import type { Clock } from '../../shared/clock.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { DataMessage } from '../../shared/protocol/data.ts';
import { encodeFrame } from '../../shared/protocol/frames.ts';
import type { SliceName, StoredSlice } from '../blocks/slice-reader.ts';

/** Called when a block begins to be served to somebody who keeps it; what it answers, when that is over, and whether all of it went. */
export type LendBlock = (blockId: string) => (kept: boolean) => void;

export type ReadSlice = (name: SliceName) => Promise<StoredSlice | 'missing' | 'corrupt'>;

/** What the server needs of its socket. */
export interface FrameSink {
  sendText(message: DataMessage): void;
  sendBinary(frame: Uint8Array<ArrayBuffer>): void;
}

interface Serving {
  readonly fetchId: string;
  credit: number;
  gone: boolean;
  /** Set while the serving waits for credit. */
  wake: (() => void) | undefined;
}

export class BlockServer {
  readonly #clock: Clock;
  readonly #read: ReadSlice;
  readonly #sink: FrameSink;
  readonly #lend: LendBlock;
  readonly #serving = new Map<string, Serving>();
  #servedBytes = 0;

  constructor(options: {
    readonly clock: Clock;
    readonly read: ReadSlice;
    readonly sink: FrameSink;
    readonly lend?: LendBlock;
  }) {
    this.#clock = options.clock;
    this.#read = options.read;
    this.#sink = options.sink;
    this.#lend = options.lend ?? (() => () => undefined);
  }

  /** Payload bytes handed to the socket so far. */
  get servedBytes(): number {
    return this.#servedBytes;
  }

  /** Serves all slices in the order asked for; resolves when done, aborted or given up. */
  async serve(request: Extract<DataMessage, { type: 'fetch' }>): Promise<void> {
    const { fetchId } = request;
    if (this.#serving.has(fetchId)) return;
    if (this.#serving.size >= LIMITS.fetchesPerSocket) {
      request.slices.forEach((_, index) => {
        this.#sink.sendText({ type: 'sliceFailed', fetchId, index, why: 'refused' });
      });
      this.#sink.sendText({ type: 'done', fetchId });
      return;
    }
    const serving: Serving = { fetchId, credit: request.creditBytes, gone: false, wake: undefined };
    this.#serving.set(fetchId, serving);
    const ids = request.kept === true ? new Set(request.slices.map(({ blockId }) => blockId)) : [];
    const returns = [...ids].map((blockId) => this.#lend(blockId));
    let isWhole = false;
    try {
      isWhole = await this.#serveAll(serving, request.slices);
    } finally {
      for (const giveBack of returns) giveBack(isWhole);
    }
    if (serving.gone) return;
    this.#serving.delete(fetchId);
    this.#sink.sendText({ type: 'done', fetchId });
  }

  /** False when a slice could not be had. */
  async #serveAll(serving: Serving, slices: readonly SliceName[]): Promise<boolean> {
    let isWhole = true;
    for (const [index, name] of slices.entries()) {
      if (!(await this.#serveSlice(serving, index, name))) isWhole = false;
      if (serving.gone) return false;
    }
    return isWhole;
  }

  onCredit(fetchId: string, bytes: number): void {
    const serving = this.#serving.get(fetchId);
    if (!serving) return;
    serving.credit += bytes;
    serving.wake?.();
  }

  onAbort(fetchId: string): void {
    const serving = this.#serving.get(fetchId);
    if (serving) this.#end(serving);
  }

  socketLost(): void {
    for (const serving of [...this.#serving.values()]) this.#end(serving);
  }

  #end(serving: Serving): void {
    serving.gone = true;
    this.#serving.delete(serving.fetchId);
    serving.wake?.();
  }

  async #serveSlice(serving: Serving, index: number, name: SliceName): Promise<boolean> {
    const { fetchId } = serving;
    const stored = await this.#read(name);
    if (serving.gone) return false;
    if (typeof stored === 'string') {
      this.#sink.sendText({ type: 'sliceFailed', fetchId, index, why: stored });
      return false;
    }
    const total = stored.bytes.byteLength;
    let offset = 0;
    do {
      if (serving.credit <= 0 && total > 0) await this.#credit(serving);
      if (serving.gone) return false;
      const size = Math.min(LIMITS.pieceBytes, serving.credit, total - offset);
      const header = { type: 'piece', fetchId, index, offset, total, codec: stored.codec, rawBytes: stored.rawBytes };
      this.#sink.sendBinary(encodeFrame(header, [stored.bytes.subarray(offset, offset + size)]));
      serving.credit -= size;
      offset += size;
      this.#servedBytes += size;
    } while (offset < total);
    return true;
  }

  /** Waits for credit; a peer that gives none for LIMITS.transferIdleMs has lost interest. */
  #credit(serving: Serving): Promise<void> {
    return new Promise((resolve) => {
      const cancelIdle = this.#clock.after(LIMITS.transferIdleMs, () => {
        this.#sink.sendText({ type: 'abort', fetchId: serving.fetchId });
        this.#end(serving);
      });
      serving.wake = () => {
        cancelIdle();
        serving.wake = undefined;
        resolve();
      };
    });
  }
}
