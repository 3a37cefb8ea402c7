/**
 * Frames that one turn of the event loop has for a socket go out together. A write of its own for each is the dearest part of a short
 * task: a system call, and a wake-up of whoever reads.
 */
import type { Writable } from 'node:stream';

export class Corks {
  readonly #held = new Set<Writable>();

  /** What is written to `stream` from now on waits for the end of this turn. */
  hold(stream: Writable): void {
    if (this.#held.has(stream)) return;
    if (this.#held.size === 0) setImmediate(() => this.#release());
    this.#held.add(stream);
    stream.cork();
  }

  #release(): void {
    const held = [...this.#held];
    this.#held.clear();
    for (const stream of held) stream.uncork();
  }
}
