/** Node's monotonic clock. Timers keep the process alive only while a worker is running, which they are meant to do. */
import type { Clock } from '../../shared/clock.ts';

export const nodeClock: Clock = {
  nowMs: () => performance.now(),
  after(delayMs, callback) {
    // setTimeout takes no more than 2^31-1 ms; what is due later than that never comes up in a worker's life.
    const timer = setTimeout(callback, Math.min(delayMs, 2 ** 31 - 1));
    return () => clearTimeout(timer);
  },
};
