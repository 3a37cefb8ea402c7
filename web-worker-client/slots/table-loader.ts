/** Creates engine tables by explicit DDL and fills them from verified streams. */
import type { IpcStream } from '../../shared/arrow/ipc.ts';
import { planMerge } from '../../shared/arrow/merge.ts';
import type { WireColumn } from '../../shared/arrow/schema.ts';
import type { Breathe, EngineConnection } from './engine.ts';

/**
 * Small chunks go in together up to this many bytes; a large one goes alone, so that it is inserted while it is still in the
 * processor's cache, and only a few are in memory at a time.
 */
const INSERT_BYTES = 2 * 1024 * 1024;

/** The streams of one chunk: one per column, or one with all columns. */
export type ChunkStreams = readonly IpcStream[];

export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Creates `table` and inserts the chunks in order, each as it comes. A table that can't be filled is dropped. Returns its rows. */
export async function loadTable(
  connection: EngineConnection,
  table: string,
  columns: readonly WireColumn[],
  chunks: AsyncIterable<ChunkStreams>,
  breathe: Breathe,
): Promise<number> {
  const ddl = columns.map((c) => `${identifier(c.name)} ${c.wire}`).join(', ');
  connection.execute(`CREATE TABLE ${table} (${ddl})`);
  try {
    let rows = 0;
    for await (const portion of portions(chunks)) {
      const plan = planMerge(columns, portion);
      if (plan.rows > 0) connection.insert(table, plan);
      rows += plan.rows;
      await breathe();
    }
    return rows;
  } catch (error) {
    dropQuietly(connection, table);
    throw error;
  }
}

/** Cleaning up after an error must not hide it; an engine that can't even drop a table is replaced as a whole. */
function dropQuietly(connection: EngineConnection, table: string): void {
  try {
    connection.execute(`DROP TABLE IF EXISTS ${table}`);
  } catch {
    // The error that led here says more.
  }
}

async function* portions(chunks: AsyncIterable<ChunkStreams>): AsyncGenerator<ChunkStreams[]> {
  let portion: ChunkStreams[] = [];
  let bytes = 0;
  for await (const streams of chunks) {
    portion.push(streams);
    bytes += streams.reduce((sum, s) => sum + s.bytes.length, 0);
    if (bytes < INSERT_BYTES) continue;
    yield portion;
    portion = [];
    bytes = 0;
  }
  if (portion.length > 0) yield portion;
}
