/**
 * DuckDB decorrelates subqueries into DELIM_JOINs: the right side reads the distinct key values of the left. What is left of
 * them is turned into plain joins:
 *   D1  semi/anti(L, project*(X inner join keys on conditions))  ->  semi/anti(L, X) with those conditions on L;
 *   D2  in the right side, X inner join keys on plain equality of every key  ->  X with its own columns as the keys;
 *   D3  else L becomes a shared plan, and the keys are DISTINCT over it.
 */
import { type CompareOp, type Expr, mapRefs, template } from './expressions.ts';
import {
  columnsOf,
  type DelimSource,
  inputsOf,
  type JoinCondition,
  type JoinNode,
  type LogicalNode,
  SharedPlan,
  withInputs,
} from './logical.ts';

type Join = JoinNode & { readonly types: readonly string[] };

const MIRROR: { readonly [op in CompareOp]: CompareOp } = {
  '=': '=',
  '<>': '<>',
  '<': '>',
  '>': '<',
  '<=': '>=',
  '>=': '<=',
  'IS DISTINCT FROM': 'IS DISTINCT FROM',
  'IS NOT DISTINCT FROM': 'IS NOT DISTINCT FROM',
};

export function decorrelate(n: LogicalNode): LogicalNode {
  if (n.op === 'shared') {
    n.shared.rewrite(decorrelate);
    return n;
  }
  const done = withInputs(n, inputsOf(n).map(decorrelate));
  return done.op === 'join' && done.delim ? removeDelim(done, done.delim) : done;
}

function usesOf(n: LogicalNode, source: DelimSource): LogicalNode[] {
  if (n.op === 'delimGet') return n.source === source ? [n] : [];
  return inputsOf(n).flatMap((c) => usesOf(c, source));
}

function removeDelim(join: Join, source: DelimSource): LogicalNode {
  const { delim: _delim, ...plain } = join;
  const uses = usesOf(join.right, source);
  if (uses.length === 0) return plain;
  const direct = uses.length === 1 ? directSemi(plain, source) : undefined;
  if (direct) return direct;
  const right = replaceByKeys(join.right, source);
  if (usesOf(right, source).length === 0) return { ...plain, right };
  const shared = new SharedPlan('outer rows of a subquery', join.left);
  const read: LogicalNode = { op: 'shared', shared, types: join.left.types };
  const keyTypes = source.columns.map((c) => c.type);
  const keys: LogicalNode = {
    op: 'distinct',
    input: { op: 'project', input: read, exprs: source.columns, types: keyTypes },
    on: undefined,
    keys: [],
    phase: 'whole',
    types: keyTypes,
  };
  return { ...plain, left: read, right: replaceUses(right, source, keys) };
}

function replaceUses(n: LogicalNode, source: DelimSource, keys: LogicalNode): LogicalNode {
  if (n.op === 'delimGet' && n.source === source) return keys;
  return withInputs(
    n,
    inputsOf(n).map((c) => replaceUses(c, source, keys)),
  );
}

/** D1. Sound only where the outer conditions compare exactly the keys, by identity. */
function directSemi(join: Join, source: DelimSource): LogicalNode | undefined {
  if (join.kind !== 'SEMI' && join.kind !== 'ANTI') return undefined;
  let inner = join.right;
  const projections: (readonly Expr[])[] = [];
  while (inner.op === 'project') {
    projections.push(inner.exprs);
    inner = inner.input;
  }
  if (inner.op !== 'join' || inner.kind !== 'INNER' || inner.asof || inner.residual.length > 0) return undefined;
  const keysLeft = inner.left.op === 'delimGet' && inner.left.source === source;
  const keysRight = inner.right.op === 'delimGet' && inner.right.source === source;
  if (keysLeft === keysRight || join.residual.length > 0 || join.conditions.length !== source.columns.length) return undefined;
  if (!keysMatch(join, source, projections, keysLeft ? 0 : inner.left.types.length)) return undefined;
  const outer = (e: Expr): Expr => mapRefs(e, (i, t) => source.columns[i] ?? { kind: 'ref', index: i, type: t });
  const conditions = inner.conditions.map(
    (c): JoinCondition =>
      keysLeft ? { left: outer(c.left), right: c.right, op: c.op } : { left: outer(c.right), right: c.left, op: MIRROR[c.op] },
  );
  return { ...join, right: keysLeft ? inner.right : inner.left, conditions };
}

/** Each outer condition must compare key k of the left with key k as it came out of the inner join. */
function keysMatch(join: Join, source: DelimSource, projections: readonly (readonly Expr[])[], keysAt: number): boolean {
  const found = new Set<number>();
  for (const c of join.conditions) {
    if (c.op !== '=' && c.op !== 'IS NOT DISTINCT FROM') return false;
    let at: Expr | undefined = c.right;
    for (const exprs of projections) at = at?.kind === 'ref' ? exprs[at.index] : undefined;
    const key = at?.kind === 'ref' ? at.index - keysAt : -1;
    const outer = source.columns[key];
    if (!outer || JSON.stringify(outer) !== JSON.stringify(c.left)) return false;
    found.add(key);
  }
  return found.size === source.columns.length;
}

/** D2, applied wherever it fits. Rows with NULL keys never matched an equality, so they are dropped. */
function replaceByKeys(n: LogicalNode, source: DelimSource): LogicalNode {
  if (n.op === 'join' && n.kind === 'INNER' && !n.asof && n.residual.length === 0) {
    const isKeys = (x: LogicalNode): boolean => x.op === 'delimGet' && x.source === source;
    if (isKeys(n.left) !== isKeys(n.right)) {
      const replaced = keysFromOther(n, isKeys(n.left));
      if (replaced) return replaced;
    }
  }
  return withInputs(
    n,
    inputsOf(n).map((c) => replaceByKeys(c, source)),
  );
}

function keysFromOther(n: Join, keysLeft: boolean): LogicalNode | undefined {
  const other = keysLeft ? n.right : n.left;
  const width = (keysLeft ? n.left : n.right).types.length;
  const byKey = new Map<number, Expr>();
  for (const c of n.conditions) {
    const [key, own] = keysLeft ? [c.left, c.right] : [c.right, c.left];
    if (c.op !== '=' || key.kind !== 'ref') return undefined;
    byKey.set(key.index, own);
  }
  if (byKey.size !== width || n.conditions.length !== width) return undefined;
  const keys = Array.from({ length: width }, (_, i) => byKey.get(i)).filter((e): e is Expr => e !== undefined);
  const filtered: LogicalNode = {
    op: 'filter',
    input: other,
    predicates: keys.map((k) => template('BOOLEAN')`(${k} IS NOT NULL)`),
    types: other.types,
  };
  const own = columnsOf(other);
  return { op: 'project', input: filtered, exprs: keysLeft ? [...keys, ...own] : [...own, ...keys], types: n.types };
}
