/**
 * What the planner hands to the scheduler: stages, cut at exchanges, in topological order; the last one makes the result.
 * Everything here is plain JSON, so that a plan can be journalled, shown and sent.
 */
import type { Accumulators } from '../guest/accumulators.ts';
import type { Params } from '../guest/params.ts';
import type { BlockId, DatasetVersion, Digest } from '../ids.ts';
import type { OutputPartitioning } from './recipe.ts';
import type { Slice } from './task.ts';

/** One column of a relation inside Muster. Columns are always named by position: c0..cn. */
export interface PlanColumn {
  /** DuckDB's own name of the logical type, e.g. `DECIMAL(15,2)`, `HUGEINT`. */
  readonly type: string;
  /** The DuckDB type in which it travels; differs from `type` where Arrow has no equal (HUGEINT -> DECIMAL(38,0)). */
  readonly wire: string;
}

/** A column whose name is known to somebody: the author of a query, or of a guest. */
export interface NamedColumn extends PlanColumn {
  readonly name: string;
}

export type ResultColumn = NamedColumn;

/** One column of one chunk, as the catalogue keeps it. */
export interface ChunkColumn {
  readonly blockId: BlockId;
  readonly digest: Digest;
  /** Uncompressed bytes of the Arrow stream. */
  readonly bytes: number;
}

/** The chunks of a dataset that a plan may read, with only the columns that it reads. */
export interface ScanSource {
  readonly dataset: string;
  readonly version: DatasetVersion;
  /** Ordinals of the columns read, in the dataset's own order. */
  readonly ordinals: readonly number[];
  readonly columns: readonly PlanColumn[];
  /** All chunks of the dataset, in order; `columns` runs parallel to `ordinals`. */
  readonly chunks: readonly { readonly rows: number; readonly columns: readonly ChunkColumn[] }[];
  /** Indices into `chunks` that the pushed filters could not rule out by min/max. */
  readonly needed: readonly number[];
}

/**
 * An input of a fragment. In the fragment's SQL it is the table `in<index>`. A scan's columns are named `c<ordinal>` (so that a
 * resident table serves every query); a stage's columns are c0..cn.
 * `read`: `partition` makes one task per aligned run of chunks (or per upstream partition); `all` gives every task all of it.
 * A branch has at most one input with `read: 'partition'`, or several if all of them are bucket-wise (exchange hash or range);
 * with none it has one task. A guest's module is an input as well, which SQL can't name: every task reads it whole, and the
 * coordinator always holds it.
 */
export type PlanInput =
  | { readonly kind: 'scan'; readonly source: ScanSource; readonly read: 'partition' | 'all' }
  | {
      readonly kind: 'stage';
      readonly stage: number;
      readonly columns: readonly PlanColumn[];
      /**
       * `hash`, `range`: with `read: 'partition'` a task reads a run of buckets of every upstream block, in order. All bucket-wise
       * inputs of a branch have the same bucket count and are cut into the same runs.
       */
      readonly exchange: 'gather' | 'broadcast' | 'forward' | 'hash' | 'range';
      readonly read: 'partition' | 'all';
      /** Of `hash` and `range`: each bucket is a task of its own, be it empty; none is joined with others or split. */
      readonly each?: true;
      /** Of `forward`: at most so many tasks, each of which reads a run of neighbouring upstream partitions. */
      readonly tasks?: number;
    }
  | {
      readonly kind: 'module';
      /** The module's digest, by which its author names it. */
      readonly digest: string;
      /** Its bytes as they were uploaded: bucket 0 of a block that only names them; BLAKE3 digest as of any slice. */
      readonly slice: Slice;
      readonly abi: 'batch' | 'stream';
    };

/** Who runs in a guest step. `module`: index of the fragment's input of kind `module`. */
export type GuestCode =
  | { readonly kind: 'batch'; readonly module: number; readonly function: string; readonly params?: Params }
  | {
      readonly kind: 'stream';
      readonly module: number;
      /** lines | tsv | jsonl | arrow | raw, for each way. */
      readonly input: string;
      readonly output: string;
      readonly args?: readonly string[];
    }
  | { readonly kind: 'script'; readonly source: string; readonly function: string; readonly params?: Params };

/**
 * `partial` and `merge` are the halves of an aggregate: rows to partial states where they lie, and partial states, with equal keys
 * side by side, to the rows of the result.
 */
export type GuestAction = 'map' | 'filter' | 'flatMap' | 'mapPartitions' | 'partial' | 'merge';

