/** Joins of two big sides: both split by the hash of their keys, as far as they are not split so already. */
import { keepColumns } from './exchange-keys.ts';
import { mapRefs, ref } from './expressions.ts';
import { broadcastLimit, equalities, type Join, joined, movable } from './join-costs.ts';
import { type JoinKind, joinTypes, type LogicalNode, type Producer } from './logical.ts';
import {
  bytesOf,
  type Distribution,
  type Hashed,
  isPlain,
  isVolatileTree,
  movedKeys,
  nodeOf,
  type Relation,
  type Size,
} from './relation.ts';
import { splitSides } from './split-sides.ts';

export function shuffleJoin(n: Join, left: Relation, right: Relation, like: Size, d: Distribution): Relation {
  const { left: l, right: r, fresh } = splitSides(equalities(n), left, right);
  const [l0, l1, r0] = [left.types.length, l.types.length, right.types.length];
  // Columns that were added for keys stand after the left's own ones.
  const residual = n.residual.map((e) => mapRefs(e, (i, t) => ref(i < l0 ? i : i - l0 + l1, t)));
  const node = joined({ ...n, residual }, branchOf(l), branchOf(r));
  if (fresh.left && fresh.right) adapt(n, node, left, right, d);
  const out: Relation = {
    ...like,
    branches: [node],
    types: node.types,
    many: true,
    distinct: [],
    ...hashedAfter(n.kind, l.hashed, r.hashed, l1),
  };
  const own = joinTypes(n.kind, left.types, right.types).map((_, i) => (isRightOnly(n.kind) || i < l0 ? i : i - l0 + l1));
  return l1 === l0 && r.types.length === r0 ? out : { ...keepColumns(out, own), types: n.types };
}

const isRightOnly = (kind: JoinKind): boolean => kind === 'RIGHT_SEMI' || kind === 'RIGHT_ANTI';

function branchOf(r: Relation): LogicalNode {
  return nodeOf({ ...r, many: false });
}

/** Where the join's rows are: by the side whose keys they surely carry; of an inner join by both. */
function hashedAfter(kind: JoinKind, left: Hashed, right: Hashed, width: number): { readonly hashed?: Hashed } {
  const moved = movedKeys(right, (c) => [c + width]);
  switch (kind) {
    case 'FULL':
      return {};
    case 'RIGHT':
      return moved ? { hashed: moved } : {};
    case 'RIGHT_SEMI':
    case 'RIGHT_ANTI':
      return { hashed: right };
    case 'INNER': {
      const keys = left.keys.map((k, i) => ({
        ...k,
        columns: [...k.columns, ...(moved?.keys[i]?.columns ?? [])],
        narrower: [...k.narrower, ...(moved?.keys[i]?.narrower ?? [])],
      }));
      return { hashed: { ...left, keys } };
    }
    default:
      return { hashed: left };
  }
}

/** Notes which side may prove small enough to be sent to everyone, so that the other one need not be split. */
function adapt(n: Join, node: LogicalNode, left: Relation, right: Relation, d: Distribution): void {
  const sides = movable(n).map((side) =>
    side === 'right' ? { small: right, big: left, side } : { small: left, big: right, side },
  );
  const [best] = sides.sort((a, b) => bytesOf(a.small) - bytesOf(b.small));
  // A size that is known needs no second look; and what must not be computed twice, or in another place, stays.
  if (!best || node.op !== 'join' || isKnown(best.small) || best.big.branches.some(isVolatileTree)) return;
  const producer = (side: 'left' | 'right'): Producer | undefined => {
    const leaf = side === 'left' ? node.left : node.right;
    return leaf.op === 'exchange' ? leaf.exchange.producer : undefined;
  };
  const small = producer(best.side);
  const big = producer(best.side === 'right' ? 'left' : 'right');
  if (!small || !big || small === big) return;
  d.adaptive.set(node, { small, big, bytesMax: Math.round(broadcastLimit(best.big, d)) });
}

/** A scan without filters: its size is what the catalogue says. */
function isKnown(r: Relation): boolean {
  const plain = (b: LogicalNode): boolean => b.op === 'scan' || b.op === 'values' || (b.op === 'project' && plain(b.input));
  return r.rows === r.most && r.branches.every((b) => isPlain(b) && plain(b));
}
