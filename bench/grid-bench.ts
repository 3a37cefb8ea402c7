/** What the benches that drive real tabs have in common. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Connection, connect } from '../client/index.ts';
import { adminToken } from '../coordinator/cli/data-dir.ts';
import { Native } from '../coordinator/cli/demo/native.ts';
import { CoordinatorProcess } from '../playwright/coordinator-process.ts';
import { QuietBrowser } from '../playwright/quiet-browser.ts';
import { plainFetch } from './http-reader.ts';

export interface BenchOptions {
  readonly repetitions?: number;
  readonly rows?: number;
  readonly gib?: number;
  /** Of what is drawn by chance. */
  readonly seed?: number;
  readonly out?: string;
  readonly print: (text: string) => void;
  readonly note: (line: string) => void;
}

/** A coordinator in its own process, native DuckDB and a browser, from an empty folder; all gone when the work is done. */
export interface BenchGrid {
  readonly admin: Connection;
  readonly native: Native;
  readonly coordinator: CoordinatorProcess;
  readonly browser: QuietBrowser;
  readonly folder: string;
}

export async function withGrid<T>(work: (grid: BenchGrid) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'muster-bench-'));
  const coordinator = await CoordinatorProcess.start(join(folder, 'data'));
  const native = await Native.open();
  const browser = await QuietBrowser.launch();
  try {
    const admin = connect(coordinator.url, { token: adminToken(coordinator.dataDir), fetch: plainFetch });
    return await work({ admin, native, coordinator, browser, folder });
  } finally {
    await browser.close();
    await coordinator.stop();
    native.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Makes each file, loads it natively and registers it under the same name. The SQL writes to the path it is given. */
export async function registerTables(
  admin: Connection,
  native: Native,
  folder: string,
  files: readonly (readonly [name: string, sql: (path: string) => string])[],
): Promise<void> {
  for (const [name, sql] of files) {
    const path = join(folder, `${name}.parquet`);
    await native.run(sql(path));
    await native.load(name, path);
    await admin.datasets.register(name, path);
  }
}

export const cell = (text: string, width: number): string => text.padStart(width);

/** Writes `NAME.json` into the output folder. */
export function save(name: string, results: unknown, { out, note }: BenchOptions): void {
  const folder = out ?? join('bench', 'out');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name}.json`);
  writeFileSync(path, `${JSON.stringify(results, null, 2)}\n`);
  note(`written to ${path}`);
}
