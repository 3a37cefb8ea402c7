/**
 * One Arrow field's data, built from engine vectors: canonical as it stands, which means that null slots are zero, bits past
 * the end are zero and offsets start at 0.
 */
export interface ArrowNode {
  readonly length: number;
  readonly nulls: number;
  /** One bit a value, least significant first; empty when there are no nulls. */
  readonly validity: Uint8Array;
  /** The buffers after the validity, in Arrow's order for the type: none, data, or offsets and data. */
  readonly buffers: readonly Uint8Array[];
  readonly children: readonly ArrowNode[];
}

/** Builds one column of one chunk, vector by vector. */
export interface ColumnBuilder {
  /** Values appended since the last `finish`. */
  readonly length: number;
  /** Appends values `first` to `first + count` of an engine's vector. */
  append(vector: EngineVector, first: number, count: number): void;
  /** Appends NULLs. */
  appendNulls(count: number): void;
  /** The column so far; its buffers are the receiver's only until the next `append`. */
  finish(): ArrowNode;
}

/** A vector of native DuckDB, read through the bindings without an object per value. */
export type EngineVector = import('@duckdb/node-bindings').Vector;
