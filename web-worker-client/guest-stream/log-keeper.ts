/** What a guest says on stderr: lines go to its log, within bounds; the end of it is kept, to be the error if it fails. */
export interface LogLimits {
  readonly lineBytes: number;
  readonly bytes: number;
  readonly tailBytes: number;
}

const LINE_FEED = 10;

export class LogKeeper {
  readonly #limits: LogLimits;
  readonly #tell: (line: string) => void;
  readonly #decoder = new TextDecoder();
  #line: Uint8Array;
  #lineUsed = 0;
  /** A ring: the last bytes, `#total` of which have come. */
  readonly #tail: Uint8Array;
  #total = 0;
  #logged = 0;
  #cut = false;

  constructor(limits: LogLimits, tell: (line: string) => void) {
    this.#limits = limits;
    this.#tell = tell;
    this.#line = new Uint8Array(limits.lineBytes);
    this.#tail = new Uint8Array(limits.tailBytes);
  }

  /** Bytes that came, those over the limits included. */
  get total(): number {
    return this.#total;
  }

  add(bytes: Uint8Array): void {
    this.#keepTail(bytes);
    let from = 0;
    while (from < bytes.length && this.#logged < this.#limits.bytes) {
      const found = bytes.indexOf(LINE_FEED, from);
      const to = found < 0 ? bytes.length : found;
      const room = Math.min(to - from, this.#line.length - this.#lineUsed);
      this.#line.set(bytes.subarray(from, from + room), this.#lineUsed);
      this.#lineUsed += room;
      if (found >= 0) this.#endLine();
      from = to + 1;
    }
    if (from < bytes.length) this.#sayCut();
  }

  /** Tells a last line that has no line feed. */
  finish(): void {
    if (this.#lineUsed > 0 && this.#logged < this.#limits.bytes) this.#endLine();
  }

  /** The last `tailBytes`, as text. */
  tail(): string {
    const size = this.#tail.length;
    if (this.#total <= size) return this.#decoder.decode(this.#tail.subarray(0, this.#total));
    const start = this.#total % size;
    const whole = new Uint8Array(size);
    whole.set(this.#tail.subarray(start));
    whole.set(this.#tail.subarray(0, start), size - start);
    return this.#decoder.decode(whole);
  }

  #endLine(): void {
    this.#tell(this.#decoder.decode(this.#line.subarray(0, this.#lineUsed)));
    this.#logged += this.#lineUsed + 1;
    this.#lineUsed = 0;
  }

  #sayCut(): void {
    if (this.#cut) return;
    this.#cut = true;
    this.#tell(`[the log ends here: a guest may write ${this.#limits.bytes} bytes]`);
  }

  #keepTail(bytes: Uint8Array): void {
    const size = this.#tail.length;
    const kept = bytes.length > size ? bytes.subarray(bytes.length - size) : bytes;
    const at = (this.#total + bytes.length - kept.length) % size;
    const first = Math.min(kept.length, size - at);
    this.#tail.set(kept.subarray(0, first), at);
    this.#tail.set(kept.subarray(first), 0);
    this.#total += bytes.length;
  }
}
