/** Joins with a broadcast side. */
import type { Fallback } from '../../shared/plan/physical.ts';
import { type JoinKind, type JoinNode, joinTypes, type LogicalNode } from './logical.ts';
import { type Distribution, gathered, isLight, mapBranches, nodeOf, type Relation, readBy, single } from './relation.ts';

/**
 * The largest side that is sent to every task, as estimated uncompressed bytes: a slot holds it beside its own input, and each tab
 * fetches it once. Beyond it both sides need a hash exchange.
 */
export const BROADCAST_BYTES = 128 * 1024 * 1024;

/** A side that emits unmatched rows must not be seen by several tasks: it would emit them several times. */
const RIGHT_MAY_MOVE: ReadonlySet<JoinKind> = new Set(['INNER', 'LEFT', 'SEMI', 'ANTI', 'MARK', 'SINGLE']);
const LEFT_MAY_MOVE: ReadonlySet<JoinKind> = new Set(['INNER', 'RIGHT', 'RIGHT_SEMI', 'RIGHT_ANTI']);

type Join = JoinNode & { readonly types: readonly string[] };

function estimate(n: Join, left: Relation, right: Relation): Pick<Relation, 'rows' | 'rowBytes'> {
  const rowBytes = left.rowBytes + (n.types.length > left.types.length ? right.rowBytes : 0);
  if (n.kind === 'SEMI' || n.kind === 'ANTI') return { rows: left.rows * 0.5, rowBytes };
  if (n.kind === 'RIGHT_SEMI' || n.kind === 'RIGHT_ANTI') return { rows: right.rows * 0.5, rowBytes: right.rowBytes };
  if (n.kind === 'MARK' || n.kind === 'SINGLE') return { rows: left.rows, rowBytes };
  const equal = n.conditions.some((c) => c.op === '=' || c.op === 'IS NOT DISTINCT FROM');
  return { rows: equal ? Math.max(left.rows, right.rows) : left.rows * right.rows, rowBytes };
}

const bytes = (r: Relation): number => r.rows * r.rowBytes;

/** The side that goes to the other's tasks, or why none can. */
function movingSide(n: Join, left: Relation, right: Relation): 'left' | 'right' | { readonly why: string } {
  const candidates: { side: 'left' | 'right'; moved: Relation; stays: Relation }[] = [];
  if (RIGHT_MAY_MOVE.has(n.kind)) candidates.push({ side: 'right', moved: right, stays: left });
  if (LEFT_MAY_MOVE.has(n.kind) && !n.asof) candidates.push({ side: 'left', moved: left, stays: right });
  if (candidates.length === 0)
    return { why: `a ${n.kind} join emits unmatched rows of both sides, and needs both partitioned by the key` };
  const fitting = candidates.filter((c) => bytes(c.moved) <= BROADCAST_BYTES);
  if (fitting.length === 0) {
    const megabytes = Math.round(Math.min(...candidates.map((c) => bytes(c.moved))) / 2 ** 20);
    return { why: `the side to broadcast is about ${megabytes} MiB, over the limit of ${BROADCAST_BYTES / 2 ** 20} MiB` };
  }
  // Moving rows away from several tasks into one loses the tasks as well.
  const cost = (c: (typeof candidates)[number]): number => bytes(c.moved) * (c.moved.many && !c.stays.many ? 4 : 1);
  fitting.sort((a, b) => cost(a) - cost(b));
  return fitting[0]?.side ?? { why: 'no side can be broadcast' };
}

export function joinOver(n: Join, left: Relation, right: Relation, d: Distribution): Relation {
  const like = estimate(n, left, right);
  const join = (l: LogicalNode, r: LogicalNode): LogicalNode => ({
    ...n,
    left: l,
    right: r,
    types: joinTypes(n.kind, l.types, r.types),
  });
  if (!left.many && !right.many) return single(join(nodeOf(left), nodeOf(right)), like);
  const moving = movingSide(n, left, right);
  if (typeof moving === 'object') {
    const node = join(nodeOf(gathered(left)), nodeOf(gathered(right)));
    const fallback: Fallback = { scope: 'operator', operator: `${n.kind.toLowerCase()} join`, why: moving.why };
    d.fallbacks.set(node, fallback);
    return single(node, like);
  }
  const [moved, stays] = moving === 'right' ? [right, left] : [left, right];
  const other = isLight(moved) ? nodeOf(moved) : readBy(stays.many ? 'broadcast' : 'gather', moved);
  const out = mapBranches(stays, (b) => (moving === 'right' ? join(b, other) : join(other, b)));
  return { ...out, ...like };
}
