import { DuckDBInstance } from '@duckdb/node-api';
import { tableFromIPC, type Vector } from 'apache-arrow';
import type { CoordinatorBlocks } from '../../blocks/coordinator-blocks.ts';
import type { DatasetRecord } from '../types.ts';

/** One column of a dataset as apache-arrow reads its chunks, in row order; every chunk is verified. */
export async function readColumn(blocks: CoordinatorBlocks, record: DatasetRecord, ordinal: number): Promise<Vector[]> {
  const vectors: Vector[] = [];
  for (const chunk of record.chunks) {
    const column = chunk.columns[ordinal];
    if (!column) throw new Error(`no column ${ordinal}`);
    const table = tableFromIPC(await blocks.readStream(column.blockId, 0, column.digest));
    const vector = table.getChildAt(0);
    if (table.numRows !== chunk.rows || !vector) throw new Error(`chunk of ${table.numRows} rows, ${chunk.rows} expected`);
    vectors.push(vector);
  }
  return vectors;
}

export async function readValues(blocks: CoordinatorBlocks, record: DatasetRecord, name: string): Promise<unknown[]> {
  const ordinal = record.columns.findIndex((column) => column.name === name);
  return (await readColumn(blocks, record, ordinal)).flatMap((vector) => [...vector]);
}

/** What native DuckDB answers, as JSON values. */
export async function nativeRows(sql: string): Promise<unknown[][]> {
  const connection = await (await DuckDBInstance.create(':memory:', { threads: '2' })).connect();
  try {
    return (await connection.runAndReadAll(sql)).getRowsJson() as unknown[][];
  } finally {
    connection.closeSync();
  }
}
