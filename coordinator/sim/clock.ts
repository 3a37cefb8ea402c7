/** Virtual time: what is due runs in the order of time, then of its making. */
import type { Clock } from '../../shared/clock.ts';

interface Timer {
  readonly atMs: number;
  readonly number: number;
  /** Absent: cancelled. */
  run: (() => void) | undefined;
}

export class VirtualClock implements Clock {
  readonly #heap: Timer[] = [];
  #nowMs = 0;
  #made = 0;

  nowMs(): number {
    return this.#nowMs;
  }

  /** Timers that wait, with those that were cancelled and not yet passed. */
  get waiting(): number {
    return this.#heap.length;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer: Timer = { atMs: this.#nowMs + Math.max(0, delayMs), number: this.#made++, run: callback };
    this.#push(timer);
    return () => {
      timer.run = undefined;
    };
  }

  /** Runs the next timer, if it is due by `untilMs`; false: none is, and it is `untilMs` now. */
  step(untilMs: number): boolean {
    for (let top = this.#heap[0]; top && top.atMs <= untilMs; top = this.#heap[0]) {
      this.#pop();
      const { run } = top;
      if (!run) continue;
      this.#nowMs = top.atMs;
      top.run = undefined;
      run();
      return true;
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
    return false;
  }

  #push(timer: Timer): void {
    const heap = this.#heap;
    let i = heap.push(timer) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      const above = heap[parent] as Timer;
      if (isBefore(above, timer)) break;
      heap[i] = above;
      i = parent;
    }
    heap[i] = timer;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (!last || heap.length === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Timer, heap[child] as Timer)) child++;
      const below = heap[child] as Timer;
      if (isBefore(last, below)) break;
      heap[i] = below;
      i = child;
    }
    heap[i] = last;
  }
}

function isBefore(one: Timer, other: Timer): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.number < other.number);
}
