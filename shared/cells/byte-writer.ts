const FLUSH_BYTES = 64 * 1024;
const UTF8 = new TextEncoder();

/** Collects UTF-8 bytes; `take` hands them out in pieces of at least 64 KiB, so that a result is never whole in memory. */
export class ByteWriter {
  #bytes = new Uint8Array(2 * FLUSH_BYTES);
  #length = 0;

  get full(): boolean {
    return this.#length >= FLUSH_BYTES;
  }

  /** What was written since the last call; undefined for nothing. */
  take(): Uint8Array | undefined {
    if (this.#length === 0) return undefined;
    const piece = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    return piece;
  }

  byte(value: number): void {
    if (this.#length === this.#bytes.length) this.#room(1);
    this.#bytes[this.#length++] = value;
  }

  /** Text of ASCII characters alone. */
  ascii(text: string): void {
    this.#room(text.length);
    const bytes = this.#bytes;
    let at = this.#length;
    for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i);
    this.#length = at;
  }

  text(text: string): void {
    this.utf8(UTF8.encode(text), 0);
  }

  utf8(source: Uint8Array, from: number, to = source.length): void {
    this.#room(to - from);
    if (to - from > 32) this.#bytes.set(source.subarray(from, to), this.#length);
    else for (let i = from, at = this.#length; i < to; i++) this.#bytes[at++] = source[i] as number;
    this.#length += to - from;
  }

  #room(extra: number): void {
    const needed = this.#length + extra;
    if (needed <= this.#bytes.length) return;
    const bigger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    bigger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = bigger;
  }
}
