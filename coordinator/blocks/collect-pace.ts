/** Whether copies under way leave room for one more: measured, since tabs on a slow network fill nothing alone, and one on this machine all. */
import type { Clock } from '../../shared/clock.ts';

/** Copies that bring this much a second leave nothing for others. */
const FULL_BYTES_PER_S = 48 * 1024 * 1024;
const LOOK_MS = 40;

export class CollectPace {
  readonly #clock: Clock;
  readonly #mayHaveRoom: () => void;
  #bytes = 0;
  #cancelLook: (() => void) | undefined;
  #hasRoom = false;

  constructor(clock: Clock, mayHaveRoom: () => void) {
    this.#clock = clock;
    this.#mayHaveRoom = mayHaveRoom;
  }

  arrived(bytes: number): void {
    this.#bytes += bytes;
  }

  /** Room for one copy, if it was measured that there is some; else it is measured from now on, and told when it is time to ask again. */
  takeRoom(): boolean {
    if (this.#hasRoom) {
      this.#hasRoom = false;
      return true;
    }
    if (!this.#cancelLook) this.#look();
    return false;
  }

  /** Nothing is under way, or nothing waits. */
  stop(): void {
    this.#cancelLook?.();
    this.#cancelLook = undefined;
    this.#hasRoom = false;
  }

  #look(): void {
    const [sinceMs, before] = [this.#clock.nowMs(), this.#bytes];
    this.#cancelLook = this.#clock.after(LOOK_MS, () => {
      this.#cancelLook = undefined;
      const seconds = Math.max(LOOK_MS, this.#clock.nowMs() - sinceMs) / 1000;
      this.#hasRoom = (this.#bytes - before) / seconds < FULL_BYTES_PER_S;
      this.#mayHaveRoom();
    });
  }
}
