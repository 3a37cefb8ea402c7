/**
 * A clock that also counts the time in which the machine slept: the monotonic clocks of most systems stand still then. With it, a tab
 * that wakes up sees at once that its session must be dead.
 */
import type { Clock } from '../../shared/clock.ts';

/** The wall clock is set right now and then; only more than this is taken for sleep. */
const SLEPT_MS = 5_000;

export class AwakeClock implements Clock {
  readonly #clock: Clock;
  readonly #wallMs: () => number;
  #sleptMs = 0;
  #lastMs: number;
  #lastWallMs: number;

  constructor(clock: Clock, wallMs: () => number) {
    this.#clock = clock;
    this.#wallMs = wallMs;
    this.#lastMs = clock.nowMs();
    this.#lastWallMs = wallMs();
  }

  nowMs(): number {
    const nowMs = this.#clock.nowMs();
    const wallMs = this.#wallMs();
    const missedMs = wallMs - this.#lastWallMs - (nowMs - this.#lastMs);
    if (missedMs > SLEPT_MS) this.#sleptMs += missedMs;
    this.#lastMs = nowMs;
    this.#lastWallMs = wallMs;
    return nowMs + this.#sleptMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    return this.#clock.after(delayMs, callback);
  }
}
