/** Which side of a join may move, what moving it costs, and by which keys both can be split. */
import { commonType } from './exchange-keys.ts';
import { castTo, type Expr } from './expressions.ts';
import { type JoinKind, type JoinNode, joinTypes, type LogicalNode } from './logical.ts';
import { bytesOf, type Distribution, mostBytesOf, type Relation } from './relation.ts';

export type Join = JoinNode & { readonly types: readonly string[] };

/** A slot holds what is broadcast beside its own input, so more than this goes through a hash exchange where there are keys. */
export const BROADCAST_BYTES = 128 * 1024 * 1024;
/** What is surely no more than this is not worth splitting. */
const ALWAYS_BROADCAST_BYTES = 1024 * 1024;
/** A row that is split is packed, moved and loaded on top of what it costs to be read. */
const SHUFFLE_COST = 2;
/** An estimate this far below the limit may be wrong without harm. */
const SAFELY = 8;

/** A side that emits unmatched rows must not be seen by several tasks: it would emit them several times. */
const RIGHT_MAY_MOVE: ReadonlySet<JoinKind> = new Set(['INNER', 'LEFT', 'SEMI', 'ANTI', 'MARK', 'SINGLE']);
const LEFT_MAY_MOVE: ReadonlySet<JoinKind> = new Set(['INNER', 'RIGHT', 'RIGHT_SEMI', 'RIGHT_ANTI']);

export type Side = 'left' | 'right';

/** Sides that may be sent to every task of the other one. */
export function movable(n: Pick<Join, 'kind' | 'asof'>): readonly Side[] {
  const sides: Side[] = [];
  if (RIGHT_MAY_MOVE.has(n.kind)) sides.push('right');
  if (LEFT_MAY_MOVE.has(n.kind) && !n.asof) sides.push('left');
  return sides;
}

/** The most bytes of a side for which sending it to all slots costs less than splitting both. */
export function broadcastLimit(stays: Relation, d: Distribution): number {
  if (!stays.many) return BROADCAST_BYTES;
  const byCost = (SHUFFLE_COST * bytesOf(stays)) / Math.max(1, d.slots - SHUFFLE_COST);
  return Math.min(BROADCAST_BYTES, Math.max(ALWAYS_BROADCAST_BYTES, byCost));
}

export function joined(n: Join, left: LogicalNode, right: LogicalNode): LogicalNode {
  return { ...n, left, right, types: joinTypes(n.kind, left.types, right.types) };
}

/** Moving rows away from several tasks into one loses the tasks as well. */
export function movingCost(side: Side, left: Relation, right: Relation): number {
  const [moved, stays] = side === 'right' ? [right, left] : [left, right];
  return bytesOf(moved) * (moved.many && !stays.many ? 4 : 1);
}

/** Even if the guesses about it are wrong. */
export function isCheap(side: Side, left: Relation, right: Relation, d: Distribution): boolean {
  const [moved, stays] = side === 'right' ? [right, left] : [left, right];
  const limit = broadcastLimit(stays, d);
  return mostBytesOf(moved) <= limit || bytesOf(moved) <= limit / SAFELY;
}

/** Keys of both sides, in the one type in which they are hashed. */
export interface KeyPair {
  readonly left: Expr;
  readonly right: Expr;
}

/**
 * The conditions by which both sides can be split. NOT IN needs all of the right side wherever it looks, because one NULL there
 * decides about every row: of a MARK join only the correlation counts, which is written as identity.
 */
export function equalities(n: JoinNode): readonly KeyPair[] {
  const usable = n.conditions.filter((c) => c.op === 'IS NOT DISTINCT FROM' || (c.op === '=' && n.kind !== 'MARK'));
  return usable.flatMap((c) => {
    const type = commonType(c.left.type, c.right.type);
    return type === undefined ? [] : [{ left: castTo(c.left, type), right: castTo(c.right, type) }];
  });
}
