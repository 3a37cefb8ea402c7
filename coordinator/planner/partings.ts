/**
 * Which inputs of a fragment may be read in parts by several tasks, each of which reads all other inputs whole: those over which every
 * operator above them may be repeated for each part, the outputs appended.
 */
import type { GuestNode, JoinKind } from './logical.ts';
import { inputsOf, type LogicalNode } from './logical.ts';

type Leaf = Extract<LogicalNode, { op: 'scan' | 'exchange' }>;

const LEFT_IN_PARTS: ReadonlySet<JoinKind> = new Set(['INNER', 'LEFT', 'SEMI', 'ANTI', 'MARK', 'SINGLE']);
const RIGHT_IN_PARTS: ReadonlySet<JoinKind> = new Set(['INNER', 'RIGHT', 'RIGHT_SEMI', 'RIGHT_ANTI']);

/** Guests that may be called with any part of the rows. */
const IN_PARTS: ReadonlySet<GuestNode['action']> = new Set(['map', 'filter', 'flatMap', 'partial']);

/** The inputs of an operator that may be given in parts. */
function partedInputs(n: LogicalNode): readonly LogicalNode[] {
  switch (n.op) {
    case 'project':
    case 'filter':
    case 'unnest':
      return [n.input];
    case 'guest':
      return IN_PARTS.has(n.action) ? [n.input] : [];
    case 'sample':
      return n.fixedRows ? [] : [n.input];
    case 'aggregate':
    case 'distinct':
    case 'limit':
      return n.phase === 'partial' ? [n.input] : [];
    case 'join': {
      const left = LEFT_IN_PARTS.has(n.kind) ? [n.left] : [];
      // An ASOF join looks for the nearest of all rows on its right.
      const right = RIGHT_IN_PARTS.has(n.kind) && !n.asof ? [n.right] : [];
      return [...left, ...right];
    }
    default:
      return [];
  }
}

/** Leaves below `root` that may be read in parts. */
export function partableLeaves(root: LogicalNode): ReadonlySet<LogicalNode> {
  const found = new Set<LogicalNode>();
  const visit = (n: LogicalNode): void => {
    if (n.op === 'scan' || n.op === 'exchange') found.add(n);
    for (const c of partedInputs(n)) visit(c);
  };
  visit(root);
  return found;
}

export function leavesOf(root: LogicalNode): readonly Leaf[] {
  if (root.op === 'scan' || root.op === 'exchange') return [root];
  return inputsOf(root).flatMap(leavesOf);
}

/** Read bucket by bucket: tasks of one fragment share the runs of all such inputs. */
export function isBucketWise(leaf: LogicalNode): boolean {
  return leaf.op === 'exchange' && (leaf.exchange.kind === 'hash' || leaf.exchange.kind === 'range');
}
