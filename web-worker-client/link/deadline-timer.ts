/** One timer for a deadline that is asked for again and again and seldom moves. */
import type { Clock } from '../../shared/clock.ts';

export class DeadlineTimer {
  readonly #clock: Clock;
  readonly #callback: () => void;
  #atMs: number | undefined;
  #cancel: () => void = () => undefined;

  constructor(clock: Clock, callback: () => void) {
    this.#clock = clock;
    this.#callback = callback;
  }

  /** Calls back once when the clock shows `atMs`; undefined: never. Replaces what was set before. */
  set(atMs: number | undefined): void {
    if (atMs === this.#atMs) return;
    this.#cancel();
    this.#atMs = atMs;
    this.#cancel = () => undefined;
    if (atMs === undefined) return;
    this.#cancel = this.#clock.after(Math.max(0, atMs - this.#clock.nowMs()), () => {
      // The same deadline may be set again by the callback: timers may be early by a fraction.
      this.#atMs = undefined;
      this.#callback();
    });
  }
}
