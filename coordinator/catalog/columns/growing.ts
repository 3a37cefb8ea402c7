import { invariant } from '../../../shared/assert.ts';

/** Arrow's offsets are signed 32-bit, so a column of one chunk ends there. */
const MAX_BYTES = 2 ** 31 - 1;

/** A byte array that grows by doubling and keeps its memory over `reset`. Bytes past `length` are zero or garbage. */
export class GrowingBytes {
  bytes: Uint8Array<ArrayBuffer>;
  length = 0;

  constructor(initial: number) {
    this.bytes = new Uint8Array(initial);
  }

  /** Makes room for `extra` more bytes and returns the position where they begin; the caller fills them. */
  reserve(extra: number): number {
    const at = this.length;
    const end = at + extra;
    invariant(end <= MAX_BYTES, `one chunk of a column has more than ${MAX_BYTES} bytes`);
    if (end > this.bytes.length) {
      const bigger = new Uint8Array(Math.min(MAX_BYTES, Math.max(end, this.bytes.length * 2)));
      bigger.set(this.bytes.subarray(0, at));
      this.bytes = bigger;
    }
    this.length = end;
    return at;
  }

  push(source: Uint8Array): void {
    const at = this.reserve(source.length);
    this.bytes.set(source, at);
  }

  view(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  reset(): void {
    this.length = 0;
  }
}
