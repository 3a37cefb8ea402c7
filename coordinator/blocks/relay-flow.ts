/**
 * A slice on its way from a tab through the coordinator: its pieces in order, and those who read them, each at its own speed. All
 * readers share the pieces, so a slice that many tabs read at about the same time is pulled once.
 */
import type { Slice } from '../../shared/plan/task.ts';
import type { FailedWhy } from './relay-upstream.ts';
import type { SpillPlace } from './spill-files.ts';

/** Consecutive bytes of a slice: in memory, on disk, or (passed by all readers) nowhere. */
export interface Part {
  readonly at: number;
  readonly bytes: number;
  readonly cameAtMs: number;
  memory: Uint8Array | undefined;
  place: SpillPlace | undefined;
  /** It is being written to disk: its memory no longer counts, for it goes as soon as that is done. */
  spilling: boolean;
}

export type FlowState = 'arriving' | 'complete' | 'failed';

export class SliceFlow {
  readonly slice: Slice;
  readonly parts: Part[] = [];
  readonly readers = new Set<FlowReader>();
  state: FlowState = 'arriving';
  why: FailedWhy | undefined;
  receivedBytes = 0;
  /** Parts before this one are gone: nobody can begin to read any more unless it is 0. */
  firstPart = 0;
  /** Counted in the pool. */
  memoryBytes = 0;
  /** Parts that all present readers have passed, and what they still take of the memory. */
  passedParts = 0;
  passedBytes = 0;
  /** Something of it went to disk: what follows may go there at once. */
  slow = false;

  constructor(slice: Slice) {
    this.slice = slice;
  }

  /** Somebody may still begin to read it. */
  get joinable(): boolean {
    return this.state !== 'failed' && this.firstPart === 0;
  }

  /** Its bytes are still of use to somebody. */
  get wanted(): boolean {
    return this.state === 'arriving' && this.readers.size > 0;
  }

  /** A reader has sent on all that came so far: the next piece passes straight through. */
  get awaited(): boolean {
    for (const reader of this.readers) if (reader.hungry) return true;
    return false;
  }

  /** Index of the first part that a reader still needs; all parts when there is no reader. */
  get neededFrom(): number {
    let from = this.parts.length;
    for (const reader of this.readers) from = Math.min(from, reader.releasedParts);
    return from;
  }

  append(memory: Uint8Array, cameAtMs: number): void {
    const bytes = memory.byteLength;
    this.parts.push({ at: this.receivedBytes, bytes, cameAtMs, memory, place: undefined, spilling: false });
    this.receivedBytes += bytes;
    this.wake();
  }

  complete(): void {
    this.state = 'complete';
    this.wake();
  }

  fail(why: FailedWhy): void {
    if (this.state !== 'arriving') return;
    this.state = 'failed';
    this.why = why;
    this.wake();
  }

  wake(): void {
    for (const reader of this.readers) reader.wake();
  }
}

/** What the pool does for a reader. */
export interface FlowKeeper {
  /** The bytes of a part, from memory or disk. */
  bytesOf(part: Part): Uint8Array | Promise<Uint8Array>;
  /** A reader needs parts of this flow no longer, or is gone. */
  passed(flow: SliceFlow): void;
}

/** One consumer's way through a flow. Parts are taken in order, and released once their bytes have left this process. */
export class FlowReader {
  readonly flow: SliceFlow;
  /** Called when the flow has more, has failed or is complete. */
  readonly wake: () => void;
  readonly #keeper: FlowKeeper;
  #taken = 0;
  #released = 0;
  #finished = false;

  constructor(flow: SliceFlow, keeper: FlowKeeper, wake: () => void) {
    this.flow = flow;
    this.#keeper = keeper;
    this.wake = wake;
    flow.readers.add(this);
  }

  /** A part is there, or the flow is over: nothing to wait for. */
  get ready(): boolean {
    return this.#taken < this.flow.parts.length || this.flow.state !== 'arriving';
  }

  get begun(): boolean {
    return this.#taken > 0;
  }

  get hungry(): boolean {
    return this.#taken === this.flow.parts.length && this.#taken > 0;
  }

  get releasedParts(): number {
    return this.#released;
  }

  /** The next part's bytes; undefined when there is none (yet). They may reject with BlockError where they lie on disk. */
  take(): { readonly at: number; readonly bytes: Uint8Array | Promise<Uint8Array> } | undefined {
    const part = this.flow.parts[this.#taken];
    if (!part) return undefined;
    this.#taken++;
    return { at: part.at, bytes: this.#keeper.bytesOf(part) };
  }

  /** The part taken longest ago has left. */
  release(): void {
    this.#released++;
    if (this.#finished && this.#released === this.#taken) this.close();
    else this.#keeper.passed(this.flow);
  }

  /** No more is taken; closed once all that was taken has left. */
  finish(): void {
    this.#finished = true;
    if (this.#released === this.#taken) this.close();
  }

  close(): void {
    if (this.flow.readers.delete(this)) this.#keeper.passed(this.flow);
  }
}
