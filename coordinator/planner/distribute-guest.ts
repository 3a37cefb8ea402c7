/**
 * Guests: functions of rows go where the rows lie. An aggregate is made partially there, and merged where equal keys meet; the two sides
 * of a cogroup are split by the hash of their keys alike.
 */
import { groupsIn, mostGroups } from './distribute-sets.ts';
import { commonType, inTypes, isHashable, isTogether, keepColumns, togetherBy } from './exchange-keys.ts';
import { type Expr, ref, type SortKey } from './expressions.ts';
import type { GuestNode, LogicalNode } from './logical.ts';
import {
  type Distribution,
  fallBack,
  gathered,
  type Hashed,
  isLight,
  mapBranches,
  movedKeys,
  nodeOf,
  type Relation,
  readBy,
  type Size,
  scattered,
  single,
} from './relation.ts';
import { splitSides } from './split-sides.ts';

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
  const over = (r: Relation): Relation => withKept(through(n, r, merge, like), keptKeys(n, input.types, r.hashed));
  if (!input.many) return over(partials);
  if (keys.length > 0 && isTogether(input, keys)) {
    const moved = input.hashed && movedKeys(input.hashed, (column) => (n.keys.includes(column) ? [n.keys.indexOf(column)] : []));
    return over(withKept(partials, moved));
  }
  if (keys.length === 0) return over(gathered(partials));
  const odd = keys.find((k) => !isHashable(k.type));
  if (!odd) return over(togetherBy(partials, keysOf(state.types, at)));
  const why = `equal values of the type ${odd.type} cannot be found by their hash`;
  return { ...fallBack(merge(n.input), [partials], d, 'aggregate with a guest', why), ...like, types: n.types, distinct: [] };
}

const withKept = (r: Relation, hashed: Hashed | undefined): Relation => (hashed ? { ...r, hashed } : r);

/**
 * Where the keys of a partial state are among an aggregate's columns: what a script finishes has the keys of its group, which its host sees
 * to. A module could emit anything.
 */
function keptKeys(n: Node, types: readonly string[], hashed: Hashed | undefined): Hashed | undefined {
  if (n.code.kind !== 'script' || !hashed) return undefined;
  return movedKeys(hashed, (at) => {
    const from = n.keys[at] ?? -1;
    const to = n.outputNames.indexOf(n.names[from] ?? '');
    return to >= 0 && n.types[to] === types[from] ? [to] : [];
  });
}

const columnsUpTo = (r: Relation, width: number): Relation =>
  r.types.length === width
    ? r
    : keepColumns(
        r,
        Array.from({ length: width }, (_, i) => i),
      );

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
  const others = keysOf(right.types, at[1]);
  const pairs = keysOf(left.types, at[0]).map((key, i) => ({ left: key, right: others[i] ?? key }));
  const split = splitSides(pairs, left, right);
  const oneOf = (side: 'left' | 'right', { types }: Relation): LogicalNode =>
    nodeOf({ ...columnsUpTo(split[side], types.length), many: false });
  const node = meet(oneOf('left', left), oneOf('right', right));
  return { ...like, branches: [node], types: n.types, many: true, distinct: [] };
}
