/** All that is random comes from the seed, in streams of their own: one more draw in one of them changes no other. */
import { Prng } from '../../shared/prng.ts';

export class Chance extends Prng {
  /** `name` tells the streams of one seed apart. */
  constructor(seed: number, name: string) {
    let h = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b);
    for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), 0x01000193);
    super(h >>> 0);
  }

  /** True with this probability. */
  hit(probability: number): boolean {
    return probability > 0 && this.float() < probability;
  }

  /** Whole, both ends included. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  /** Around `mean`, now and then far more (an exponential distribution, cut off). */
  around(mean: number): number {
    return Math.min(10 * mean, -mean * Math.log(1 - this.float()));
  }

  /** One of them, or undefined when there is none. */
  any<T>(items: Iterable<T>): T | undefined {
    const list = Array.isArray(items) ? (items as T[]) : [...items];
    return list.length > 0 ? list[this.below(list.length)] : undefined;
  }
}
