/** What a scheduler is made with. */
import type { CoreLimits } from './constants.ts';

export interface CoreOptions {
  /** Minimum duration of every task, for showing; 0 is off. */
  readonly paceMs: number;
  readonly limits?: Partial<CoreLimits>;
  /** Prefix of attempt ids; must differ between runs of the coordinator. */
  readonly idSeed: string;
  /** Authors' shares of the slots; absent: 1. */
  readonly authorWeights?: { readonly [author: string]: number };
  /** Records are made for a journal; who drives the core must take them. */
  readonly journal?: boolean;
}
