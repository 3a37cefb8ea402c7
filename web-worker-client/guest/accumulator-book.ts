/** What the guests of one attempt count, within limits: all steps of a task share it. An attempt that fails takes its book with it. */
import { type Accumulators, sortedAccumulators, wrongName } from '../../shared/guest/accumulators.ts';
import { authorError } from '../../shared/guest/guest-error.ts';
import { LIMITS } from '../../shared/limits.ts';

export class AccumulatorBook {
  readonly #sums = new Map<string, number>();

  /** Throws GuestError `guest-accumulator`. */
  add(name: string, amount: number): void {
    const before = this.#sums.get(name);
    if (before === undefined) this.#checkNew(name);
    const sum = (before ?? 0) + amount;
    if (!Number.isFinite(sum)) {
      const what = Number.isFinite(amount)
        ? `the sum of accumulator ${name} is beyond the doubles`
        : `${amount} was added to accumulator ${name}`;
      throw authorError('guest-accumulator', what, 'Add finite numbers.');
    }
    this.#sums.set(name, sum);
  }

  /** With names in order; undefined when nothing was added. */
  sums(): Accumulators | undefined {
    return sortedAccumulators(this.#sums);
  }

  #checkNew(name: string): void {
    const why = wrongName(name);
    if (why !== undefined) throw authorError('guest-accumulator', why, 'Choose a shorter name.');
    if (this.#sums.size < LIMITS.accumulatorsPerTask) return;
    throw authorError(
      'guest-accumulator',
      `the task adds to more than ${LIMITS.accumulatorsPerTask} accumulators`,
      'Make rows of what has so many kinds.',
    );
  }
}
