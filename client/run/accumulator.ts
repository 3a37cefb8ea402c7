/** Sums that functions add to while they run: `ctx.add(name, n)`. */
import type { JobJson } from '../types.ts';

/**
 * A sum over the tasks of the jobs that this connection's actions ran. Each block's part counts once, however often its task was tried or
 * run again, and also when the block was there already from another job.
 */
export interface Accumulator {
  /** What functions call it: `ctx.add(name, n)`. */
  readonly name: string;
  /** After an action has resolved, what its job added is in it. */
  readonly value: number;
  /** Back to 0, or to `value`. */
  reset(value?: number): void;
}

/** The connection's end of an accumulator. */
export class AccumulatorCell implements Accumulator {
  readonly name: string;
  #value: number;

  constructor(name: string, initial: number) {
    this.name = name;
    this.#value = initial;
  }

  get value(): number {
    return this.#value;
  }

  reset(value = 0): void {
    this.#value = value;
  }

  take(job: JobJson): void {
    this.#value += job.accumulators?.[this.name] ?? 0;
  }
}
