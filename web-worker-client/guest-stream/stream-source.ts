/** Pieces as one stream of bytes. A read is filled as far as there is input, so where pieces end cannot be seen (S-11). */
export class StreamSource {
  readonly #pieces: Iterator<Uint8Array>;
  #piece: Uint8Array = new Uint8Array();
  #at = 0;
  #done = false;
  /** Handed out so far. */
  bytes = 0;

  constructor(pieces: Iterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.iterator]();
  }

  read(target: Uint8Array): number {
    let filled = 0;
    while (filled < target.length) {
      if (this.#at === this.#piece.length && !this.#next()) break;
      const count = Math.min(target.length - filled, this.#piece.length - this.#at);
      target.set(this.#piece.subarray(this.#at, this.#at + count), filled);
      this.#at += count;
      filled += count;
    }
    this.bytes += filled;
    return filled;
  }

  #next(): boolean {
    while (!this.#done) {
      const next = this.#pieces.next();
      if (next.done === true) this.#done = true;
      else if (next.value.length > 0) {
        this.#piece = next.value;
        this.#at = 0;
        return true;
      }
    }
    return false;
  }
}
