/**
 * Runs steps one after the other. A step that returns no promise runs at once when nothing is before it, so that the common
 * path stays synchronous. A step that throws is told to `onError`; the next ones still run.
 */
export class Serial {
  #waiting: (() => void | Promise<void>)[] = [];
  #busy = false;
  readonly #onError: (error: unknown) => void;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  get length(): number {
    return this.#waiting.length + (this.#busy ? 1 : 0);
  }

  run(step: () => void | Promise<void>): void {
    this.#waiting.push(step);
    if (!this.#busy) this.#drain();
  }

  /** Drops the steps that have not begun. */
  clear(): void {
    this.#waiting = [];
  }

  #drain(): void {
    this.#busy = true;
    for (let step = this.#waiting.shift(); step; step = this.#waiting.shift()) {
      try {
        const result = step();
        if (result) {
          result.catch(this.#onError).finally(() => this.#drain());
          return;
        }
      } catch (error) {
        this.#onError(error);
      }
    }
    this.#busy = false;
  }
}
