/** A relation while exchanges are placed, and the ways to read it. */
import type { Fallback } from '../../shared/plan/physical.ts';
import type { Exchange, LogicalNode, Producer, SharedPlan } from './logical.ts';
import { isVolatile } from './properties.ts';

/** What distribution asks about a dataset. */
export interface TableFacts {
  readonly chunks: number;
  readonly rows: number;
  /** Rows in chunks that the ranges leave, and how many chunks those are. */
  needed(node: Extract<LogicalNode, { op: 'scan' }>): { readonly rows: number; readonly chunks: number };
  /** Uncompressed bytes of one row of these columns. */
  rowBytes(ordinals: readonly number[]): number;
}

export interface Relation {
  readonly branches: readonly LogicalNode[];
  readonly types: readonly string[];
  readonly many: boolean;
  /** Estimates. */
  readonly rows: number;
  readonly rowBytes: number;
}

export interface Distribution {
  readonly table: (name: string) => TableFacts;
  /** Which operator runs in one task for want of a better plan. */
  readonly fallbacks: Map<LogicalNode, Fallback>;
  readonly shared: Map<SharedPlan, Relation>;
}

export function single(node: LogicalNode, like: Pick<Relation, 'rows' | 'rowBytes'>): Relation {
  return { branches: [node], types: node.types, many: false, rows: like.rows, rowBytes: like.rowBytes };
}

/** The one node of a relation that is in one place. */
export function nodeOf(r: Relation): LogicalNode {
  const [node] = r.branches;
  if (!node || r.many) throw new RangeError('a relation in several places has no single node');
  return node;
}

export function mapBranches(r: Relation, f: (n: LogicalNode) => LogicalNode, rows = r.rows): Relation {
  const branches = r.branches.map(f);
  return { ...r, branches, types: branches[0]?.types ?? r.types, rows };
}

/** Reads a relation elsewhere. A relation that is nothing but such a read is read again from where it was made. */
export function readBy(kind: Exchange['kind'], r: Relation): LogicalNode {
  const [only] = r.branches;
  if (only?.op === 'exchange' && r.branches.length === 1)
    return { op: 'exchange', exchange: { kind, producer: only.exchange.producer }, types: r.types };
  const producer: Producer = { branches: r.branches, types: r.types, many: r.many };
  return { op: 'exchange', exchange: { kind, producer }, types: r.types };
}

/** In one place: itself if it is there, else gathered. */
export function gathered(r: Relation): Relation {
  return r.many ? single(readBy('gather', r), r) : r;
}

/** In one place, and no more than rows as they are stored, a few of them dropped: nothing is won by a stage of its own. */
export function isLight(r: Relation): boolean {
  const light = (n: LogicalNode): boolean => {
    if (n.op === 'scan' || n.op === 'values') return true;
    return (n.op === 'project' || n.op === 'filter') && !isVolatile(n) && light(n.input);
  };
  return !r.many && r.branches.every(light);
}
