/** Two relations whose equal keys shall meet: both split by the hash of their keys, as far as they are not split so already. */
import { bucketsFor, hashExchange, hasKey, isTogether, withKeys } from './exchange-keys.ts';
import { castTo, type Expr } from './expressions.ts';
import type { KeyPair } from './join-costs.ts';
import { bytesOf, type Hashed, type Relation } from './relation.ts';

export interface Split {
  readonly left: Relation & { readonly hashed: Hashed };
  readonly right: Relation & { readonly hashed: Hashed };
  /** Sides that were split for this. */
  readonly fresh: { readonly left: boolean; readonly right: boolean };
}

/** Uses a split that is there, if the other side can follow it key by key; else splits both alike. */
export function splitSides(keys: readonly KeyPair[], left: Relation, right: Relation): Split {
  const byLeft = following(left, right, keys, 'left');
  if (byLeft) return { left: byLeft.kept, right: byLeft.followed, fresh: { left: false, right: false } };
  const byRight = following(right, left, keys, 'right');
  if (byRight) return { left: byRight.followed, right: byRight.kept, fresh: { left: false, right: false } };
  const count = bucketsFor(bytesOf(left) + bytesOf(right));
  const split = (r: Relation, exprs: readonly Expr[]) => hashExchange(withKeys(r, exprs), count);
  return {
    left: split(
      left,
      keys.map((k) => k.left),
    ),
    right: split(
      right,
      keys.map((k) => k.right),
    ),
    fresh: { left: true, right: true },
  };
}

type Kept = Relation & { readonly hashed: Hashed };

function following(kept: Relation, other: Relation, keys: readonly KeyPair[], side: 'left' | 'right') {
  const { hashed } = kept;
  const mine = keys.map((k) => k[side]);
  if (!hashed || !kept.many || !isTogether(kept, mine)) return undefined;
  const theirs = hashed.keys.map((k) => {
    const at = mine.findIndex((e) => hasKey(e, k));
    const other = keys[at]?.[side === 'left' ? 'right' : 'left'];
    return other && castTo(other, k.type);
  });
  const exprs = theirs.filter((e): e is Expr => e !== undefined);
  if (exprs.length !== hashed.keys.length) return undefined;
  const self: Kept = { ...kept, hashed };
  if (isSplitBy(other, exprs, hashed)) return { kept: self, followed: other };
  return { kept: self, followed: hashExchange(withKeys(other, exprs), hashed.count) };
}

/** Split by just these expressions in this order, into as many buckets. */
function isSplitBy(r: Relation, exprs: readonly Expr[], like: Hashed): r is Kept {
  return (
    r.branches.length === 1 &&
    r.hashed?.count === like.count &&
    r.hashed.keys.length === exprs.length &&
    r.hashed.keys.every((k, i) => {
      const e = exprs[i];
      return e !== undefined && hasKey(e, k) && k.type === e.type;
    })
  );
}
