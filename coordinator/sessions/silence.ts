/** Who has not been heard of for too long: one timer for all, set for the one that was heard of longest ago. */
import type { Clock } from '../../shared/clock.ts';

export class Silence<T> {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #silent: (who: T) => void;
  /** When each was heard of; the longest ago first. */
  readonly #heardAtMs = new Map<T, number>();
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, limitMs: number, silent: (who: T) => void) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#silent = silent;
  }

  /** From the first time on it has to be heard of again and again, until it is forgotten. */
  heard(who: T): void {
    this.#heardAtMs.delete(who);
    this.#heardAtMs.set(who, this.#clock.nowMs());
    if (!this.#cancel) this.#arm();
  }

  forget(who: T): void {
    this.#heardAtMs.delete(who);
    if (this.#heardAtMs.size > 0) return;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** Set anew only when it fires: those who talk cost no timers. */
  #arm(): void {
    this.#cancel = undefined;
    const nowMs = this.#clock.nowMs();
    for (const [who, heardAtMs] of this.#heardAtMs) {
      const leftMs = heardAtMs + this.#limitMs - nowMs;
      if (leftMs > 0) {
        this.#cancel ??= this.#clock.after(leftMs, () => this.#arm());
        return;
      }
      this.#heardAtMs.delete(who);
      this.#silent(who);
    }
  }
}
