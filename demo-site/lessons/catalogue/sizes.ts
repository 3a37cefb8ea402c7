/** How much work a run is: three steps, each said in the lesson's own words. */
import type { Size } from '../lesson.ts';

const NAMES = ['Small', 'Medium', 'Large'] as const;

/** Smallest first; what an example needs, with its words. */
export class Sizes<T> {
  readonly #all: readonly (readonly [words: string, what: T])[];

  constructor(...all: readonly [readonly [words: string, what: T], ...(readonly [words: string, what: T])[]]) {
    this.#all = all;
  }

  get list(): readonly Size[] {
    return this.#all.map(([words], i) => ({ name: NAMES[i] ?? words, words }));
  }

  /** @throws RangeError for a size that the lesson has not */
  at(size: number): T {
    const found = this.#all[size];
    if (!found) throw new RangeError(`the lesson has no size ${size}`);
    return found[1];
  }
}
