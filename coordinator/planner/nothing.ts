/** Relations that are known to have no rows, and what joins make of them. */
import type { JoinKind, LogicalNode } from './logical.ts';

/** Joins that put out nothing where their left side has nothing. */
export const LEFT_NEEDED: ReadonlySet<JoinKind> = new Set(['INNER', 'LEFT', 'SEMI', 'ANTI', 'MARK', 'SINGLE', 'RIGHT_SEMI']);
/** The same of the right side. */
export const RIGHT_NEEDED: ReadonlySet<JoinKind> = new Set(['INNER', 'RIGHT', 'SEMI', 'RIGHT_SEMI', 'RIGHT_ANTI']);

export function nothing(types: readonly string[]): LogicalNode {
  return { op: 'values', rows: [], types };
}

export function isNothing(n: LogicalNode): boolean {
  if (n.op === 'values') return n.rows.length === 0;
  return (n.op === 'project' || n.op === 'filter') && isNothing(n.input);
}
