/** The coordinator's clock for suites: it runs as the machine's does, and a test may let any time pass at once. */
import { nodeClock } from '../coordinator/sessions/node-clock.ts';
import type { Clock } from '../shared/clock.ts';

interface Timer {
  readonly dueMs: number;
  readonly callback: () => void;
  disarm: () => void;
}

export class JumpClock implements Clock {
  #jumpedMs = 0;
  readonly #timers = new Set<Timer>();

  nowMs(): number {
    return nodeClock.nowMs() + this.#jumpedMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer: Timer = { dueMs: this.nowMs() + delayMs, callback, disarm: () => undefined };
    this.#timers.add(timer);
    this.#arm(timer);
    return () => {
      this.#timers.delete(timer);
      timer.disarm();
    };
  }

  /** What falls due by this comes soon, in the order of its time. */
  jump(ms: number): void {
    this.#jumpedMs += ms;
    for (const timer of [...this.#timers].sort((a, b) => a.dueMs - b.dueMs)) {
      timer.disarm();
      this.#arm(timer);
    }
  }

  #arm(timer: Timer): void {
    timer.disarm = nodeClock.after(Math.max(0, timer.dueMs - this.nowMs()), () => {
      this.#timers.delete(timer);
      timer.callback();
    });
  }
}
