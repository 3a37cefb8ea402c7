/** A fragment that merges partial aggregates from one exchange, sorts a few groups at most and does nothing else, in plain words. */
import { cellKind } from '../../shared/cells/plain-cells.ts';
import type { MergedColumn, MergedRows } from '../../shared/plan/physical.ts';
import { type Aggregate, type Expr, mapRefs, ref } from './expressions.ts';
import type { AggregateNode, LogicalNode } from './logical.ts';

/** Sent beside the SQL. */
const COLUMNS_MOST = 64;

type Aggregates = AggregateNode & { readonly types: readonly string[] };
type Value = MergedRows['values'][number];
type Order = MergedRows['order'];

/** An expression, and the direction where it is a key. */
interface Sorted {
  readonly by: Expr;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

/** Undefined where only the engine can say what it makes. */
export function mergedRows(root: LogicalNode): MergedRows | undefined {
  let output: readonly Expr[] = root.types.map((type, i) => ref(i, type));
  let keys: readonly Sorted[] = [];
  let bounds: { readonly limit?: number; readonly offset?: number } = {};
  let n = root;
  while (n.op !== 'aggregate') {
    if (n.op === 'project') {
      const { exprs } = n;
      const through = (e: Expr): Expr => mapRefs(e, (i, type) => exprs[i] ?? ref(i, type));
      output = output.map(through);
      keys = keys.map((key) => ({ ...key, by: through(key.by) }));
    } else if (n.op === 'sort' || n.op === 'limit') {
      // Of two orders the upper one decides, but only the engine knows how the lower one settles its ties.
      if (keys.length > 0 || n.keys.length === 0 || (n.op === 'limit' && n.percent !== undefined)) return undefined;
      keys = n.keys.map(({ expr, descending, nullsFirst }) => ({ by: expr, descending, nullsFirst }));
      if (n.op === 'limit')
        bounds = { ...(n.limit !== undefined && { limit: n.limit }), ...(n.offset > 0 && { offset: n.offset }) };
    } else return undefined;
    n = n.input;
  }
  return mergeOf(n, output, keys, bounds);
}

function mergeOf(
  n: Aggregates,
  output: readonly Expr[],
  keys: readonly Sorted[],
  bounds: { readonly limit?: number; readonly offset?: number },
): MergedRows | undefined {
  if (n.phase !== 'final' || n.sets || n.groupings.length > 0) return undefined;
  if (n.input.op !== 'exchange' || n.input.exchange.kind !== 'gather') return undefined;
  if (n.input.types.length > COLUMNS_MOST || output.length > COLUMNS_MOST || output.length === 0) return undefined;
  if (n.groups.length > 0 && keys.length === 0) return undefined;
  const groups = n.groups.map((g) => (g.kind === 'ref' && cellKind(g.type) ? g.index : undefined));
  const values = n.aggregates.map(aggregateOf);
  const columns = output.map((e) => columnOf(e, n));
  const order = keys.map(({ by, ...how }) => ({ by: columnOf(by, n), ...how }));
  if (!groups.every(isKnown) || !values.every(isKnown) || !columns.every(isKnown)) return undefined;
  if (!order.every((key): key is Order[number] => key.by !== undefined)) return undefined;
  return { groups, values, output: columns, order, ...bounds };
}

const isKnown = <T>(value: T | undefined): value is T => value !== undefined;

/** Only types whose sums and comparisons are the same everywhere. */
function aggregateOf(a: Aggregate): Value | undefined {
  const [arg] = a.args;
  if (arg?.kind !== 'ref' || a.args.length !== 1) return undefined;
  if (a.distinct || a.filter || a.orders.length > 0 || a.extra.length > 0) return undefined;
  const column = arg.index;
  if ((a.name === 'min' || a.name === 'max') && a.type === arg.type && cellKind(a.type)) return { kind: a.name, column };
  return a.name === 'sum' && a.type === sumType(arg.type) ? { kind: 'sum', column } : undefined;
}

function sumType(type: string): string | undefined {
  if (type === 'DOUBLE') return type;
  if (/^(U?(TINY|SMALL|BIG)INT|U?INTEGER|HUGEINT)$/.test(type)) return 'HUGEINT';
  const scale = /^DECIMAL\(\d+,(\d+)\)$/.exec(type)?.[1];
  return scale === undefined ? undefined : `DECIMAL(38,${scale})`;
}

/** What an expression over the aggregate's columns is. */
function columnOf(e: Expr, n: Aggregates): MergedColumn | undefined {
  if (e.kind === 'cast' && !e.safe && e.arg.type === e.type) return columnOf(e.arg, n);
  if (e.kind === 'ref') {
    if (e.type !== n.types[e.index]) return undefined;
    const value = e.index - n.groups.length;
    return value < 0 ? { kind: 'group', group: e.index } : { kind: 'value', value };
  }
  if (e.kind !== 'template' || e.means === undefined) return undefined;
  const args = e.args.map((arg) => columnOf(arg, n));
  const [a, b] = args;
  if (a?.kind !== 'value') return undefined;
  if (e.means === 'count') return { kind: 'count', value: a.value };
  return b?.kind === 'value' ? { kind: 'mean', sum: a.value, count: b.value } : undefined;
}
