/** LIMIT, DISTINCT and set operations. */
import { combined, distinctOf } from './estimates.ts';
import { allColumns, bucketsFor, hashExchange, inTypes, isHashable, togetherBy } from './exchange-keys.ts';
import type { Expr } from './expressions.ts';
import type { LogicalNode } from './logical.ts';
import {
  bytesOf,
  type Distribution,
  fallBack,
  gathered,
  isSmall,
  mapBranches,
  nodeOf,
  type Relation,
  type Size,
  single,
} from './relation.ts';

type Node<Op extends LogicalNode['op']> = Extract<LogicalNode, { op: Op }>;

/** Up to so many groups are merged in one task: each earlier task sends all of them. */
const FEW_GROUPS = 16_384;
/** So few rows that their groups are few in any case. */
const FEW_ROWS = 32_768;

/** The number of groups where it is known or cannot be great; undefined: it may be large. */
export function fewGroups(input: Relation, by: readonly Expr[]): number | undefined {
  const groups = combined(by.map((e) => distinctOf(e, input.distinct)));
  if (groups !== undefined && groups <= FEW_GROUPS) return Math.min(groups, input.rows);
  return input.rows <= FEW_ROWS && isSmall(input) ? input.rows : undefined;
}

/** As many groups as there surely are at most, as far as the catalogue can tell. */
export function mostGroups(input: Relation, by: readonly Expr[]): number {
  return Math.max(1, Math.min(input.most, combined(by.map((e) => distinctOf(e, input.distinct))) ?? input.most));
}

/** About how many groups there are. */
export function groupsIn(input: Relation, by: readonly Expr[]): number {
  return Math.max(1, Math.min(input.rows, combined(by.map((e) => distinctOf(e, input.distinct))) ?? input.rows * 0.2));
}

export function limitOver(n: Node<'limit'>, input: Relation, d: Distribution): Relation {
  const least = (limit: number | undefined): Size => ({
    rows: Math.min(input.rows, limit ?? input.rows),
    most: Math.min(input.most, limit ?? input.most),
    rowBytes: input.rowBytes,
  });
  if (!input.many) return single({ ...n, input: nodeOf(input) }, least(n.limit), input.distinct);
  if (n.percent !== undefined) return fallBack(n, [input], d, 'limit', 'a percentage of the rows needs their number');
  if (n.limit === undefined) return single({ ...n, input: nodeOf(gathered(input)), phase: 'final' }, input, input.distinct);
  const kept = n.limit + n.offset;
  const local = mapBranches(input, (b) => ({ ...n, input: b, limit: kept, offset: 0, phase: 'partial' }), least(kept));
  return single({ ...n, input: nodeOf(gathered(local)), phase: 'final' }, least(n.limit), input.distinct);
}

export function distinctOver(n: Node<'distinct'>, input: Relation, d: Distribution): Relation {
  const by = n.on ?? allColumns(input.types);
  const rows = by ? groupsIn(input, by) : input.rows;
  const whole = (b: LogicalNode): LogicalNode => ({ ...n, input: b });
  if (!input.many) return single(whole(nodeOf(input)), { ...input, rows }, input.distinct);
  const keys = by?.every((e) => isHashable(e.type)) ? by : undefined;
  if (!keys) return fallBack(n, [input], d, 'distinct', 'equal values of these types cannot be found by their hash');
  // Where the tasks' own duplicates are few, removing them first is work for nothing.
  const local =
    rows < 0.7 * input.rows || n.on ? mapBranches(input, (b) => ({ ...n, input: b, phase: 'partial' }), { rows }) : input;
  const final = (b: LogicalNode): LogicalNode => ({ ...n, input: b, phase: local === input ? 'whole' : 'final' });
  const together = togetherBy(input, keys);
  if (together === input) return mapBranches(input, whole, { rows });
  if (fewGroups(input, keys) !== undefined) return single(final(nodeOf(gathered(local))), { ...local, rows }, input.distinct);
  return mapBranches(togetherBy(local, keys), final, { rows });
}

export function setOperation(n: Node<'setop'>, inputs: readonly Relation[], d: Distribution): Relation {
  const size: Size = {
    rows: inputs.reduce((sum, r) => sum + r.rows, 0),
    most: inputs.reduce((sum, r) => sum + r.most, 0),
    rowBytes: Math.max(...inputs.map((r) => r.rowBytes)),
  };
  if (n.word === 'UNION' && inputs.some((r) => r.many)) return unionOver(n, inputs, size, d);
  const inOne = (): Relation => single({ ...n, inputs: inputs.map((r) => nodeOf(gathered(r))) }, size);
  if (inputs.every((r) => !r.many) || isSmall(size)) return inOne();
  const keys = allColumns(n.types);
  if (!keys) return fallBack(n, inputs, d, n.word.toLowerCase(), 'equal values of these types cannot be found by their hash');
  // Several inputs of one task are split alike, wherever their rows are now.
  const count = bucketsFor(bytesOf(size));
  const at = n.types.map((_, i) => i);
  const buckets = inputs.map((r) => hashExchange({ relation: inTypes(r, n.types), at, keys }, count));
  const [first] = buckets;
  if (!first) return inOne();
  const node: LogicalNode = { ...n, inputs: buckets.flatMap((r) => r.branches) };
  return { ...first, ...size, branches: [node], types: n.types, rows: inputs[0]?.rows ?? size.rows, distinct: [] };
}

function unionOver(n: Node<'setop'>, inputs: readonly Relation[], size: Size, d: Distribution): Relation {
  const distinct = n.types.map((_, i) => inputs.reduce<number | undefined>((sum, r) => plus(sum, r.distinct[i]), 0));
  const all: Relation = { branches: inputs.flatMap((r) => r.branches), types: n.types, many: true, ...size, distinct };
  if (n.all) return all;
  return distinctOver({ op: 'distinct', input: n, on: undefined, keys: [], phase: 'whole', types: n.types }, all, d);
}

function plus(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a + b;
}
