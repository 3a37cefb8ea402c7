/** What GET /v1/cache shows: where the blocks of datasets and of jobs live, as far as the coordinator knows. */
import type { CacheLevel } from '../plan/physical.ts';

export interface Held {
  readonly blocks: number;
  /** Of datasets: uncompressed bytes, so that tabs and coordinator compare. */
  readonly bytes: number;
}

/** A tab's part of a dataset. */
export interface TabPart {
  readonly workerId: string;
  readonly name?: string;
  /** In tables that its slots report to have loaded. */
  readonly loaded: Held;
  /** Sent to it in this session; it keeps them in its browser's storage as long as there is room, and may have more from earlier. */
  readonly fetched: Held;
}

export interface DatasetCache {
  readonly name: string;
  /** All of it; the coordinator keeps every chunk. */
  readonly total: Held;
  /** What that takes on the coordinator's disk, compressed. */
  readonly diskBytes: number;
  readonly tabs: readonly TabPart[];
}

/** Outputs in the store of one browser profile; tabs of a profile share it. */
export interface StorePart extends Held {
  readonly workerIds: readonly string[];
}

/** A block that has copies in several places counts in each. */
export interface JobCache {
  readonly jobId: string;
  readonly total: Held;
  readonly coordinator: Held;
  readonly stores: readonly StorePart[];
}

/** Tables of a relation that are loaded in slots of a tab; what several slots have loaded counts in each. */
export interface LoadedPart {
  readonly workerId: string;
  readonly name?: string;
  readonly slots: number;
  /** Uncompressed, as in `total`; an engine may take more or less for them. */
  readonly bytes: number;
}

/** A relation that `cache` in a plan keeps for later jobs. */
export interface RelationCache {
  /** For `DELETE /v1/cache/:id`. */
  readonly id: string;
  readonly name: string;
  readonly owner: string;
  readonly level: CacheLevel;
  /** The job that named it last. */
  readonly jobId: string;
  readonly rows: number;
  /** All of it, wherever it is. */
  readonly total: Held;
  /** What nobody has now; the next job that reads the relation makes it again. */
  readonly lost: Held;
  readonly coordinator: Held;
  readonly stores: readonly StorePart[];
  /** Of level `memory`, as the tabs report it: besides what stores keep. */
  readonly loaded: readonly LoadedPart[];
  /** How many places have each block, of the block that has the fewest; the coordinator is one. */
  readonly copies: number;
  /** What the attempts took that made its blocks, together; what they read, and what else would have to be made again for that, not counted. */
  readonly remakeMs: number;
  /** Whether the asker may: the owner and the admin. */
  readonly mayLetGo: boolean;
}

export interface CoordinatorCache {
  /** Chunks of datasets, on disk. */
  readonly chunks: Held;
  /** Results and overflow on disk, and the cap of these. */
  readonly outputs: Held & { readonly capBytes: number };
  /** Small outputs in memory. */
  readonly inline: Held & { readonly capBytes: number };
  /** On its way from tab to tab: pieces in memory, and what slow readers have left on disk. */
  readonly passing: { readonly memoryBytes: number; readonly diskBytes: number };
}

export interface CacheJson {
  readonly coordinator: CoordinatorCache;
  readonly datasets: readonly DatasetCache[];
  /** The asker's cached relations (the admin's: all), the one used last first. */
  readonly relations: readonly RelationCache[];
  /** Those of the asker's jobs that have blocks, newest first. */
  readonly jobs: readonly JobCache[];
  /** Outputs that belong only to other authors' jobs and cached relations. */
  readonly others: Held;
  /** Outputs that belong to nobody: kept for reuse, and the first to go when there is no room. */
  readonly reusable: Held;
}
