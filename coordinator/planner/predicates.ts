/** Filters over a scan -> comparisons that min/max can rule out (shared/plan/prune.ts). Leaving one out is always safe. */

import { compareBounds } from '../../shared/plan/prune.ts';
import type { Bound, RangePredicate } from '../../shared/plan/statistics.ts';
import { conjuncts, type Expr } from './expressions.ts';
import { inputsOf, type LogicalNode, withInputs } from './logical.ts';

const FLIP = { '<': '>', '<=': '>=', '=': '=', '>=': '<=', '>': '<' } as const;
type Op = keyof typeof FLIP;

const WIDTH: { readonly [type: string]: number } = { TINYINT: 1, SMALLINT: 2, INTEGER: 4, BIGINT: 8, HUGEINT: 16 };
const UNSIGNED: { readonly [type: string]: number } = { UTINYINT: 1, USMALLINT: 2, UINTEGER: 4, UBIGINT: 8, UHUGEINT: 16 };

/** Casts that keep both the order and the bound's own form. */
function widens(from: string, to: string): boolean {
  const target = WIDTH[to];
  if (target !== undefined) return (WIDTH[from] ?? 99) <= target || (UNSIGNED[from] ?? 99) < target;
  if (UNSIGNED[to] !== undefined) return (UNSIGNED[from] ?? 99) <= UNSIGNED[to];
  return from === 'FLOAT' && to === 'DOUBLE';
}

/** Types of which catalogue and planner write bounds alike. */
function hasBounds(type: string): boolean {
  return (
    type in WIDTH ||
    type in UNSIGNED ||
    ['BOOLEAN', 'DATE', 'TIMESTAMP', 'TIMESTAMP WITH TIME ZONE', 'FLOAT', 'DOUBLE', 'VARCHAR'].includes(type) ||
    type.startsWith('DECIMAL')
  );
}

/** The column an operand stands for, as an index into the scan's output. */
function columnOf(e: Expr): number | undefined {
  if (e.kind === 'ref') return hasBounds(e.type) ? e.index : undefined;
  if (e.kind === 'cast' && !e.safe && e.arg.kind === 'ref' && widens(e.arg.type, e.type)) return e.arg.index;
  return undefined;
}

function boundOf(e: Expr): Bound | undefined {
  return e.kind === 'const' ? e.bound : undefined;
}

function compared(column: Expr, op: Op, value: Expr, ordinals: readonly number[]): RangePredicate[] {
  const index = columnOf(column);
  const bound = boundOf(value);
  const ordinal = index === undefined ? undefined : ordinals[index];
  // Both sides have one type after binding; else their bounds could differ in scale.
  if (ordinal === undefined || ordinal < 0 || !bound || column.type !== value.type) return [];
  return [{ ordinal, op, value: bound }];
}

function inRange(e: Extract<Expr, { kind: 'in' }>, ordinals: readonly number[]): RangePredicate[] {
  const bounds = e.items.map(boundOf);
  const [first] = e.items;
  if (e.negated || !first || e.items.some((i) => i.type !== e.arg.type) || bounds.some((b) => b === undefined)) return [];
  const sorted = bounds.filter((b): b is Bound => b !== undefined).sort((a, b) => compareBounds(a, b) ?? 0);
  const low = sorted[0];
  const high = sorted.at(-1);
  const index = columnOf(e.arg);
  const ordinal = index === undefined ? undefined : ordinals[index];
  if (!low || !high || ordinal === undefined || ordinal < 0) return [];
  return [
    { ordinal, op: '>=', value: low },
    { ordinal, op: '<=', value: high },
  ];
}

/** `ordinals[i]` is the dataset's column behind the scan's output column i. */
export function rangePredicates(filters: readonly Expr[], ordinals: readonly number[]): RangePredicate[] {
  return filters.flatMap(conjuncts).flatMap((e): RangePredicate[] => {
    if (e.kind === 'compare' && e.op in FLIP) {
      const op = e.op as Op;
      return [...compared(e.left, op, e.right, ordinals), ...compared(e.right, FLIP[op], e.left, ordinals)];
    }
    if (e.kind === 'between')
      return [...compared(e.arg, e.lowOp, e.low, ordinals), ...compared(e.arg, e.highOp, e.high, ordinals)];
    if (e.kind === 'in') return inRange(e, ordinals);
    if (e.kind === 'junction' && e.word === 'OR') return eitherRange(e.args, ordinals);
    return [];
  });
}

/** `c = 1 OR c = 2 OR ...`, as DuckDB writes IN lists: the hull of the values. */
function eitherRange(args: readonly Expr[], ordinals: readonly number[]): RangePredicate[] {
  const flat = args.flatMap((a) => (a.kind === 'junction' && a.word === 'OR' ? a.args : [a]));
  const points = flat.map((a) => {
    if (a.kind !== 'compare' || a.op !== '=') return undefined;
    const found = compared(a.left, '=', a.right, ordinals);
    return found[0] ?? compared(a.right, '=', a.left, ordinals)[0];
  });
  const [first] = points;
  if (!first || points.some((p) => p?.ordinal !== first.ordinal || p.value.k !== first.value.k)) return [];
  const sorted = points.flatMap((p) => (p ? [p.value] : [])).sort((a, b) => compareBounds(a, b) ?? 0);
  const [low] = sorted;
  const high = sorted.at(-1);
  if (!low || !high) return [];
  return [
    { ordinal: first.ordinal, op: '>=', value: low },
    { ordinal: first.ordinal, op: '<=', value: high },
  ];
}

/** Tells each scan what the filter right above it wants. */
export function attachRanges(n: LogicalNode): LogicalNode {
  if (n.op === 'filter' && n.input.op === 'scan') {
    const scan = n.input;
    return { ...n, input: { ...scan, ranges: rangePredicates(n.predicates, scan.ordinals) } };
  }
  if (n.op === 'shared') {
    n.shared.rewrite(attachRanges);
    return n;
  }
  return withInputs(n, inputsOf(n).map(attachRanges));
}
