/**
 * The DuckDB types that datasets and exchanges hold, and how each travels in Arrow. One place decides, for ingest, tabs
 * and results alike.
 */

/** A parsed DuckDB type name. */
export type SqlType =
  | { readonly id: 'scalar'; readonly name: string }
  | { readonly id: 'decimal'; readonly width: number; readonly scale: number }
  | { readonly id: 'list'; readonly child: SqlType }
  | { readonly id: 'array'; readonly child: SqlType; readonly size: number }
  | { readonly id: 'struct'; readonly fields: readonly { readonly name: string; readonly type: SqlType }[] }
  | { readonly id: 'map'; readonly key: SqlType; readonly value: SqlType }
  | { readonly id: 'enum'; readonly values: readonly string[] };
