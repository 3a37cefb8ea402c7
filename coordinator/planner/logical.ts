/**
 * The logical plan: a tree of relational operators, columns by position. `types[i]` is the SQL type of output column i.
 * Nodes are never changed after they are made, so parts may be shared.
 */

import type { Params } from '../../shared/guest/params.ts';
import type { GuestAction, PlanInput } from '../../shared/plan/physical.ts';
import type { OutputPartitioning } from '../../shared/plan/recipe.ts';
import type { RangePredicate } from '../../shared/plan/statistics.ts';
import type { Aggregate, CompareOp, Expr, SortKey } from './expressions.ts';
import { ref } from './expressions.ts';

export type JoinKind = 'INNER' | 'LEFT' | 'RIGHT' | 'FULL' | 'SEMI' | 'ANTI' | 'MARK' | 'SINGLE' | 'RIGHT_SEMI' | 'RIGHT_ANTI';

export interface JoinCondition {
  /** Over the left input. */
  readonly left: Expr;
  /** Over the right input, positions from 0. */
  readonly right: Expr;
  readonly op: CompareOp;
}

/** A sub-plan that several places read; its identity is the object. Rewrites reach it once each. */
export class SharedPlan {
  readonly name: string;
  private current: LogicalNode;
  private readonly applied = new Set<object>();

  constructor(name: string, plan: LogicalNode) {
    this.name = name;
    this.current = plan;
  }

  get plan(): LogicalNode {
    return this.current;
  }

  /** Applies a rewrite, unless it was applied before. */
  rewrite(pass: (n: LogicalNode) => LogicalNode): void {
    if (this.applied.has(pass)) return;
    this.applied.add(pass);
    this.current = pass(this.current);
  }
}

/** The left side of a decorrelated join, whose distinct key values the right side reads. */
export interface DelimSource {
  readonly columns: readonly Expr[];
}

interface Base {
  readonly types: readonly string[];
}

export type LogicalNode = Base &
  (
    | ScanNode
    | { readonly op: 'values'; readonly rows: readonly (readonly Expr[])[] }
    | {
        readonly op: 'tableFunction';
        readonly name: string;
        readonly args: readonly string[];
        readonly width: number;
        readonly columns: readonly number[];
      }
    | { readonly op: 'project'; readonly input: LogicalNode; readonly exprs: readonly Expr[] }
    | { readonly op: 'filter'; readonly input: LogicalNode; readonly predicates: readonly Expr[] }
    | AggregateNode
    | JoinNode
    /** `large`: of so many rows that how they are sorted matters. */
    | { readonly op: 'sort'; readonly input: LogicalNode; readonly keys: readonly SortKey[]; readonly large?: true }
    | LimitNode
    | {
        readonly op: 'distinct';
        readonly input: LogicalNode;
        readonly on: readonly Expr[] | undefined;
        readonly keys: readonly SortKey[];
        readonly phase: 'whole' | 'partial' | 'final';
      }
    | WindowNode
    | { readonly op: 'unnest'; readonly input: LogicalNode; readonly exprs: readonly Expr[] }
    | {
        readonly op: 'sample';
        readonly input: LogicalNode;
        readonly sql: string;
        readonly fixedRows: boolean;
        readonly seeded: boolean;
      }
    | {
        readonly op: 'setop';
        readonly word: 'UNION' | 'EXCEPT' | 'INTERSECT';
        readonly all: boolean;
        readonly inputs: readonly LogicalNode[];
      }
    | { readonly op: 'shared'; readonly shared: SharedPlan }
    | { readonly op: 'delimGet'; readonly source: DelimSource }
    | GuestNode
    | RepartitionNode
    /** One more column, BIGINT: the row's place among all rows, from 0 on, in the order of partitions. */
    | { readonly op: 'number'; readonly input: LogicalNode }
    /** About so large a part of the rows, chosen by their places in their tasks. */
    | { readonly op: 'draw'; readonly input: LogicalNode; readonly fraction: number; readonly seed: number }
    | { readonly op: 'exchange'; readonly exchange: Exchange }
  );

export interface ScanNode {
  readonly op: 'scan';
  /** The handle that the planner gave the dataset for this request. */
  readonly table: string;
  /** The dataset's column behind each output column; -1: the row id, of which only the number of rows matters. */
  readonly ordinals: readonly number[];
  /** Comparisons that every wanted row passes; for skipping chunks only. */
  readonly ranges: readonly RangePredicate[];
  /** Every task reads all of it, however many chunks it has. */
  readonly whole?: true;
}

export interface AggregateNode {
  readonly op: 'aggregate';
  readonly input: LogicalNode;
  readonly groups: readonly Expr[];
  readonly aggregates: readonly Aggregate[];
  /** Positions in `groups` per grouping set; undefined: one set of all groups. */
  readonly sets: readonly (readonly number[])[] | undefined;
  /** Arguments of grouping(...), as positions in `groups`; one output column each, after the aggregates. */
  readonly groupings: readonly (readonly number[])[];
  readonly phase: 'whole' | 'partial' | 'final';
}

export interface JoinNode {
  readonly op: 'join';
  readonly kind: JoinKind;
  readonly asof: boolean;
  readonly left: LogicalNode;
  readonly right: LogicalNode;
  readonly conditions: readonly JoinCondition[];
  /** Over left's columns, then right's. */
  readonly residual: readonly Expr[];
  readonly delim?: DelimSource;
}

export interface WindowNode {
  readonly op: 'window';
  readonly input: LogicalNode;
  readonly exprs: readonly Expr[];
  /** PARTITION BY, one list per expression. */
  readonly partitions: readonly (readonly Expr[])[];
}

