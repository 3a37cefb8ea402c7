/**
 * A few rows that a join must keep though the other side is big: LEFT, SEMI and ANTI with a small left side, and their mirrors. Such a side
 * can neither be sent to every task (each would emit its unmatched rows) nor is it worth splitting both. So every task of
 * the big side tells which of the few rows it matched, and only that is brought together.
 */
import type { Join } from './join-costs.ts';
import { columnsOf, type JoinKind, joinTypes, type LogicalNode } from './logical.ts';
import {
  isLight,
  isPlain,
  isVolatileTree,
  mostBytesOf,
  nodeOf,
  producerOf,
  type Relation,
  read,
  readBy,
  scattered,
} from './relation.ts';

const FEW_BYTES = 64 * 1024;

type Kept = 'LEFT' | 'SEMI' | 'ANTI';
const KEEPS: Readonly<Partial<Record<JoinKind, { readonly side: 'left' | 'right'; readonly as: Kept }>>> = {
  LEFT: { side: 'left', as: 'LEFT' },
  SEMI: { side: 'left', as: 'SEMI' },
  ANTI: { side: 'left', as: 'ANTI' },
  RIGHT: { side: 'right', as: 'LEFT' },
  RIGHT_SEMI: { side: 'right', as: 'SEMI' },
  RIGHT_ANTI: { side: 'right', as: 'ANTI' },
};

export function preservedSmall(n: Join, left: Relation, right: Relation): Relation | undefined {
  const keeps = KEEPS[n.kind];
  if (!keeps || n.asof) return undefined;
  const [few, big] = keeps.side === 'left' ? [left, right] : [right, left];
  if (!big.many || mostBytesOf(few) > FEW_BYTES || few.branches.some(isVolatileTree) || big.branches.some(isVolatileTree))
    return undefined;
  const own = producerOf(few);
  const all = isLight(few) ? nodeOf(few) : read('broadcast', own);
  // LEFT reads the big side twice; what is more than a scan is made once.
  const twice = keeps.as === 'LEFT' && !big.branches.every(isPlain);
  const rows = twice ? [read('forward', producerOf(big))] : big.branches;
  const mirrored = keeps.side === 'right';
  const over = (kind: JoinKind, b: LogicalNode): LogicalNode => ({
    ...n,
    kind,
    left: mirrored ? b : all,
    right: mirrored ? all : b,
    types: joinTypes(kind, (mirrored ? b : all).types, (mirrored ? all : b).types),
  });
  // Which of the few rows a task's part of the big side matches.
  const matching: Relation = {
    ...scattered(big),
    branches: rows.map((b) => over(mirrored ? 'RIGHT_SEMI' : 'SEMI', b)),
    types: few.types,
    rows: few.rows,
    rowBytes: few.rowBytes,
  };
  const matched = readBy('gather', matching);
  const same = (kind: 'SEMI' | 'ANTI'): LogicalNode => ({
    op: 'join',
    kind,
    asof: false,
    left: isLight(few) ? all : read('gather', own),
    right: matched,
    conditions: columnsOf(all).map((c) => ({ left: c, right: c, op: 'IS NOT DISTINCT FROM' as const })),
    residual: [],
    types: few.types,
  });
  if (keeps.as !== 'LEFT') return { ...few, ...scattered(few), branches: [same(keeps.as)], many: false };
  const nulls = big.types.map((type) => ({ kind: 'const' as const, sql: `CAST(NULL AS ${type})`, type }));
  const columns = columnsOf(all);
  const unmatched: LogicalNode = {
    op: 'project',
    input: same('ANTI'),
    exprs: mirrored ? [...nulls, ...columns] : [...columns, ...nulls],
    types: n.types,
  };
  return { ...scattered(big), branches: [...rows.map((b) => over('INNER', b)), unmatched], types: n.types };
}
