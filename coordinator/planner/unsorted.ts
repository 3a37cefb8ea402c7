/** A fragment that ends in a sort of many rows, as slots do it faster: unsorted rows, and the keys by which they are sorted. */
import { layoutOf } from '../../shared/arrow/layout.ts';
import type { SortKey as KeyColumn, UnsortedRows } from '../../shared/plan/physical.ts';
import type { Expr, SortKey } from './expressions.ts';
import type { LogicalNode } from './logical.ts';
import { planColumn, toWire } from './wire.ts';

/** Types of keys: their bits, read as numbers, compare as ORDER BY does. Decimals of more digits take more than 64 bits. */
const KEY_TYPE =
  /^(U?(TINY|SMALL|BIG)INT|U?INTEGER|FLOAT|DOUBLE|DATE|TIME|TIMESTAMP|TIMESTAMP_NS|TIMESTAMP WITH TIME ZONE|DECIMAL\((\d|1[0-8]),\d+\))$/;
/** It is sent beside the sorted form. */
const SQL_CHARS_MOST = 64 * 1024;

/** Undefined where the engine has to sort. `sql` writes a tree. */
export function unsortedRows(root: LogicalNode, sql: (n: LogicalNode) => string): UnsortedRows | undefined {
  const sort = root.op === 'project' ? root.input : root;
  if (sort.op !== 'sort' || !sort.large) return undefined;
  const own: readonly Expr[] =
    root.op === 'project' ? root.exprs : sort.types.map((type, index): Expr => ({ kind: 'ref', index, type }));
  if (own.length === 0 || !root.types.every(isFixed) || !sort.keys.every((key) => KEY_TYPE.test(key.expr.type))) return undefined;
  const exprs = [...own];
  const keys = sort.keys.map((key): KeyColumn => {
    const { descending, nullsFirst } = key;
    return { column: columnOf(exprs, key), descending, nullsFirst };
  });
  const types = exprs.map((e, i) => root.types[i] ?? e.type);
  const columns = types.map(planColumn);
  const text = toWire(sql({ op: 'project', input: sort.input, exprs, types }), columns);
  if (text.length > SQL_CHARS_MOST) return undefined;
  return { sql: text, extra: columns.slice(own.length).map((c) => c.wire), keys };
}

const isFixed = (type: string): boolean => layoutOf(planColumn(type).wire).kind === 'fixed';

/** Where the key stands; behind the others if it is none of them. */
function columnOf(exprs: Expr[], { expr }: SortKey): number {
  const same = (e: Expr): boolean => e.kind === 'ref' && expr.kind === 'ref' && e.index === expr.index;
  const at = exprs.findIndex(same);
  return at >= 0 ? at : exprs.push(expr) - 1;
}
