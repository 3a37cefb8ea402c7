import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compress } from '@bokuweb/zstd-wasm';
import { type BatchParts, ColumnBuilder as ViewBuilder } from '../../../shared/arrow/column-builder.ts';
import { type ColumnView, columnViews } from '../../../shared/arrow/column-view.ts';
import { type IpcBatch, parseStream } from '../../../shared/arrow/ipc.ts';
import { type Layout, layoutOfType } from '../../../shared/arrow/layout.ts';
import { encodeRecord } from '../../../shared/arrow/record.ts';
import { parseSqlType, type SqlType } from '../../../shared/arrow/types.ts';
import { invariant } from '../../../shared/assert.ts';
import { blockIdOf, digestOf } from '../../../shared/hash.ts';
import { LIMITS } from '../../../shared/limits.ts';
import { statisticsOf } from '../columns/bounds.ts';
import { makeBuilder } from '../columns/builder.ts';
import { DistinctSampler } from '../columns/distinct.ts';
import type { ColumnBuilder, EngineVector } from '../columns/node.ts';
import { BatchStreamWriter, batchParts } from '../columns/stream.ts';
import { NORMALISER_VERSION } from '../ingest-protocol.ts';
import type { ChunkColumnRecord, ChunkRecord, DatasetColumn } from '../types.ts';

const ZSTD_LEVEL = 1;

interface Column {
  readonly type: SqlType;
  readonly layout: Layout;
  readonly builder: ColumnBuilder;
  readonly writer: BatchStreamWriter;
  readonly sampler: DistinctSampler;
  /** In place of `builder` for sources that have Arrow buffers; one a chunk. */
  fromViews?: ViewBuilder | undefined;
}

/** Cuts rows into chunks and writes one block file a column and chunk into `directory`, named by its id. */
export class ChunkWriter {
  readonly #columns: readonly Column[];
  readonly #source: string;
  readonly #directory: string;
  readonly #chunks: ChunkRecord[] = [];
  #filled = 0;
  rows = 0;
  bytes = 0;

  /** `source` names the file's content in the chunks' recipes. */
  constructor(columns: readonly DatasetColumn[], source: string, directory: string) {
    this.#source = source;
    this.#directory = directory;
    this.#columns = columns.map(({ wire }, ordinal) => {
      const type = parseSqlType(wire);
      const builder = makeBuilder(type, LIMITS.chunkRows);
      invariant(builder, `no column builder for ${wire}`);
      const writer = new BatchStreamWriter([{ name: `c${ordinal}`, wire }]);
      return { type, layout: layoutOfType(type), builder, writer, sampler: new DistinctSampler(type) };
    });
  }

  /** Appends rows: one vector a column, all of `count` values. */
  addVectors(vectors: readonly EngineVector[], count: number): void {
    let first = 0;
    while (first < count) {
      const part = Math.min(count - first, LIMITS.chunkRows - this.#filled);
      this.#columns.forEach((column, index) => {
        column.builder.append(vectors[index] as EngineVector, first, part);
      });
      this.#filled += part;
      first += part;
      if (this.#filled === LIMITS.chunkRows) this.#flush();
    }
  }

  /** Appends rows that are in Arrow buffers already: one view a column, all of `count` rows. */
  addViews(views: readonly ColumnView[], count: number): void {
    let first = 0;
    while (first < count) {
      const part = Math.min(count - first, LIMITS.chunkRows - this.#filled);
      this.#columns.forEach((column, index) => {
        column.fromViews ??= new ViewBuilder(column.layout, LIMITS.chunkRows);
        column.fromViews.append(views[index] as ColumnView, first, first + part);
      });
      this.#filled += part;
      first += part;
      if (this.#filled === LIMITS.chunkRows) this.#flush();
    }
  }

  /** All chunks, after the rows that did not fill one. */
  finish(): readonly ChunkRecord[] {
    if (this.#filled > 0) this.#flush();
    return this.#chunks;
  }

  /** The columns it was made with, and what was seen of their values; after `finish`. */
  withDistinct(columns: readonly DatasetColumn[]): readonly DatasetColumn[] {
    return columns.map((column, ordinal) => {
      const distinct = this.#columns[ordinal]?.sampler.estimate(this.rows);
      return distinct === undefined ? column : { ...column, distinct };
    });
  }

  #flush(): void {
    const rows = this.#filled;
    this.#filled = 0;
    const columns = this.#columns.map((column, ordinal) => this.#writeColumn(ordinal, rows, takeParts(column)));
    this.#chunks.push({ rows, columns });
    this.rows += rows;
  }

  #writeColumn(ordinal: number, rows: number, parts: BatchParts): ChunkColumnRecord {
    const column = this.#columns[ordinal];
    invariant(column && parts.nodes[0] === rows, `column ${ordinal} has ${parts.nodes[0]} of ${rows} rows`);
    const blockId = blockIdOf({
      v: 1,
      source: this.#source,
      firstRow: this.rows,
      rows,
      column: ordinal,
      normaliser: NORMALISER_VERSION,
    });
    const stream = column.writer.write(rows, parts);
    const digest = digestOf(stream);
    const coded = compress(stream, ZSTD_LEVEL);
    const smaller = coded.length < stream.length;
    const stored = smaller ? coded : stream;
    const [view] = columnViews(stream, parseStream(stream).batches[0] as IpcBatch, [column.layout]);
    invariant(view, 'a chunk without its column');
    column.sampler.addChunk(view);
    const record = encodeRecord([{ bytes: stream.length, rows, codec: smaller ? 'zstd' : 'raw', digest, coded: stored }]);
    writeFileSync(join(this.#directory, blockId), record);
    this.bytes += stream.length;
    return {
      blockId,
      digest,
      bytes: stream.length,
      storedBytes: record.length,
      ...statisticsOf(column.type, view, parts.nodes[1] ?? 0),
    };
  }
}

/** The column's rows since the last chunk; its builders then begin anew. */
function takeParts(column: Column): BatchParts {
  if (!column.fromViews) return batchParts([column.builder.finish()]);
  const parts: BatchParts = { nodes: [], buffers: [] };
  column.fromViews.finish(parts);
  column.fromViews = undefined;
  return parts;
}
