/** Creates engine tables by explicit DDL and fills them from verified streams. */
import type { IpcStream } from '../../shared/arrow/ipc.ts';
import { planMerge } from '../../shared/arrow/merge.ts';
import type { WireColumn } from '../../shared/arrow/schema.ts';
import type { Breathe, EngineConnection } from './engine.ts';

/** Bytes that one insert may take of the heap beside the table itself; more chunks than that go in several inserts. */
const INSERT_BYTES = 16 * 1024 * 1024;

export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/**
 * Creates `table` and inserts the chunks in order. `chunks[i]` has one stream per column, or one with all columns. A table that can't be
 * filled is dropped. Returns its rows.
 */
export async function loadTable(
  connection: EngineConnection,
  table: string,
  columns: readonly WireColumn[],
  chunks: readonly (readonly IpcStream[])[],
  breathe: Breathe,
): Promise<number> {
  const ddl = columns.map((c) => `${identifier(c.name)} ${c.wire}`).join(', ');
  connection.execute(`CREATE TABLE ${table} (${ddl})`);
  try {
    let rows = 0;
    for (const portion of portions(chunks)) {
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

function* portions(chunks: readonly (readonly IpcStream[])[]): Generator<(readonly IpcStream[])[]> {
  let portion: (readonly IpcStream[])[] = [];
  let bytes = 0;
  for (const streams of chunks) {
    const size = streams.reduce((sum, s) => sum + s.bytes.length, 0);
    if (portion.length > 0 && bytes + size > INSERT_BYTES) {
      yield portion;
      portion = [];
      bytes = 0;
    }
    portion.push(streams);
    bytes += size;
  }
  if (portion.length > 0) yield portion;
}