export interface LimitNode {
  readonly op: 'limit';
  readonly input: LogicalNode;
  /** With keys: top-N. */
  readonly keys: readonly SortKey[];
  readonly limit: number | undefined;
  readonly percent: number | undefined;
  readonly offset: number;
  readonly phase: 'whole' | 'partial' | 'final';
}

export type ModuleInput = Extract<PlanInput, { kind: 'module' }>;

/** Who runs, as in a step of a fragment, but with the module itself where there is one. */
export type GuestProgram =
  | { readonly kind: 'batch'; readonly module: ModuleInput; readonly function: string; readonly params?: Params }
  | {
      readonly kind: 'stream';
      readonly module: ModuleInput;
      readonly input: string;
      readonly output: string;
      readonly args?: readonly string[];
    }
  | { readonly kind: 'script'; readonly source: string; readonly function: string; readonly params?: Params };

/**
 * Rows through a guest, which nothing is pushed through. `aggregate` and `cogroup` are what authors say: distribution makes `partial` and
 * `merge` of the one and `mapPartitions` of the other.
 */
export interface GuestNode {
  readonly op: 'guest';
  readonly action: GuestAction | 'aggregate' | 'cogroup';
  readonly input: LogicalNode;
  readonly code: GuestProgram;
  /** For people: the function, and what it is written in. */
  readonly label: string;
  /** For people: the relation that it makes. */
  readonly relation: string;
  /** What the guest calls the input's columns. */
  readonly names: readonly string[];
  /** What it calls its own: as many as `types`. */
  readonly outputNames: readonly string[];
  /** Positions of the keys: in the input, and of a cogroup in side 0 as well. */
  readonly keys: readonly number[];
  readonly otherKeys?: readonly number[];
  /** Given whole to each task; of a cogroup, side 0 is the other relation. */
  readonly sides: readonly { readonly node: LogicalNode; readonly names: readonly string[] }[];
  /** Of an aggregate: the columns of a partial state, which begin with the keys. */
  readonly state?: { readonly names: readonly string[]; readonly types: readonly string[] };
}

/** The same rows in other tasks, as an author wants them. */
export interface RepartitionNode {
  readonly op: 'repartition';
  readonly input: LogicalNode;
  /** `turns`: rows take turns; `keys`: equal keys meet; `neighbours`: tasks read what neighbouring ones made. */
  readonly by: 'turns' | 'keys' | 'neighbours';
  /** So many tasks; of `neighbours` at most so many. */
  readonly count: number;
  /** Of `keys`: positions in the input. */
  readonly keys: readonly number[];
}

/** What a stage will make: the outputs of its branches, appended in order. Several exchanges may read one producer. */
export interface Producer {
  readonly branches: readonly LogicalNode[];
  readonly types: readonly string[];
  /** True where it runs as several tasks. */
  readonly many: boolean;
  /** With `range`, the branches have one more column than `types`: the bucket. */
  readonly partitioning: OutputPartitioning;
  /** For people: the buckets of its `range` are turns that rows take. */
  readonly turns?: true;
}

/** Where rows leave their task. `hash` and `range` read runs of buckets of a producer that is split so. */
export interface Exchange {
  readonly kind: 'gather' | 'broadcast' | 'forward' | 'hash' | 'range';
  readonly producer: Producer;
  /** As in a PlanInput. */
  readonly each?: true;
  readonly tasks?: number;
}

export function inputsOf(n: LogicalNode): readonly LogicalNode[] {
  switch (n.op) {
    case 'scan':
    case 'values':
    case 'tableFunction':
    case 'shared':
    case 'delimGet':
    case 'exchange':
      return [];
    case 'join':
      return [n.left, n.right];
    case 'setop':
      return n.inputs;
    case 'guest':
      return [n.input, ...n.sides.map((s) => s.node)];
    default:
      return [n.input];
  }
}

/** The same operator over other inputs. */
export function withInputs(n: LogicalNode, inputs: readonly LogicalNode[]): LogicalNode {
  const [a, b] = inputs;
  switch (n.op) {
    case 'scan':
    case 'values':
    case 'tableFunction':
    case 'shared':
    case 'delimGet':
    case 'exchange':
      return n;
    case 'join':
      return a && b ? { ...n, left: a, right: b } : n;
    case 'setop':
      return { ...n, inputs };
    case 'guest': {
      const sides = n.sides.map((s, i) => ({ ...s, node: inputs[i + 1] ?? s.node }));
      return { ...n, input: a ?? n.input, sides };
    }
    default:
      return a ? { ...n, input: a } : n;
  }
}

export function pick(input: LogicalNode, columns: readonly number[]): LogicalNode {
  const exprs = columns.map((i) => ref(i, input.types[i] ?? 'BOOLEAN'));
  return { op: 'project', input, exprs, types: exprs.map((e) => e.type) };
}

/** All columns of a node, as expressions. */
export function columnsOf(n: LogicalNode): readonly Expr[] {
  return n.types.map((t, i) => ref(i, t));
}

/** The columns that a join of this kind puts out. */
export function joinTypes(kind: JoinKind, left: readonly string[], right: readonly string[]): readonly string[] {
  if (kind === 'SEMI' || kind === 'ANTI') return left;
  if (kind === 'RIGHT_SEMI' || kind === 'RIGHT_ANTI') return right;
  if (kind === 'MARK') return [...left, 'BOOLEAN'];
  return [...left, ...right];
}
