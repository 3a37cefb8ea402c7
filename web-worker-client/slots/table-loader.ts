/** Creates engine tables by explicit DDL and fills them from verified streams. */
import type { IpcStream } from '../../shared/arrow/ipc.ts';
import { planMerge } from '../../shared/arrow/merge.ts';
import type { WireColumn } from '../../shared/arrow/schema.ts';
import type { Breathe, EngineConnection } from './engine.ts';

/**
 * Chunks go in together up to this many bytes: each insert is a statement, which takes the engine about a millisecond, so that portions of
 * 2 MiB take a sixth longer. A large chunk goes alone, and only a few are in memory at a time.
 */
const INSERT_BYTES = 8 * 1024 * 1024;

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
  const filler = new TableFiller(connection, table, columns);
  try {
    for await (const streams of chunks) if (filler.add(streams)) await breathe();
    const { rows } = filler.finish();
    await breathe();
    return rows;
  } catch (error) {
    dropQuietly(connection, table);
    throw error;
  }
}

/** A new table that is filled as its rows come. */
export class TableFiller {
  readonly #connection: EngineConnection;
  readonly #table: string;
  readonly #columns: readonly WireColumn[];
  #portion: ChunkStreams[] = [];
  #bytes = 0;
  #rows = 0;

  /** Creates the table. Throws EngineError. */
  constructor(connection: EngineConnection, table: string, columns: readonly WireColumn[]) {
    const ddl = columns.map((c) => `${identifier(c.name)} ${c.wire}`).join(', ');
    connection.execute(`CREATE TABLE ${table} (${ddl})`);
    this.#connection = connection;
    this.#table = table;
    this.#columns = columns;
  }

  /** Takes the next chunk, which is kept until there are enough bytes for an insert. Returns whether one was made. */
  add(streams: ChunkStreams): boolean {
    this.#portion.push(streams);
    this.#bytes += streams.reduce((sum, s) => sum + s.bytes.length, 0);
    if (this.#bytes < INSERT_BYTES) return false;
    this.#insert();
    return true;
  }

  /** All rows are in the table. */
  finish(): { readonly rows: number } {
    if (this.#portion.length > 0) this.#insert();
    return { rows: this.#rows };
  }

  #insert(): void {
    const plan = planMerge(this.#columns, this.#portion);
    if (plan.rows > 0) this.#connection.insert(this.#table, plan);
    this.#rows += plan.rows;
    this.#portion = [];
    this.#bytes = 0;
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
