/** What a stage may do instead once the sizes of earlier ones are known. */

import { inputsOf, type LogicalNode, type Producer, withInputs } from './logical.ts';
import { isNothing, LEFT_NEEDED, nothing, RIGHT_NEEDED } from './nothing.ts';
import { isBucketWise, leavesOf, partableLeaves } from './partings.ts';
import type { AdaptiveJoin } from './relation.ts';

/** Rewritten branches of a stage, and when they do. */
export interface Choice {
  readonly on: Producer;
  readonly bytesMax?: number;
  readonly rowsMax?: number;
  readonly kind: 'empty' | 'broadcast';
  readonly branches: readonly LogicalNode[];
  /** With `broadcast`: what need not be split then. */
  readonly unsplit?: Producer;
}

/** Bounds what one plan says about cases that seldom come together. */
const CHOICES_MOST = 8;

/** The joins of a branch of which one side may prove small. */
export function adaptiveJoins(n: LogicalNode, adaptive: ReadonlyMap<LogicalNode, AdaptiveJoin>): readonly AdaptiveJoin[] {
  const own = adaptive.get(n);
  return [...(own ? [own] : []), ...inputsOf(n).flatMap((c) => adaptiveJoins(c, adaptive))];
}

export function choicesFor(
  branches: readonly LogicalNode[],
  adaptive: ReadonlyMap<LogicalNode, AdaptiveJoin>,
): readonly Choice[] {
  const choices = [...emptyInputs(branches, adaptive), ...branches.flatMap((_, i) => smallSides(branches, i, adaptive))];
  return choices.slice(0, CHOICES_MOST);
}

/**
 * An input without rows that leaves nothing of a join. Offered where that saves something: a dataset need not be read, or a side that
 * waited need not be split.
 */
function emptyInputs(branches: readonly LogicalNode[], adaptive: ReadonlyMap<LogicalNode, AdaptiveJoin>): Choice[] {
  const leaves = branches.flatMap(leavesOf);
  const joins = branches.flatMap((b) => adaptiveJoins(b, adaptive));
  const producers = new Set(
    leaves.flatMap((l) => (l.op === 'exchange' && l.exchange.kind !== 'range' ? [l.exchange.producer] : [])),
  );
  return [...producers].flatMap((on): Choice[] => {
    const pruned = branches.map((b) => withoutRowsOf(b, on));
    const left = new Set(pruned.flatMap(leavesOf));
    const saves = leaves.some((l) => {
      if (left.has(l)) return false;
      return l.op === 'scan' || joins.some((j) => j.small === on && j.big === l.exchange.producer);
    });
    return saves ? [{ on, rowsMax: 0, kind: 'empty', branches: pruned }] : [];
  });
}

/** The same relation if `producer` has no rows, with joins that then have none cut off. */
function withoutRowsOf(n: LogicalNode, producer: Producer): LogicalNode {
  if (n.op === 'exchange') return n.exchange.producer === producer ? nothing(n.types) : n;
  const inputs = inputsOf(n);
  const pruned = inputs.map((c) => withoutRowsOf(c, producer));
  if (pruned.every((c, i) => c === inputs[i])) return n;
  const [first, second] = pruned;
  switch (n.op) {
    case 'join':
      if (first && isNothing(first) && LEFT_NEEDED.has(n.kind)) return nothing(n.types);
      if (second && isNothing(second) && RIGHT_NEEDED.has(n.kind)) return nothing(n.types);
      return n;
    case 'project':
    case 'filter':
    case 'unnest':
    case 'sort':
    case 'limit':
    case 'distinct':
    case 'window':
    case 'sample':
      return first && isNothing(first) ? nothing(n.types) : withInputs(n, pruned);
    case 'aggregate':
      return first && isNothing(first) && n.groups.length > 0 && !n.sets ? nothing(n.types) : withInputs(n, pruned);
    default:
      return n;
  }
}

/** A side of a join by hash that proved small is read whole by every task, and the other side where it is made. */
function smallSides(
  branches: readonly LogicalNode[],
  at: number,
  adaptive: ReadonlyMap<LogicalNode, AdaptiveJoin>,
): readonly Choice[] {
  const root = branches[at];
  const joins = root ? adaptiveJoins(root, adaptive) : [];
  const [join] = joins;
  if (!root || !join || joins.length > 1) return [];
  const leaves = leavesOf(root).filter(isBucketWise);
  const of = (p: Producer) => leaves.filter((l) => l.op === 'exchange' && l.exchange.producer === p);
  const [small, big] = [of(join.small), of(join.big)];
  const [parted] = big;
  if (leaves.length !== 2 || small.length !== 1 || !parted || !partableLeaves(root).has(parted)) return [];
  const instead = join.big.branches.map((b) =>
    replaced(root, (leaf) => {
      if (leaf === parted) return b;
      if (leaf === small[0]) return { op: 'exchange', exchange: { kind: 'broadcast', producer: join.small }, types: leaf.types };
      return leaf;
    }),
  );
  const all = branches.flatMap((b, i) => (i === at ? instead : [b]));
  return [{ on: join.small, bytesMax: join.bytesMax, kind: 'broadcast', branches: all, unsplit: join.big }];
}

function replaced(n: LogicalNode, f: (leaf: LogicalNode) => LogicalNode): LogicalNode {
  if (n.op === 'exchange') return f(n);
  const inputs = inputsOf(n);
  const done = inputs.map((c) => replaced(c, f));
  return done.every((c, i) => c === inputs[i]) ? n : withInputs(n, done);
}
