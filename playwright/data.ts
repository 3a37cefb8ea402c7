/** Files for suites: generated once into a cache folder, and the real ones of vega-datasets. */
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { demoFiles, orderLinesSql } from '../coordinator/cli/demo/data.ts';
import { Native } from '../coordinator/cli/demo/native.ts';

const CACHE = resolve(import.meta.dirname, '..', 'node_modules', '.cache', 'muster-data');

export const flightsFile = (): string => demoFiles().flights;
export const airportsFile = (): string => demoFiles().airports;

/** Path of a parquet file with that many order lines (14 columns), made on first use. */
export async function orderLinesFile(rows: number): Promise<string> {
  const path = join(CACHE, `order-lines-${rows}.parquet`);
  if (existsSync(path)) return path;
  mkdirSync(CACHE, { recursive: true });
  const native = await Native.open();
  const unfinished = `${path}.${process.pid}`;
  await native.run(orderLinesSql(rows, unfinished));
  native.close();
  renameSync(unfinished, path);
  return path;
}
