/**
 * Guests: functions of rows go where the rows lie. An aggregate is made partially there, and merged where equal keys meet; the two sides
 * of a cogroup are split by the hash of their keys alike.
 */
import { groupsIn, mostGroups } from './distribute-sets.ts';
import { bucketsFor, commonType, hashExchange, inTypes, isHashable, isTogether, togetherBy, withKeys } from './exchange-keys.ts';
import { type Expr, ref, type SortKey } from './expressions.ts';
import type { GuestNode, LogicalNode } from './logical.ts';
import {
  bytesOf,
  type Distribution,
  fallBack,
  gathered,
  isLight,
  mapBranches,
  nodeOf,
  type Relation,
  readBy,
  type Size,
  scattered,
  single,
} from './relation.ts';

type Node = GuestNode & { readonly types: readonly string[] };

/** Nobody knows what a function makes of its rows: these are guesses, by which plans differ and answers never do. */
const EXPANDED = 8;
const KEPT = 0.3;
const COLUMN_BYTES = 16;

function sizeAfter(n: Node, input: Size): Size {
  const rowBytes = n.action === 'filter' ? input.rowBytes : COLUMN_BYTES * n.types.length;
  const factor = n.action === 'flatMap' ? EXPANDED : n.action === 'filter' ? KEPT : 1;
  return { rows: input.rows * factor, most: input.most * Math.max(1, factor), rowBytes };
}

export function guestOver(n: Node, input: Relation, sides: readonly Relation[], d: Distribution): Relation {
  if (n.action === 'aggregate') return aggregated(n, input, d);
  if (n.action === 'cogroup') return cogrouped(n, input, sides[0] ?? input, d);
  const tables = sides.map((side, i) => ({
    node: isLight(side) ? nodeOf(side) : readBy(input.many ? 'broadcast' : 'gather', side),
    names: n.sides[i]?.names ?? [],
  }));
  return through(n, input, (b) => ({ ...n, input: b, sides: tables }), sizeAfter(n, input));
}

/** A guest in every branch: where rows of equal keys were, and how many values there were, is not known of what it makes. */
function through(n: Node, input: Relation, over: (b: LogicalNode) => LogicalNode, size: Size): Relation {
  const { rows, most, rowBytes } = size;
  return { ...mapBranches(scattered(input), over, { rows, most, rowBytes, distinct: [] }), types: n.types };
}

const keysOf = (types: readonly string[], at: readonly number[]): Expr[] => at.map((k) => ref(k, types[k] ?? ''));

/** Rows with equal keys side by side. */
function ordered(input: LogicalNode, at: readonly number[]): LogicalNode {
  if (at.length === 0) return input;
  const keys = keysOf(input.types, at).map((expr): SortKey => ({ expr, descending: false, nullsFirst: false }));
  return { op: 'sort', input, keys, types: input.types };
}

function aggregated(n: Node, input: Relation, d: Distribution): Relation {
  const { state = { names: [], types: [] }, ...guest } = n;
  const keys = keysOf(input.types, n.keys);
  const like: Size = {
    rows: keys.length === 0 ? 1 : groupsIn(input, keys),
    most: keys.length === 0 ? 1 : mostGroups(input, keys),
    rowBytes: COLUMN_BYTES * n.types.length,
  };
  const partial = (b: LogicalNode): LogicalNode => ({
    ...guest,
    action: 'partial',
    input: b,
    types: state.types,
    outputNames: state.names,
  });
  const at = n.keys.map((_, i) => i);
  const merge = (b: LogicalNode): LogicalNode => ({
    ...guest,
    action: 'merge',
    input: ordered(b, at),
    names: state.names,
    keys: at,
  });
  const partials: Relation = { ...mapBranches(scattered(input), partial, { ...like, distinct: [] }), types: state.types };
  const over = (r: Relation): Relation => through(n, r, merge, like);
  if (!input.many || (keys.length > 0 && isTogether(input, keys))) return over(partials);
  if (keys.length === 0) return over(gathered(partials));
  const odd = keys.find((k) => !isHashable(k.type));
  if (!odd) return over(togetherBy(partials, keysOf(state.types, at)));
  const why = `equal values of the type ${odd.type} cannot be found by their hash`;
  return { ...fallBack(merge(n.input), [partials], d, 'aggregate with a guest', why), ...like, types: n.types, distinct: [] };
}

function cogrouped(n: Node, input: Relation, other: Relation, d: Distribution): Relation {
  const at = [n.keys, n.otherKeys ?? []] as const;
  const common = n.keys.map((k, i) => commonType(input.types[k] ?? '', other.types[at[1][i] ?? -1] ?? ''));
  const cast = (r: Relation, keys: readonly number[]): Relation => {
    const types = r.types.map((t, c) => common[keys.indexOf(c)] ?? t);
    return inTypes(r, types);
  };
  const [left, right] = [cast(input, at[0]), cast(other, at[1])];
  const names = n.sides[0]?.names ?? [];
  const meet = (l: LogicalNode, r: LogicalNode): LogicalNode => ({
    ...n,
    action: 'mapPartitions',
    input: ordered(l, at[0]),
    sides: [{ node: ordered(r, at[1]), names }],
  });
  const like: Size = {
    rows: Math.max(input.rows, other.rows),
    most: Math.max(input.most, other.most),
    rowBytes: COLUMN_BYTES * n.types.length,
  };
  if (!left.many && !right.many) return single(meet(nodeOf(left), nodeOf(right)), like);
  if (common.some((t) => t === undefined)) {
    const node = meet(nodeOf(gathered(left)), nodeOf(gathered(right)));
    const why = 'equal values of these keys cannot be found by their hash';
    d.fallbacks.set(node, { scope: 'operator', operator: 'cogroup', why });
    return single(node, like);
  }
  const count = bucketsFor(bytesOf(left) + bytesOf(right));
  const split = (r: Relation, keys: readonly number[]): Relation => hashExchange(withKeys(r, keysOf(r.types, keys)), count);
  const [l, r] = [split(left, at[0]), split(right, at[1])];
  const node = meet(nodeOf({ ...l, many: false }), nodeOf({ ...r, many: false }));
  return { ...like, branches: [node], types: n.types, many: true, distinct: [] };
}
