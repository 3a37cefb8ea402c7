import { performance } from 'node:perf_hooks';
import type { Clock } from '../../shared/clock.ts';

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The process's own clock. A delay beyond Node's longest is waited for in steps. */
export const nodeClock: Clock = {
  nowMs: () => performance.now(),
  after(delayMs, callback) {
    const dueMs = performance.now() + delayMs;
    let timer: NodeJS.Timeout;
    const arm = (): void => {
      const leftMs = dueMs - performance.now();
      timer = setTimeout(leftMs > LONGEST_TIMER_MS ? arm : callback, Math.min(LONGEST_TIMER_MS, Math.max(0, Math.ceil(leftMs))));
    };
    arm();
    return () => clearTimeout(timer);
  },
};
