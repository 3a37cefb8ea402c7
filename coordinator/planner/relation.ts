/** A relation while exchanges are placed, and the ways to read it. */
import type { Fallback } from '../../shared/plan/physical.ts';
import { type Exchange, inputsOf, type LogicalNode, type Producer, type SharedPlan, withInputs } from './logical.ts';
import { isVolatile } from './properties.ts';

/** What distribution asks about a dataset. */
export interface TableFacts {
  readonly chunks: number;
  readonly rows: number;
  /** Rows in chunks that the ranges leave, and how many chunks those are. */
  needed(node: Extract<LogicalNode, { op: 'scan' }>): { readonly rows: number; readonly chunks: number };
  /** Uncompressed bytes of one row of these columns. */
  rowBytes(ordinals: readonly number[]): number;
  /** About how many different values a column has; undefined: not known. */
  distinct(ordinal: number): number | undefined;
}

/** Estimates of a relation's size. */
export interface Size {
  readonly rows: number;
  /** More rows than this there are hardly: what filters and joins were guessed to drop is counted. */
  readonly most: number;
  readonly rowBytes: number;
}

/** Rows whose key columns are equal are in one task, because it reads whole buckets of a hash exchange. */
export interface Hashed {
  /** In the order of the hash. */
  readonly keys: readonly HashKey[];
  readonly count: number;
}

export interface HashKey {
  /** Each of these columns has the key, in its own wire type. */
  readonly columns: readonly number[];
  /** Each of these has it as a narrower integer. */
  readonly narrower: readonly number[];
  readonly type: string;
}

/** Where keys are after columns have moved: `to` gives the new places of a column. Undefined where a key is no longer there. */
export function movedKeys(hashed: Hashed, to: (column: number) => readonly number[]): Hashed | undefined {
  const keys = hashed.keys.map((k) => ({ ...k, columns: k.columns.flatMap(to), narrower: k.narrower.flatMap(to) }));
  return keys.every((k) => k.columns.length + k.narrower.length > 0) ? { ...hashed, keys } : undefined;
}

export interface Relation extends Size {
  readonly branches: readonly LogicalNode[];
  readonly types: readonly string[];
  readonly many: boolean;
  /** Per column, about how many different values it has; undefined: not known. */
  readonly distinct: readonly (number | undefined)[];
  readonly hashed?: Hashed;
}

/** A join by hash of both sides, of which one may prove small enough to be sent to everyone instead. */
export interface AdaptiveJoin {
  readonly small: Producer;
  readonly big: Producer;
  readonly bytesMax: number;
}

export interface Distribution {
  readonly table: (name: string) => TableFacts;
  /** Slots that the plan is made for: how often a broadcast is read. */
  readonly slots: number;
  /** Memory of the smallest of them. */
  readonly slotBytes: number;
  /** Which operator runs in one task for want of a better plan. */
  readonly fallbacks: Map<LogicalNode, Fallback>;
  readonly adaptive: Map<LogicalNode, AdaptiveJoin>;
  readonly shared: Map<SharedPlan, Relation>;
  /** Those that are made apart even where repeating them would cost nothing. */
  readonly kept?: ReadonlyMap<SharedPlan, unknown>;
}

export function bytesOf(r: Size): number {
  return r.rows * r.rowBytes;
}

export function mostBytesOf(r: Size): number {
  return r.most * r.rowBytes;
}

export function single(node: LogicalNode, like: Size, distinct: Relation['distinct'] = []): Relation {
  const { rows, most, rowBytes } = like;
  return { branches: [node], types: node.types, many: false, rows, most, rowBytes, distinct };
}

/** The one node of a relation that is in one place. */
export function nodeOf(r: Relation): LogicalNode {
  const [node] = r.branches;
  if (!node || r.many) throw new RangeError('a relation in several places has no single node');
  return node;
}

/** The same operator in every branch; it keeps columns and places unless `change` says otherwise. */
export function mapBranches(r: Relation, f: (n: LogicalNode) => LogicalNode, change: Partial<Relation> = {}): Relation {
  const branches = r.branches.map(f);
  return { ...r, branches, types: branches[0]?.types ?? r.types, ...change };
}

/** The same rows, no longer known to be together by any key. */
export function scattered(r: Relation): Relation {
  const { hashed: _hashed, ...rest } = r;
  return rest;
}

export function producerOf(r: Relation): Producer {
  return { branches: r.branches, types: r.types, many: r.many, partitioning: { kind: 'single' } };
}

type How = Pick<Exchange, 'each' | 'tasks'>;

export function read(kind: Exchange['kind'], producer: Producer, how: How = {}): LogicalNode {
  return { op: 'exchange', exchange: { kind, producer, ...how }, types: producer.types };
}

/** Reads a relation elsewhere. A relation that is nothing but such a read is read again from where it was made. */
export function readBy(kind: 'gather' | 'broadcast' | 'forward', r: Relation, how: How = {}): LogicalNode {
  return read(kind, readAgain(kind, r) ?? producerOf(r), how);
}

/** What a relation reads that is nothing but a read. Who reads it forward keeps the partitions that an author asked for. */
function readAgain(kind: Exchange['kind'], { branches }: Relation): Producer | undefined {
  const [only] = branches;
  if (only?.op !== 'exchange' || branches.length > 1 || only.exchange.kind === 'range') return undefined;
  const { each, tasks, producer } = only.exchange;
  return kind === 'forward' && (each || tasks !== undefined) ? undefined : producer;
}

/** In one place: itself if it is there, else gathered. */
export function gathered(r: Relation): Relation {
  return r.many ? single(readBy('gather', r), r, r.distinct) : r;
}

/** Rows as they are stored, a few of them dropped: nothing is won by keeping them. */
export function isPlain(n: LogicalNode): boolean {
  if (n.op === 'scan' || n.op === 'values') return true;
  return (n.op === 'project' || n.op === 'filter') && !isVolatile(n) && isPlain(n.input);
}

/** In one place and plain: needs no stage of its own. */
export function isLight(r: Relation): boolean {
  return !r.many && r.branches.every(isPlain);
}

/** Whether a subtree of one stage would give other rows in another run. */
export function isVolatileTree(n: LogicalNode): boolean {
  return isVolatile(n) || inputsOf(n).some(isVolatileTree);
}

/** Runs an operator in one task over gathered input, and says so. */
export function fallBack(n: LogicalNode, inputs: readonly Relation[], d: Distribution, operator: string, why: string): Relation {
  const node = withInputs(
    n,
    inputs.map((r) => nodeOf(gathered(r))),
  );
  if (inputs.some((r) => r.many)) d.fallbacks.set(node, { scope: 'operator', operator, why });
  const [first] = inputs;
  return single(node, first ?? { rows: 1, most: 1, rowBytes: 8 }, first?.distinct);
}

const SMALL_BYTES = 16 * 1024 * 1024;
const SMALL_AT_MOST_BYTES = 64 * 1024 * 1024;

/** Worth one task: sorting or comparing it there costs less than exchanging it. */
export function isSmall(r: Size): boolean {
  return bytesOf(r) <= SMALL_BYTES && mostBytesOf(r) <= SMALL_AT_MOST_BYTES;
}
