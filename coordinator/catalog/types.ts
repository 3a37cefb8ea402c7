/** A dataset as the catalogue keeps it. */
import type { BlockId, DatasetVersion, Digest } from '../../shared/ids.ts';
import type { ColumnStatistics } from '../../shared/plan/statistics.ts';

export type DatasetFormat = 'parquet' | 'csv' | 'json' | 'ndjson' | 'arrow';

export interface DatasetColumn {
  readonly name: string;
  /** DuckDB's own name of the type, as native gives it. */
  readonly type: string;
  /** The type in which it is stored and travels (shared/arrow/types.ts). */
  readonly wire: string;
  /** About how many different values it has, from a sample; NULL is none. Absent: not known (ingested before there was one). */
  readonly distinct?: number;
}

export interface ChunkColumnRecord extends ColumnStatistics {
  readonly blockId: BlockId;
  readonly digest: Digest;
  /** Uncompressed bytes of the Arrow stream. */
  readonly bytes: number;
  /** Bytes on disk. */
  readonly storedBytes: number;
}

/** `columns` runs parallel to the dataset's columns. */
export interface ChunkRecord {
  readonly rows: number;
  readonly columns: readonly ChunkColumnRecord[];
}

export interface DatasetRecord {
  readonly name: string;
  readonly version: DatasetVersion;
  readonly owner: string;
  readonly format: DatasetFormat;
  readonly columns: readonly DatasetColumn[];
  readonly rows: number;
  /** Uncompressed bytes of all chunks. */
  readonly bytes: number;
  readonly chunks: readonly ChunkRecord[];
  /** Wall clock, ms since the epoch. */
  readonly createdAtMs: number;
}
