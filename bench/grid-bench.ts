/** What the benches that drive real tabs have in common. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Connection } from '../client/index.ts';
import type { Native } from '../coordinator/cli/demo/native.ts';

export interface BenchOptions {
  readonly repetitions?: number;
  readonly rows?: number;
  readonly out?: string;
  readonly print: (text: string) => void;
  readonly note: (line: string) => void;
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
