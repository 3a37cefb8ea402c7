/** What operators tell about themselves: expressions inside, repeatability. */
import type { Determinacy } from '../../shared/plan/physical.ts';
import { type Expr, partsOf, walk } from './expressions.ts';
import { VOLATILE_FUNCTIONS } from './functions.ts';
import { inputsOf, type LogicalNode } from './logical.ts';
import { dependsOnOrder } from './split-aggregate.ts';

/** Every expression at a node itself, not below it. */
export function expressionsOf(n: LogicalNode): readonly Expr[] {
  switch (n.op) {
    case 'project':
    case 'window':
    case 'unnest':
      return n.exprs;
    case 'values':
      return n.rows.flat();
    case 'filter':
      return n.predicates;
    case 'aggregate':
      return [...n.groups, ...n.aggregates.flatMap(partsOf)];
    case 'join':
      return [...n.conditions.flatMap((c) => [c.left, c.right]), ...n.residual];
    case 'sort':
    case 'limit':
      return n.keys.map((k) => k.expr);
    case 'distinct':
      return [...(n.on ?? []), ...n.keys.map((k) => k.expr)];
    default:
      return [];
  }
}

/** Names of functions and aggregates that a node calls. */
export function functionsOf(n: LogicalNode): readonly string[] {
  const names: string[] = [];
  for (const e of expressionsOf(n)) {
    walk(e, (x) => {
      if (x.kind === 'template' && x.fn !== undefined) names.push(x.fn);
    });
  }
  if (n.op === 'aggregate') names.push(...n.aggregates.map((a) => a.name));
  return names;
}

export function isVolatile(n: LogicalNode): boolean {
  return functionsOf(n).some((f) => VOLATILE_FUNCTIONS.has(f)) || (n.op === 'sample' && !n.seeded);
}

const PLACES = new Set(['row_number', 'ntile', 'lag', 'lead', 'first_value', 'last_value', 'nth_value']);
const RANKS = new Set(['rank', 'dense_rank', 'percent_rank', 'cume_dist']);

/** Window functions whose value may depend on the order of rows that ORDER BY leaves open. */
function dependsOnPlace(e: Expr): boolean {
  if (e.kind !== 'template' || e.fn === undefined || RANKS.has(e.fn)) return false;
  const counts = e.text.some((t) => t.includes(' ROWS BETWEEN '));
  return (
    counts || PLACES.has(e.fn) || dependsOnOrder({ name: e.fn, args: [], distinct: false, orders: [], extra: [], type: e.type })
  );
}

/** Whether two runs over equal inputs give equal rows, in equal order. */
export function determinacyOf(branches: readonly LogicalNode[]): Determinacy {
  let worst: Determinacy = 'determinate';
  const visit = (n: LogicalNode): void => {
    if (isVolatile(n)) worst = 'indeterminate';
    const unordered =
      (n.op === 'aggregate' && n.aggregates.some(dependsOnOrder)) ||
      (n.op === 'limit' && n.keys.length === 0) ||
      (n.op === 'distinct' && n.on !== undefined && n.keys.length === 0) ||
      (n.op === 'window' && n.exprs.some(dependsOnPlace));
    if (unordered && worst === 'determinate') worst = 'unordered';
    for (const c of inputsOf(n)) visit(c);
  };
  for (const b of branches) visit(b);
  return worst;
}
