/** Growing buffers in which one record batch is put together. Bytes never written since they were cleared are zero. */

/** Results come in pieces of 2048 rows and make batches of 60 times that. */
const GROWTH = 4;

function grown(old: Uint8Array, used: number, needed: number): Uint8Array {
  const next = new Uint8Array(Math.max(needed, old.length * GROWTH, 64));
  next.set(old.subarray(0, used));
  return next;
}

export class ByteBuffer {
  bytes: Uint8Array;
  used = 0;
  /** Before this, bytes may be those from before they were cleared. */
  #stale = 0;

  constructor(capacity = 0) {
    this.bytes = new Uint8Array(capacity);
  }

  /** Makes room for `count` more bytes, counts them as used, and returns where they begin. They are zero. */
  extend(count: number): number {
    const at = this.#room(count);
    if (at < this.#stale) this.bytes.fill(0, at, Math.min(this.#stale, this.used));
    return at;
  }

  append(source: Uint8Array, from: number, to: number): void {
    const at = this.#room(to - from);
    this.bytes.set(from === 0 && to === source.length ? source : source.subarray(from, to), at);
  }

  /** Empties it, and keeps its memory. */
  clear(): void {
    this.#stale = Math.max(this.#stale, this.used);
    this.used = 0;
  }

  #room(count: number): number {
    const at = this.used;
    if (at + count > this.bytes.length) {
      this.bytes = grown(this.bytes, at, at + count);
      this.#stale = Math.min(this.#stale, at);
    }
    this.used = at + count;
    return at;
  }
}

/** Bits, least significant first. */
export class BitBuffer {
  bytes: Uint8Array;
  count = 0;

  constructor(capacity = 0) {
    this.bytes = new Uint8Array((capacity + 7) >> 3);
  }

  get used(): number {
    return (this.count + 7) >> 3;
  }

  /** Empties it, and keeps its memory. */
  clear(): void {
    this.bytes.fill(0, 0, this.used);
    this.count = 0;
  }

  #room(more: number): void {
    const needed = (this.count + more + 7) >> 3;
    if (needed > this.bytes.length) this.bytes = grown(this.bytes, this.used, needed);
  }

  /** Appends `count` zero bits. */
  zeros(count: number): void {
    this.#room(count);
    this.count += count;
  }

  ones(count: number): void {
    this.#room(count);
    const end = this.count + count;
    let at = this.count;
    for (; at < end && (at & 7) !== 0; at++) this.#set(at);
    const bytes = (end - at) >> 3;
    this.bytes.fill(0xff, at >> 3, (at >> 3) + bytes);
    for (at += 8 * bytes; at < end; at++) this.#set(at);
    this.count = end;
  }

  /** Appends bits `from` to `to` of `source`. */
  append(source: Uint8Array, from: number, to: number): void {
    this.#room(to - from);
    let at = this.count;
    let bit = from;
    this.count += to - from;
    if ((at & 7) === 0 && (from & 7) === 0) {
      const bytes = (to - from) >> 3;
      this.bytes.set(source.subarray(from >> 3, (from >> 3) + bytes), at >> 3);
      at += 8 * bytes;
      bit += 8 * bytes;
    }
    for (; bit < to; bit++, at++) {
      if (((source[bit >> 3] ?? 0) >> (bit & 7)) & 1) this.#set(at);
    }
  }

  #set(at: number): void {
    this.bytes[at >> 3] = (this.bytes[at >> 3] ?? 0) | (1 << (at & 7));
  }
}

export const bitAt = (bits: Uint8Array, at: number): boolean => (((bits[at >> 3] ?? 0) >> (at & 7)) & 1) === 1;
