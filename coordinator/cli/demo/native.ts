/** Native DuckDB over the same files, two threads, everything in memory: what the grid's answers and times are held against. */
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import type { Cell, ResultJson } from '../../../client/index.ts';

export const NATIVE_THREADS = 2;

export class Native {
  private readonly instance: DuckDBInstance;
  private readonly connection: DuckDBConnection;

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.instance = instance;
    this.connection = connection;
  }

  static async open(): Promise<Native> {
    const instance = await DuckDBInstance.create(':memory:', { threads: String(NATIVE_THREADS) });
    const connection = await instance.connect();
    await connection.run("SET timezone = 'UTC'");
    return new Native(instance, connection);
  }

  async run(sql: string): Promise<void> {
    await this.connection.run(sql);
  }

  /** Reads a parquet or CSV file into a table in memory. */
  async load(table: string, path: string): Promise<void> {
    await this.connection.run(`CREATE TABLE ${table} AS FROM '${path.replaceAll("'", "''")}'`);
  }

  /** Integers, decimals and dates come as text, doubles as numbers: what `difference` expects. */
  async query(sql: string): Promise<{ result: ResultJson; ms: number }> {
    const began = performance.now();
    const reader = await this.connection.runAndReadAll(sql);
    const ms = performance.now() - began;
    const types = reader.columnTypes();
    const columns = reader.columnNames().map((name, index) => ({ name, type: String(types[index]) }));
    return { result: { columns, rows: reader.getRowsJson() as unknown as Cell[][] }, ms };
  }

  /** Runs the query and reads its rows as DuckDB gives them, keeping nothing. Returns milliseconds. */
  async drain(sql: string): Promise<number> {
    const began = performance.now();
    const result = await this.connection.stream(sql);
    for (let chunk = await result.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
      // Read and forgotten.
    }
    return performance.now() - began;
  }

  close(): void {
    this.connection.closeSync();
    this.instance.closeSync();
  }
}