/** Rows that a guest gets: a SELECT over in0.. and s0..; `columns` in its order, with the names that the guest sees. */
export interface GuestRows {
  readonly sql: string;
  readonly columns: readonly NamedColumn[];
}

export interface GuestStep {
  readonly kind: 'guest';
  readonly action: GuestAction;
  readonly code: GuestCode;
  /** For `merge`: partial states, ordered by the keys. */
  readonly rows: GuestRows;
  /** Tables given whole before the first row: the guest's sides 0, 1, .. */
  readonly sides?: readonly GuestRows[];
  /**
   * In scripts: names of the columns whose values make a group, of `partial` and `merge`; of a `mapPartitions` that has them, of the
   * columns by which its rows and those of side 0 are grouped together.
   */
  readonly keys?: readonly string[];
  readonly output: readonly NamedColumn[];
}

/**
 * What a guest step `i` made is the relation `s<i>` (columns c0..cn) for later steps. SQL steps other than the last are statements, as
 * CREATE TEMP TABLE, and name their results themselves: what SQL has to do before a guest goes into the guest's `rows`.
 */
export type Step = SqlStep | GuestStep;

export interface SqlStep {
  readonly kind: 'sql';
  readonly sql: string;
  /** Another way to make the same rows, for slots: they sort these faster than the engine does. Only of a last step. */
  readonly unsorted?: UnsortedRows;
  /** What it makes of in0's rows, in words that need no engine: the coordinator merges a few rows itself. Only of a last step. */
  readonly merge?: MergedRows;
}

/**
 * Partial aggregates, the rows of in0, as final ones, in order. With groups, `order` is never empty; where it leaves the order of two
 * rows open, the SQL decides.
 */
export interface MergedRows {
  /** Columns of in0: rows with equal values there are a group, NULLs being equal. None: one group, even without rows. */
  readonly groups: readonly number[];
  /** NULLs are passed over; NULL where there is nothing else. A sum of integers is a HUGEINT, one of decimals has 38 digits. */
  readonly values: readonly { readonly kind: 'sum' | 'min' | 'max'; readonly column: number }[];
  readonly output: readonly MergedColumn[];
  readonly order: readonly { readonly by: MergedColumn; readonly descending: boolean; readonly nullsFirst: boolean }[];
  /** Rows left out first. Absent: 0. */
  readonly offset?: number;
  /** Rows at most. Absent: all. */
  readonly limit?: number;
}

/** `group`, `value`, `sum` and `count` are places in `groups` and `values`. */
export type MergedColumn =
  | { readonly kind: 'group'; readonly group: number }
  | { readonly kind: 'value'; readonly value: number }
  /** 0 for NULL, as a BIGINT. */
  | { readonly kind: 'count'; readonly value: number }
  /** Both made doubles, and divided; NULL where the count is 0. */
  | { readonly kind: 'mean'; readonly sum: number; readonly count: number };

/** Rows still to be sorted, of columns of fixed width. */
export interface UnsortedRows {
  /** A SELECT of the step's columns, and behind them of keys that are none of them. */
  readonly sql: string;
  /** Wire types of the keys behind. */
  readonly extra: readonly string[];
  /** The most significant first. Equals stay in the order of the rows. */
  readonly keys: readonly SortKey[];
}

