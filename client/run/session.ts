/** What all chains of one connection share: the way to the coordinator, and the accumulators that its functions add to. */
import type { DataFrame } from '../frame/data-frame.ts';
import type { Http } from '../http.ts';
import type { Source } from '../plan/relation-node.ts';
import type { Rdd } from '../rdd/rdd.ts';
import type { RddState } from '../rdd/rdd-state.ts';
import type { AccumulatorCell } from './accumulator.ts';

export interface Session {
  readonly http: Http;
  readonly accumulators: ReadonlyMap<string, AccumulatorCell>;
  /** Frames and Rdds make each other: they do so here, and need not import each other. */
  frame<Row extends object>(source: Source): DataFrame<Row>;
  rdd<T>(state: RddState): Rdd<T>;
}
