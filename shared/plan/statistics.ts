/** Min/max of column chunks, and the pushed predicates that they can rule out. */

/**
 * A bound in a form that compares without knowing SQL: `i` integers of any width (dates as days, timestamps as
 * microseconds, decimals unscaled, booleans 0/1) as decimal text; `f` floats (never NaN); `s` text, ordered by UTF-8 bytes and
 * possibly a prefix (a truncated max is rounded up).
 */
export type Bound =
  | { readonly k: 'i'; readonly v: string }
  | { readonly k: 'f'; readonly v: number }
  | { readonly k: 's'; readonly v: string };

export interface ColumnStatistics {
  readonly nulls: number;
  /** Absent for types without an order we keep, for all-NULL chunks and for floats with NaN. */
  readonly min?: Bound;
  readonly max?: Bound;
}

/** `column <op> value`, all ANDed; a row that fails one is dropped by the fragment's own filter anyway. */
export interface RangePredicate {
  readonly ordinal: number;
  readonly op: '<' | '<=' | '=' | '>=' | '>';
  readonly value: Bound;
}
