import { open } from 'node:fs/promises';
import { type DuckDBAppender, DuckDBDataChunk } from '@duckdb/node-api';
import bindings from '@duckdb/node-bindings';
import { type ColumnView, columnViews } from '../../../shared/arrow/column-view.ts';
import { parseStream } from '../../../shared/arrow/ipc.ts';
import { layoutOf } from '../../../shared/arrow/layout.ts';
import { parseSqlType } from '../../../shared/arrow/types.ts';
import type { ParquetRequest } from '../ingest-protocol.ts';
import { distinctColumnNames } from '../names.ts';
import { openSandbox, quoteName, quoteText } from './database.ts';
import { fillVector } from './fill-vector.ts';

/** Rows of a vector; more do not fit a data chunk. */
const VECTOR_ROWS = 2048;

/** Types that a parquet file can hold though they travel as others. HUGEINT is not one: parquet would make it a DOUBLE. */
const RESTORED = new Set(['UUID', 'JSON', 'TIME WITH TIME ZONE', 'TIMESTAMP_S', 'TIMESTAMP_MS']);

/** Writes the spooled slices as one parquet file; answers its rows. */
export async function writeParquet(request: ParquetRequest): Promise<number> {
  const connection = await openSandbox({ ...request, files: [request.outputPath] });
  try {
    const columns = request.columns;
    await connection.run(`CREATE TABLE result (${columns.map(({ wire }, index) => `c${index} ${wire}`).join(', ')})`);
    const appender = await connection.createAppender('result');
    let rows = 0;
    for await (const slice of spooledSlices(request.slicesPath)) rows += appendSlice(appender, request, slice);
    appender.closeSync();
    const names = distinctColumnNames(columns.map((column) => column.name));
    const values = columns.map(({ type }, index) => {
      const value = RESTORED.has(type) ? `CAST(c${index} AS ${type})` : `c${index}`;
      return `${value} AS ${quoteName(names[index] as string)}`;
    });
    await connection.run(
      `COPY (SELECT ${values.join(', ')} FROM result) TO ${quoteText(request.outputPath)} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)`,
    );
    return rows;
  } finally {
    connection.closeSync();
  }
}

function appendSlice(appender: DuckDBAppender, request: ParquetRequest, slice: Uint8Array): number {
  const layouts = request.columns.map(({ wire }) => layoutOf(wire));
  const types = request.columns.map(({ wire }) => parseSqlType(wire));
  const engineTypes = request.columns.map((_, index) => appender.columnType(index));
  const stream = parseStream(slice);
  let rows = 0;
  for (const batch of stream.batches) {
    const views = columnViews(stream.bytes, batch, layouts);
    for (let from = 0; from < batch.rows; from += VECTOR_ROWS) {
      const count = Math.min(VECTOR_ROWS, batch.rows - from);
      // A fresh chunk each time: an old one would keep its list children and validity.
      const chunk = DuckDBDataChunk.create(engineTypes, count);
      types.forEach((type, index) => {
        fillVector(bindings.data_chunk_get_vector(chunk.chunk, index), type, views[index] as ColumnView, from, count);
      });
      appender.appendDataChunk(chunk);
    }
    rows += batch.rows;
  }
  return rows;
}

/** The slices of the spool file: each has its length before it, 8 bytes little endian. */
async function* spooledSlices(path: string): AsyncGenerator<Uint8Array> {
  const file = await open(path, 'r');
  try {
    const head = Buffer.alloc(8);
    for (let at = 0; ; ) {
      const { bytesRead } = await file.read(head, 0, 8, at);
      if (bytesRead < 8) return;
      const slice = new Uint8Array(Number(head.readBigUInt64LE(0)));
      let filled = 0;
      while (filled < slice.length) {
        const piece = await file.read(slice, filled, slice.length - filled, at + 8 + filled);
        if (piece.bytesRead === 0) throw new Error('the spooled result is cut short');
        filled += piece.bytesRead;
      }
      at += 8 + slice.length;
      yield slice;
    }
  } finally {
    await file.close();
  }
}
