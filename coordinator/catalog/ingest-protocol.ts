/** What the coordinator and its ingest child say to each other, over Node's own channel between processes. */
import type { ResultColumn } from '../../shared/plan/physical.ts';
import type { CatalogFailure } from './errors.ts';
import type { Compression } from './format.ts';
import type { ChunkRecord, DatasetColumn, DatasetFormat } from './types.ts';

/** One per child: a child serves one request and ends. */
export type ChildRequest = IngestRequest | ParquetRequest;

export interface IngestRequest {
  readonly type: 'ingest';
  /** The only file that the engine may open; no characters in it that the engine would expand. */
  readonly path: string;
  /** The name that people know the file by, for messages. */
  readonly fileName: string;
  readonly format: DatasetFormat;
  readonly compression: Compression;
  /** Where block files go; the child makes no other files. */
  readonly chunkDir: string;
  readonly memoryLimitBytes: number;
  readonly threads: number;
}

export interface ParquetRequest {
  readonly type: 'writeParquet';
  /** Slices of the result, each with its length before it (u64, little endian). */
  readonly slicesPath: string;
  readonly outputPath: string;
  /** An empty folder for what exceeds the memory limit. */
  readonly tempDir: string;
  readonly columns: readonly ResultColumn[];
  readonly memoryLimitBytes: number;
  readonly threads: number;
}

/** The answer to `identified`: the content is new, go on. Otherwise the child is ended. */
export interface ProceedMessage {
  readonly type: 'proceed';
}

export type ToChild = ChildRequest | ProceedMessage;

export interface IngestResult {
  readonly columns: readonly DatasetColumn[];
  readonly rows: number;
  /** Uncompressed. */
  readonly bytes: number;
  readonly chunks: readonly ChunkRecord[];
}

export type FromChild =
  /** sha256 of the file's bytes; the child waits for `proceed`. */
  | { readonly type: 'identified'; readonly fileDigest: string }
  | { readonly type: 'progressed'; readonly fraction: number; readonly rows: number }
  | { readonly type: 'ingested'; readonly result: IngestResult }
  | { readonly type: 'parquetWritten'; readonly rows: number }
  | { readonly type: 'failed'; readonly failure: CatalogFailure };

/**
 * Version of what ingest makes of a file's bytes. It is part of every chunk's recipe and of the dataset's version: raise it with
 * any change that gives other types, values, row order or bytes for the same file.
 */
export const NORMALISER_VERSION = 1;
