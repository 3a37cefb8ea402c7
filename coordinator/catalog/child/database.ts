import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';

export interface Sandbox {
  readonly memoryLimitBytes: number;
  readonly threads: number;
  /** The only files that may be read or written; everything else is refused by the engine itself. */
  readonly files: readonly string[];
  /** An empty folder of its own, where what exceeds the memory limit goes; absent: nothing may exceed it. */
  readonly tempDir?: string;
}

/** A fresh in-memory database that can touch nothing but `files`, and whose settings can no longer be changed. */
export async function openSandbox(sandbox: Sandbox): Promise<DuckDBConnection> {
  const instance = await DuckDBInstance.create(':memory:', {
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_unsigned_extensions: 'false',
    memory_limit: `${Math.max(64, Math.floor(sandbox.memoryLimitBytes / 2 ** 20))}MiB`,
    threads: String(sandbox.threads),
    // The engine can write to this folder whatever else it is denied: only where no author's SQL runs.
    temp_directory: sandbox.tempDir ?? '',
  });
  const connection = await instance.connect();
  await connection.run("SET TimeZone = 'UTC'");
  // Makes `connection.progress` count, without printing.
  await connection.run('SET enable_progress_bar = true; SET enable_progress_bar_print = false; SET progress_bar_time = 0');
  await connection.run(`SET allowed_paths = [${sandbox.files.map(quoteText).join(', ')}]`);
  await connection.run('SET enable_external_access = false; SET lock_configuration = true');
  return connection;
}

export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
