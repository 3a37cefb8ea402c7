/** What one attempt is told: everything a slot needs to run a task, and nothing about jobs or other workers. */
import type { BlockId, DatasetVersion, Digest } from '../ids.ts';
import type { PlanColumn, Step } from './physical.ts';
import type { OutputPartitioning } from './recipe.ts';

/** One readable piece of a block: complete Arrow IPC stream, named by block and bucket, proven by its digest. */
export interface Slice {
  readonly blockId: BlockId;
  readonly bucket: number;
  readonly digest: Digest;
  /** Uncompressed bytes. */
  readonly bytes: number;
}

/**
 * A run of chunks of one dataset. `residentKey` names the table a slot may already hold; its columns are `c<ordinal>`.
 * `columns[i].slices` has one slice per chunk, in chunk order; `chunkRows` runs parallel to it.
 */
export interface ChunkRun {
  readonly residentKey: string;
  readonly dataset: string;
  readonly version: DatasetVersion;
  readonly chunkRows: readonly number[];
  readonly columns: readonly (PlanColumn & { readonly ordinal: number; readonly slices: readonly Slice[] })[];
}

export type TaskInput =
  | { readonly kind: 'chunks'; readonly run: ChunkRun }
  /** `residentKey`: they stay loaded under this name, columns `c0` and so on; other slices have another one. */
  | {
      readonly kind: 'slices';
      readonly columns: readonly PlanColumn[];
      readonly slices: readonly Slice[];
      readonly residentKey?: string;
    }
  /** A guest's module, as it was uploaded. */
  | { readonly kind: 'module'; readonly slice: Slice };

export interface TaskSpec {
  /** The id of the block this task makes. */
  readonly blockId: BlockId;
  readonly steps: readonly Step[];
  readonly inputs: readonly TaskInput[];
  readonly output: { readonly columns: readonly PlanColumn[]; readonly partitioning: OutputPartitioning };
  /** For people: the dataset and operation in words. */
  readonly title: string;
  readonly maxRunMs: number;
  /** `--pace`: the attempt is reported no sooner than this after it began. 0 is off. */
  readonly minRunMs: number;
}

/** One bucket of a finished block. */
export interface BucketInfo {
  readonly rows: number;
  /** Uncompressed bytes of its stream. */
  readonly bytes: number;
  readonly digest: Digest;
}

/** Where the milliseconds of an attempt went, and what it moved. */
export interface AttemptCosts {
  readonly queueMs: number;
  readonly fetchMs: number;
  readonly loadMs: number;
  readonly computeMs: number;
  /** Extracting, making canonical, digesting, storing. */
  readonly packMs: number;
  /** Bytes that came over the network, as stored (compressed). */
  readonly fetchedBytes: number;
  readonly fetchedSlices: number;
  /** Bytes taken from this tab's own cache. */
  readonly cachedBytes: number;
  /** Uncompressed bytes inserted into the engine. */
  readonly loadedBytes: number;
}

export const NO_COSTS: AttemptCosts = {
  queueMs: 0,
  fetchMs: 0,
  loadMs: 0,
  computeMs: 0,
  packMs: 0,
  fetchedBytes: 0,
  fetchedSlices: 0,
  cachedBytes: 0,
  loadedBytes: 0,
};
