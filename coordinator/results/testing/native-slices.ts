/** For tests: what native DuckDB answers, as the slices that tabs would send. */
import { DuckDBInstance } from '@duckdb/node-api';
import bindings from '@duckdb/node-bindings';
import { parseSqlType, wireTypeOf } from '../../../shared/arrow/types.ts';
import type { ResultColumn } from '../../../shared/plan/physical.ts';
import { makeBuilder } from '../../catalog/columns/builder.ts';
import type { ColumnBuilder } from '../../catalog/columns/node.ts';
import { BatchStreamWriter, batchParts } from '../../catalog/columns/stream.ts';

export interface NativeResult {
  readonly columns: readonly ResultColumn[];
  /** One slice per `rowsPerSlice` rows. */
  readonly slices: readonly Uint8Array[];
}

export async function nativeSlices(sql: string, rowsPerSlice = 3000): Promise<NativeResult> {
  const connection = await (await DuckDBInstance.create(':memory:', { threads: '2' })).connect();
  try {
    await connection.run("SET TimeZone = 'UTC'");
    const described = (await connection.runAndReadAll(`DESCRIBE ${sql}`)).getRowsJson() as string[][];
    const columns = described.map(([name = '', type = '']) => ({ name, type, wire: wireTypeOf(type) }));
    const casts = columns.map(({ wire }, index) => `CAST(c${index} AS ${wire})`).join(', ');
    const result = await connection.stream(
      `SELECT ${casts} FROM (${sql}) AS t(${columns.map((_, index) => `c${index}`).join(', ')})`,
    );
    const builders = columns.map(({ wire }) => makeBuilder(parseSqlType(wire), rowsPerSlice) as ColumnBuilder);
    const writer = new BatchStreamWriter(columns.map(({ wire }, index) => ({ name: `c${index}`, wire })));
    const slices: Uint8Array[] = [];
    let filled = 0;
    const flush = () => {
      slices.push(writer.write(filled, batchParts(builders.map((builder) => builder.finish()))));
      filled = 0;
    };
    for (let chunk = await result.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
      for (let first = 0; first < chunk.rowCount; ) {
        const part = Math.min(chunk.rowCount - first, rowsPerSlice - filled);
        for (const [index, builder] of builders.entries()) {
          builder.append(bindings.data_chunk_get_vector(chunk.chunk, index), first, part);
        }
        filled += part;
        first += part;
        if (filled === rowsPerSlice) flush();
      }
    }
    if (filled > 0) flush();
    return { columns, slices };
  } finally {
    connection.closeSync();
  }
}

export async function* asyncOf<T>(values: readonly T[]): AsyncGenerator<T> {
  for (const value of values) yield value;
}

export async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}
