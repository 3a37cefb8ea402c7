/**
 * Rows into buckets, in plain TypeScript: what every faster way must equal byte for byte. Each bucket is one canonical stream; rows
 * of a bucket keep their order; a bucket without rows is a schema alone.
 */
import type { OutputPartitioning } from '../plan/recipe.ts';
import { bitAt } from './byte-buffer.ts';
import { Canonicaliser, type CanonicalStream, checkTypes } from './canonical.ts';
import { type ColumnView, columnViews } from './column-view.ts';
import { IpcError, parseStream } from './ipc.ts';
import { type Layout, layoutOf } from './layout.ts';
import { readSchema, type WireColumn } from './schema.ts';
import { type RowHash, rowHashOf, splitHash } from './split-hash.ts';

/** Names and types of what a fragment with this partitioning gives: with `range`, the bucket's number comes last. */
export function fragmentColumns(columns: readonly WireColumn[], partitioning: OutputPartitioning): readonly WireColumn[] {
  return partitioning.kind === 'range' ? [...columns, { name: 'bucket', wire: 'INTEGER' }] : columns;
}

export function bucketCount(partitioning: OutputPartitioning): number {
  return partitioning.kind === 'single' ? 1 : partitioning.count;
}

/** Takes a task's rows piece by piece, gives its buckets. */
export class ReferenceSplitter {
  readonly #columns: readonly WireColumn[];
  readonly #layouts: readonly Layout[];
  readonly #partitioning: OutputPartitioning;
  readonly #hashes: readonly RowHash[];
  readonly #buckets: readonly Canonicaliser[];

  /** `batchRows` differs from the canonical size only in tests. Throws IpcError when a key is no column. */
  constructor(columns: readonly WireColumn[], partitioning: OutputPartitioning, batchRows?: number) {
    this.#columns = fragmentColumns(columns, partitioning);
    this.#layouts = this.#columns.map((c) => layoutOf(c.wire));
    this.#partitioning = partitioning;
    this.#hashes = keysOf(partitioning).map((key) => rowHashOf(keyWire(columns, key)));
    this.#buckets = Array.from({ length: bucketCount(partitioning) }, () => new Canonicaliser(columns, batchRows));
  }

  /** Appends the rows of an IPC stream or of a piece of one; the bytes are not kept. Throws IpcError. */
  addPiece(bytes: Uint8Array): void {
    const stream = parseStream(bytes);
    if (stream.schema !== undefined) checkTypes(readSchema(stream.schema), this.#columns);
    for (const batch of stream.batches) this.#addBatch(columnViews(stream.bytes, batch, this.#layouts), batch.rows);
  }

  /** Neighbouring rows of one bucket go in together. */
  #addBatch(views: readonly ColumnView[], rows: number): void {
    const bucketOf = this.#bucketsOf(views);
    let bucket = rows > 0 ? bucketOf(0) : 0;
    for (let from = 0, to = 1; from < rows; to++) {
      const next = to < rows ? bucketOf(to) : -1;
      if (next === bucket) continue;
      this.#buckets[bucket]?.addColumns(views, to, from);
      bucket = next;
      from = to;
    }
  }

  #bucketsOf(views: readonly ColumnView[]): (row: number) => number {
    const partitioning = this.#partitioning;
    if (partitioning.kind === 'single') return () => 0;
    if (partitioning.kind === 'range') return (row) => givenBucket(views.at(-1), row, partitioning.count);
    const keys = partitioning.keys.flatMap((key) => views[key] ?? []);
    const count = BigInt(partitioning.count);
    return (row) => Number(splitHash(this.#hashes, keys, row) % count);
  }

  /** One stream per bucket, in order. Must be the last call. */
  finish(): readonly CanonicalStream[] {
    return this.#buckets.map((bucket) => bucket.finish());
  }
}

const keysOf = (partitioning: OutputPartitioning): readonly number[] => (partitioning.kind === 'hash' ? partitioning.keys : []);

/** The wire type of a key column. Throws IpcError where there is no such column. */
export function keyWire(columns: readonly WireColumn[], key: number): string {
  const column = columns[key];
  if (column === undefined) throw new IpcError(`the output has no column ${key} to split by`);
  return column.wire;
}

function givenBucket(column: ColumnView | undefined, row: number, count: number): number {
  const data = column?.data;
  if (data === undefined || data === null) throw new IpcError('the column that names the bucket is missing');
  const valid = column?.validity === null || column?.validity === undefined || bitAt(column.validity, row);
  const bucket = new DataView(data.buffer, data.byteOffset, data.byteLength).getInt32(4 * row, true);
  if (!valid || bucket < 0 || bucket >= count) {
    throw new IpcError(`a row names the bucket ${valid ? bucket : 'NULL'}, but there are only 0 to ${count - 1}`);
  }
  return bucket;
}
