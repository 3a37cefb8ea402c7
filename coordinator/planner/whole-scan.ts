/**
 * A stored dataset as every task's own scan: its chunks stay loaded in each slot, so that from the second query on nothing is packed, moved
 * or loaded. Worth it where it fits, and where a filter does not leave so little of it that moving that is cheaper.
 */
import { inputsOf, type LogicalNode, withInputs } from './logical.ts';
import { bytesOf, type Distribution, isPlain, type Relation } from './relation.ts';

export interface WholeLimits {
  /** Part of a slot's memory that it may take. */
  readonly share: number;
  /** The most stored bytes for one that the filters above it leave. */
  readonly most: number;
}

/** Undefined where the relation is no stored dataset, too large, or mostly filtered away. */
export function readWhole(r: Relation, d: Distribution, { share, most }: WholeLimits): LogicalNode | undefined {
  const [branch] = r.branches;
  if (!branch || r.branches.length > 1 || !isPlain(branch)) return undefined;
  const scan = scanOf(branch);
  if (!scan) return undefined;
  const facts = d.table(scan.table);
  const bytes = facts.needed(scan).rows * facts.rowBytes(scan.ordinals);
  if (bytes > share * d.slotBytes || bytes > most * bytesOf(r)) return undefined;
  return wholly(branch);
}

function scanOf(n: LogicalNode): Extract<LogicalNode, { op: 'scan' }> | undefined {
  if (n.op === 'scan') return n;
  return n.op === 'project' || n.op === 'filter' ? scanOf(n.input) : undefined;
}

function wholly(n: LogicalNode): LogicalNode {
  return n.op === 'scan' ? { ...n, whole: true } : withInputs(n, inputsOf(n).map(wholly));
}
