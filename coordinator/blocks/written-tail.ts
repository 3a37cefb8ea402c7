/** Kept of one record that is being read along; a reader who is later than that reads the file. */
const TAIL_BYTES = 4 * 1024 * 1024;

/** What was written to a file last, consecutive, as the parts that came. */
export class WrittenTail {
  readonly #parts: Uint8Array[] = [];
  #at = 0;
  #bytes = 0;

  /** `parts` were written one after the other from `at` on. */
  append(at: number, parts: readonly Uint8Array[]): void {
    if (at !== this.#at + this.#bytes) {
      this.clear();
      this.#at = at;
    }
    for (const part of parts) {
      this.#parts.push(part);
      this.#bytes += part.byteLength;
    }
    let gone = 0;
    for (; this.#bytes > TAIL_BYTES; gone++) {
      const bytes = this.#parts[gone]?.byteLength ?? 0;
      this.#at += bytes;
      this.#bytes -= bytes;
    }
    this.#parts.splice(0, gone);
  }

  /** From `from` to at most `to`, not copied; none when `from` is not within the tail. */
  slice(from: number, to: number): readonly Uint8Array[] {
    const found: Uint8Array[] = [];
    if (from < this.#at) return found;
    let at = this.#at;
    for (const part of this.#parts) {
      const [first, last] = [Math.max(0, from - at), Math.min(part.byteLength, to - at)];
      if (first < last) found.push(part.subarray(first, last));
      at += part.byteLength;
    }
    return found;
  }

  clear(): void {
    this.#parts.length = 0;
    this.#at = 0;
    this.#bytes = 0;
  }
}
