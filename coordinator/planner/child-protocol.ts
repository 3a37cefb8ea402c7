/** Messages between the planner and its child process: plain JSON, one answer per request, in order. */
import type { SqlError } from './sql-errors.ts';

/** A dataset, or a relation of a plan, as the child knows it: names and types, no data. */
export interface ChildTable {
  /** Never used twice; the plan names the dataset by it. */
  readonly handle: string;
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** Absent: not known. */
  readonly rows?: number;
}

export interface ChildMacro {
  readonly name: string;
  /** The statement that makes it. */
  readonly sql: string;
}

export interface ChildRequest {
  readonly id: number;
  readonly sql: string;
  /** Microseconds since the epoch, for now() and its kin; decimal text. */
  readonly nowUs: string;
  /** Brings the child's catalogue to the state of this request: drops first. */
  readonly create: readonly ChildTable[];
  /** Known to this request only. */
  readonly macros?: readonly ChildMacro[];
  readonly drop: readonly string[];
}

export interface ChildPlan {
  /** json_serialize_sql: the statement as parsed. */
  readonly ast: string;
  /** json_serialize_plan: the optimised plan; empty where DuckDB cannot write it down. */
  readonly plan: string;
  /** The result's columns. */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}

export type ChildAnswer =
  | { readonly id: number; readonly kind: 'planned'; readonly planned: ChildPlan }
  /** `poisoned`: the engine met an internal error and should not be used again. */
  | { readonly id: number; readonly kind: 'error'; readonly error: SqlError; readonly poisoned: boolean }
  | { readonly kind: 'ready' };
