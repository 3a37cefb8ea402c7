/** Files for suites: generated once into a cache folder, and the real ones of vega-datasets. */
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { demoFiles, orderLinesSql } from '../coordinator/cli/demo/data.ts';
import { Native } from '../coordinator/cli/demo/native.ts';
import { ordersSql, sideSql, wideSideSql } from './tables.ts';

const CACHE = resolve(import.meta.dirname, '..', 'node_modules', '.cache', 'muster-data');

export const flightsFile = (): string => demoFiles().flights;
export const airportsFile = (): string => demoFiles().airports;

/** Path of a parquet file with that many order lines (14 columns), made on first use. */
export const orderLinesFile = (rows: number): Promise<string> => made(`order-lines-${rows}`, (path) => orderLinesSql(rows, path));

/** Orders 1..rows: parents of four order lines each. */
export const ordersFile = (rows: number): Promise<string> => made(`orders-${rows}`, (path) => ordersSql(rows, path));

/** One side of a join of large sides: k, v, t; `share` of the rows have the key 0. */
export const sideFile = (rows: number, share: number, seed: number): Promise<string> =>
  made(`side-${rows}-${share}-${seed}`, (path) => sideSql(rows, rows, share, seed, path));

/** One side of a join that moves about 128 bytes a row: k, v, t. */
export const wideSideFile = (rows: number, seed: number): Promise<string> =>
  made(`wide-side-${rows}-${seed}`, (path) => wideSideSql(rows, seed, path));

async function made(name: string, sql: (path: string) => string): Promise<string> {
  const path = join(CACHE, `${name}.parquet`);
  if (existsSync(path)) return path;
  mkdirSync(CACHE, { recursive: true });
  const native = await Native.open();
  const unfinished = `${path}.${process.pid}`;
  await native.run(sql(unfinished));
  native.close();
  renameSync(unfinished, path);
  return path;
}