export interface SortKey {
  readonly column: number;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

/** What a task runs: the steps in order; the last one's rows are the output. */
export interface Fragment {
  readonly steps: readonly Step[];
  /**
   * Digest of steps (a script's source and all parameters with them), settings, engine version and flavour: the `fragment` of every
   * recipe made from it. Modules stand in recipes as the inputs that they are.
   */
  readonly digest: string;
  readonly output: readonly PlanColumn[];
  /** What it makes depends on the number of its task in the stage: the first step is that of partition-step.ts. */
  readonly readsPartition?: true;
}

/** Whose guest a step of a fragment runs. Names are no part of the fragment: they change nothing that it makes. */
export interface GuestPlace {
  /** Index of the step. */
  readonly step: number;
  /** The author's name of the relation that it makes, or of the function that SQL calls. */
  readonly relation: string;
  /** For people: the function, and what it is written in. */
  readonly label: string;
  /** A program has none. */
  readonly function?: string;
}

/** UNION ALL makes several branches of one stage; each has its own tasks, and their outputs are appended in order. */
export interface Branch {
  readonly fragment: Fragment;
  readonly inputs: readonly PlanInput[];
  /** The fragment's steps that are guests. Absent: none. */
  readonly guests?: readonly GuestPlace[];
  /**
   * Bucket-wise inputs whose buckets may be read in parts (some of the upstream blocks each) by several tasks that all read the other
   * inputs' same bucket whole: the sides on which a join allows a skewed bucket to be split. Absent: none.
   */
  readonly splittable?: readonly number[];
  /** The order of its output means something (a sort): runs of buckets may be joined, never reordered or split. */
  readonly ordered?: boolean;
}

/**
 * Another way to make the stage's output, taken when it is resolved if stage `when.stage` proved small enough (all given bounds hold).
 * The output has the same columns and partitioning. Stages that then feed nobody are skipped. The first that fits is taken.
 */
export interface Alternative {
  readonly when: { readonly stage: number; readonly bytesMax?: number; readonly rowsMax?: number };
  /** In words, for the story and the plan: `orders is small: broadcast, lineitem is not shuffled`. */
  readonly title: string;
  readonly branches: readonly Branch[];
  readonly operators: readonly string[];
}

export type Determinacy = 'determinate' | 'unordered' | 'indeterminate';

export interface Stage {
  readonly index: number;
  /** In words, for pages: `scan flights, aggregate partially`. */
  readonly title: string;
  readonly branches: readonly Branch[];
  readonly output: { readonly columns: readonly PlanColumn[]; readonly partitioning: OutputPartitioning };
  readonly determinacy: Determinacy;
  /** Operators in this stage, outermost first, for display and golden tests. */
  readonly operators: readonly string[];
  /** What may be done instead once earlier stages have reported their sizes. */
  readonly alternatives?: readonly Alternative[];
  /**
   * Stages to wait for before this one starts though it reads none of them: they decide an alternative that would make this one
   * unnecessary.
   */
  readonly startsAfter?: readonly number[];
  /** Names the fallback that made this stage run in one task, if one did. */
  readonly fallback?: Fallback;
  /** As an earlier job made it, whose blocks are kept: the same tasks again, whatever slots there are now. */
  readonly kept?: KeptStage;
}

/**
 * `blocks`: these tasks' outputs are kept, and what is lost of them is made again. `lineage`: its tasks run only if a later stage's block
 * is lost.
 */
export interface KeptStage {
  readonly what: 'blocks' | 'lineage';
  readonly tasks: readonly TaskCut[];
}

/** How one task of a stage was cut: its branch, and what it reads of each input. Modules, and stages that are read whole, are `{}`. */
export interface TaskCut {
  readonly branch: number;
  readonly inputs: readonly InputCut[];
  /** What its guests counted: a later job counts it, too, though it need not run it. */
  readonly accumulators?: Accumulators;
}

export interface InputCut {
  /** Of a scan: chunks `first` to `end` (exclusive) of which `chunks` are read. */
  readonly run?: { readonly first: number; readonly end: number; readonly chunks: readonly number[] };
  readonly buckets?: readonly number[];
  /** Only these of the upstream stage's tasks, `end` exclusive. */
  readonly part?: { readonly first: number; readonly end: number };
}

/** A relation that its author wants to be kept for later jobs. */
export interface CachedRelation {
  readonly name: string;
  readonly level: CacheLevel;
  /** The stage that makes it. */
  readonly stage: number;
  /** Equal for relations that say the same over the same data, however they are planned. */
  readonly key: string;
}

/** Where a cached relation is kept: see shared/plan/author-plan.ts. */
export type CacheLevel = 'memory' | 'tabs' | 'tabs-2' | 'coordinator';

/** A plan never gathers silently: each fallback says what was gathered, at which operator and why. */
export interface Fallback {
  readonly scope: 'operator' | 'query';
  readonly operator: string;
  readonly why: string;
}

/** The logical plan as shown to people: a tree of operator names with a line of detail each. */
export interface LogicalView {
  readonly op: string;
  readonly detail: string;
  readonly rows?: number;
  readonly inputs: readonly LogicalView[];
}

export interface PhysicalPlan {
  readonly stages: readonly Stage[];
  readonly columns: readonly ResultColumn[];
  readonly logical: LogicalView;
  readonly fallbacks: readonly Fallback[];
  /** Datasets read, for access checks and "file changed". */
  readonly datasets: readonly { readonly name: string; readonly version: DatasetVersion }[];
  /** Sum of `needed` and of all chunks over the scans: how many chunks min/max skipped. */
  readonly chunks: { readonly total: number; readonly needed: number };
  /** In the order of their stages. */
  readonly cached?: readonly CachedRelation[];
}
