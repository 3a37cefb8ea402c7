/** Joins: a side that is small goes to every task of the other; else both are split by the hash of the keys. */
import { shuffleJoin } from './distribute-shuffle-join.ts';
import { preservedSmall } from './distribute-small-join.ts';
import { distinctOf } from './estimates.ts';
import { equalities, isCheap, type Join, joined, movable, movingCost, type Side } from './join-costs.ts';
import { joinTypes, type LogicalNode } from './logical.ts';
import { isNothing, LEFT_NEEDED, nothing, RIGHT_NEEDED } from './nothing.ts';
import {
  type Distribution,
  gathered,
  isLight,
  mapBranches,
  mostBytesOf,
  movedKeys,
  nodeOf,
  type Relation,
  readBy,
  type Size,
  single,
} from './relation.ts';
import { readWhole, type WholeLimits } from './whole-scan.ts';

/** A dataset that is kept loaded for joins: one of several, beside a slot's part of a larger one. */
const WHOLE: WholeLimits = { share: 1 / 16, most: 16 };
/** Of both sides: so little is joined in one task where no side may be sent to the other’s tasks. */
const TOGETHER_BYTES = 1024 * 1024;

function estimate(n: Join, left: Relation, right: Relation): Size {
  const rowBytes = left.rowBytes + (n.types.length > left.types.length ? right.rowBytes : 0);
  if (n.kind === 'SEMI' || n.kind === 'ANTI') return { rows: left.rows * 0.5, most: left.most, rowBytes };
  if (n.kind === 'RIGHT_SEMI' || n.kind === 'RIGHT_ANTI')
    return { rows: right.rows * 0.5, most: right.most, rowBytes: right.rowBytes };
  if (n.kind === 'MARK' || n.kind === 'SINGLE') return { rows: left.rows, most: left.most, rowBytes };
  const product = { rows: left.rows * right.rows, most: left.most * right.most, rowBytes };
  let matches: number | undefined;
  for (const c of n.conditions) {
    if (c.op !== '=' && c.op !== 'IS NOT DISTINCT FROM') continue;
    const values = Math.max(distinctOf(c.left, left.distinct) ?? 0, distinctOf(c.right, right.distinct) ?? 0);
    const by = values > 0 ? product.rows / values : Math.max(left.rows, right.rows);
    matches = Math.min(matches ?? by, by);
  }
  if (matches === undefined) return product;
  // Filters thin out rows and keys alike, which the counts of different values do not show.
  const rows = Math.max(Math.min(matches, Math.max(left.rows, right.rows) * 10), n.kind === 'INNER' ? 0 : left.rows);
  return { rows, most: Math.max(left.most, right.most, rows), rowBytes };
}

export function joinOver(n: Join, left: Relation, right: Relation, d: Distribution): Relation {
  const like = estimate(n, left, right);
  const distinct = joinTypes(n.kind, left.types, right.types).map((_, i) =>
    n.kind === 'RIGHT_SEMI' || n.kind === 'RIGHT_ANTI' ? right.distinct[i] : [...columnsKnown(left), ...columnsKnown(right)][i],
  );
  const sized = (r: Relation): Relation => ({ ...r, rows: like.rows, most: like.most, rowBytes: like.rowBytes, distinct });
  if (!left.many && !right.many) return sized(single(joined(n, nodeOf(left), nodeOf(right)), like));
  const nothing = joinOfNothing(n, left, right);
  if (nothing) return sized(single(nothing, { rows: 0, most: 0, rowBytes: 8 }));
  const sides = movable(n);
  const [cheapest] = [...sides].sort((a, b) => movingCost(a, left, right) - movingCost(b, left, right));
  const keys = equalities(n);
  if (cheapest && (keys.length === 0 || isCheap(cheapest, left, right, d)))
    return sized(broadcastJoin(n, cheapest, left, right, d));
  if (keys.length > 0) {
    const kept = preservedSmall(n, left, right);
    if (kept) return sized(kept);
    const together = {
      rows: left.rows + right.rows,
      most: left.most + right.most,
      rowBytes: Math.max(left.rowBytes, right.rowBytes),
    };
    if (mostBytesOf(together) <= TOGETHER_BYTES)
      return sized(single(joined(n, nodeOf(gathered(left)), nodeOf(gathered(right))), like));
    return sized(shuffleJoin(n, left, right, like, d));
  }
  const node = joined(n, nodeOf(gathered(left)), nodeOf(gathered(right)));
  const why = `a ${n.kind} join emits unmatched rows of both sides, and has no equality by which to split them`;
  d.fallbacks.set(node, { scope: 'operator', operator: `${n.kind.toLowerCase()} join`, why });
  return sized(single(node, like));
}

const columnsKnown = (r: Relation): Relation['distinct'] => r.types.map((_, i) => r.distinct[i]);

/** The join, if a side has no rows that needs some. */
function joinOfNothing(n: Join, left: Relation, right: Relation): LogicalNode | undefined {
  const none = (r: Relation): boolean => r.branches.every(isNothing);
  const empty = (none(left) && LEFT_NEEDED.has(n.kind)) || (none(right) && RIGHT_NEEDED.has(n.kind));
  return empty ? nothing(n.types) : undefined;
}

function broadcastJoin(n: Join, side: Side, left: Relation, right: Relation, d: Distribution): Relation {
  const [moved, stays] = side === 'right' ? [right, left] : [left, right];
  const whole = stays.many ? readWhole(moved, d, WHOLE) : undefined;
  const other = isLight(moved) ? nodeOf(moved) : (whole ?? readBy(stays.many ? 'broadcast' : 'gather', moved));
  const out = mapBranches(stays, (b) => (side === 'right' ? joined(n, b, other) : joined(n, other, b)));
  const { hashed: _before, ...rest } = out;
  // The columns of the side that stays begin after the left ones.
  const shift = side === 'left' && n.kind !== 'RIGHT_SEMI' && n.kind !== 'RIGHT_ANTI' ? left.types.length : 0;
  const hashed = stays.hashed && movedKeys(stays.hashed, (c) => [c + shift]);
  return hashed ? { ...rest, hashed } : rest;
}
