/**
 * `muster bench shuffle`: data that moves between two headless Chromium tabs of one slot, beside native DuckDB with two threads, same
 * data, same run. The grid's time is from POST to the last byte of the result; inputs are resident, literals vary. The
 * coordinator, through which everything moves, is a process of its own: its memory and processor time are shown.
 */
import type { Connection, JobJson } from '../client/index.ts';
import { adminToken } from '../coordinator/cli/data-dir.ts';
import { orderLinesSql } from '../coordinator/cli/demo/data.ts';
import { difference } from '../coordinator/cli/demo/difference.ts';
import type { Native } from '../coordinator/cli/demo/native.ts';
import type { CoordinatorProcess } from '../playwright/coordinator-process.ts';
import { countersOf } from '../playwright/grid.ts';
import { memoryGrowth, usageOf } from '../playwright/process-usage.ts';
import { ordersSql, sideSql } from '../playwright/tables.ts';
import { type BenchGrid, type BenchOptions, cell, registerTables, save, withGrid } from './grid-bench.ts';
import { readBytes } from './http-reader.ts';
import { SHUFFLE_QUERIES, type ShuffleQuery } from './shuffle-queries.ts';
import { type Rate, ratesOf, type ShuffleRates, watchPassage } from './shuffle-rates.ts';
import { median } from './statistics.ts';

export const summary = 'Two Chromium tabs beside native DuckDB: a full sort, joins of large sides, a skewed key';

const ROWS = 6_000_000;
const REPETITIONS = 5;
const WARMUPS = 3;
const SLOTS = 2;
const SKEW_BOUND = 1.5;

interface Measurement {
  readonly name: string;
  readonly gridMs: number;
  readonly nativeMs: number;
  readonly ratio: number;
  readonly bound?: number;
  readonly movedMiB: number;
  readonly parts: Readonly<Record<string, number>>;
  readonly attempts: number;
  readonly tasks: number;
  /** Of the coordinator: processor time a query, most resident memory that the query's runs made it grow by, and what it had then. */
  readonly coordinatorCpuMs: number;
  readonly coordinatorGrowthMiB: number;
  readonly coordinatorResidentMiB: number;
  readonly rates: ShuffleRates;
}

interface Timing {
  readonly grid: readonly number[];
  readonly native: readonly number[];
  readonly jobs: readonly JobJson[];
  readonly cpuMs: number;
}

export function run(options: BenchOptions): Promise<number> {
  return withGrid((grid) => measureAll(grid, options));
}

async function measureAll({ admin, native, coordinator, browser, folder }: BenchGrid, options: BenchOptions): Promise<number> {
  await prepare(admin, native, folder, options);
  for (let slot = 0; slot < SLOTS; slot++) await browser.join(`${coordinator.url}/`);
  const measured: Measurement[] = [];
  for (const query of SHUFFLE_QUERIES) measured.push(await measure(admin, native, coordinator, query, options));
  const skew = (measured[3]?.gridMs ?? 0) / (measured[2]?.gridMs ?? 1);
  report(measured, skew, options);
  save('shuffle', { measured, skew }, options);
  const late = measured.filter((m) => (m.bound !== undefined && m.ratio > m.bound) || m.attempts !== m.tasks);
  return late.length === 0 && skew <= SKEW_BOUND ? 0 : 1;
}

async function prepare(admin: Connection, native: Native, folder: string, options: BenchOptions): Promise<void> {
  const rows = options.rows ?? ROWS;
  const orders = Math.ceil(rows / 4);
  // 160 MiB of three million rows: more than is ever sent to all, so that both sides are split.
  const side = Math.ceil(rows / 2);
  options.note(`Making ${rows.toLocaleString('en')} order lines, ${orders} orders, two sides of ${side} rows ...`);
  await registerTables(admin, native, folder, [
    ['lines', (path) => orderLinesSql(rows, path)],
    ['orders', (path) => ordersSql(orders, path)],
    ['a', (path) => sideSql(side, side, 0, 1, path)],
    ['b', (path) => sideSql(side, side, 0, 2, path)],
    ['skewed', (path) => sideSql(side, side, 0.6, 3, path)],
  ]);
}

async function measure(
  admin: Connection,
  native: Native,
  coordinator: CoordinatorProcess,
  query: ShuffleQuery,
  options: BenchOptions,
): Promise<Measurement> {
  const { pid } = coordinator;
  const { growthMiB, result: timing } = await memoryGrowth(pid, () => time(admin, native, coordinator, query, options));
  const { residentMiB } = usageOf(pid);
  const { jobs } = timing;
  const gridMs = median(timing.grid);
  const nativeMs = median(timing.native);
  options.note(`${query.name}: grid ${gridMs.toFixed(0)} ms, native ${nativeMs.toFixed(0)} ms`);
  return {
    name: query.name,
    gridMs,
    nativeMs,
    ratio: gridMs / nativeMs,
    ...(query.bound === undefined ? {} : { bound: query.bound }),
    movedMiB: median(jobs.map((job) => countersOf(job).bytesMoved)) / 2 ** 20,
    parts: partsOf(jobs),
    attempts: jobs.reduce((sum, job) => sum + countersOf(job).attempts, 0),
    tasks: jobs.reduce((sum, job) => sum + countersOf(job).tasksPlanned, 0),
    coordinatorCpuMs: timing.cpuMs / jobs.length,
    coordinatorGrowthMiB: growthMiB,
    coordinatorResidentMiB: residentMiB,
    rates: await watch(admin, coordinator, query, options),
  };
}

const repetitionsOf = (options: BenchOptions): number => options.repetitions ?? REPETITIONS;

async function time(
  admin: Connection,
  native: Native,
  coordinator: CoordinatorProcess,
  query: ShuffleQuery,
  options: BenchOptions,
): Promise<Timing> {
  const { pid } = coordinator;
  const grid: number[] = [];
  const natives: number[] = [];
  const jobs: JobJson[] = [];
  let cpuMs = 0;
  for (let r = 0; r < repetitionsOf(options) + WARMUPS; r++) {
    const sql = query.sql(r);
    const nativeMs = await runNative(native, query, sql);
    const cpuBefore = usageOf(pid).cpuMs;
    const { ms, answer, handle } = await runOnGrid(admin, coordinator, query, sql);
    if (typeof answer !== 'number') {
      const why = difference(answer, (await native.query(sql)).result, query.orderedBy);
      if (why !== undefined) throw new Error(`${query.name}: the grid's answer is not native DuckDB's: ${why}`);
    }
    if (r < WARMUPS) continue;
    grid.push(ms);
    natives.push(nativeMs);
    cpuMs += usageOf(pid).cpuMs - cpuBefore;
    jobs.push(await handle.status());
  }
  return { grid, native: natives, jobs, cpuMs };
}

/** One run more, of which the times don't count. */
async function watch(
  admin: Connection,
  coordinator: CoordinatorProcess,
  query: ShuffleQuery,
  options: BenchOptions,
): Promise<ShuffleRates> {
  const sql = query.sql(repetitionsOf(options) + WARMUPS);
  const { passage, result } = await watchPassage(
    () => coordinator.relayedBytes(),
    () => runOnGrid(admin, coordinator, query, sql),
  );
  return ratesOf(await result.handle.status(), passage);
}

async function runOnGrid(admin: Connection, { url, dataDir }: CoordinatorProcess, { take }: ShuffleQuery, sql: string) {
  const began = performance.now();
  const handle = await admin.sql(sql);
  const path = `/v1/jobs/${handle.id}/result?format=arrow&early=true&wait=60`;
  const answer = take === 'rows' ? await handle.rows() : await readBytes(`${url}${path}`, adminToken(dataDir));
  return { ms: performance.now() - began, answer, handle };
}

/** A large answer is read chunk by chunk, as a client would that keeps nothing. */
async function runNative(native: Native, query: ShuffleQuery, sql: string): Promise<number> {
  return query.take === 'rows' ? (await native.query(sql)).ms : native.drain(sql);
}

function partsOf(jobs: readonly JobJson[]): Record<string, number> {
  const mid = (value: (job: JobJson) => number): number => median(jobs.map(value)) / SLOTS;
  return {
    fetch: mid((job) => countersOf(job).fetchMs),
    load: mid((job) => countersOf(job).loadMs),
    compute: mid((job) => countersOf(job).computeMs),
    'split, pack': mid((job) => countersOf(job).packMs),
  };
}

function report(measured: readonly Measurement[], skew: number, { print }: BenchOptions): void {
  print(
    `${'query'.padEnd(28)}${cell('grid ms', 9)}${cell('native ms', 11)}${cell('ratio', 7)}${cell('bound', 7)}${cell('moved MiB', 11)}${cell('coord. CPU ms', 15)}${cell('MiB', 6)}${cell('+MiB', 7)}  a slot's time (ms)\n`,
  );
  for (const m of measured) {
    const parts = Object.entries(m.parts).map(([name, ms]) => `${name} ${ms.toFixed(0)}`);
    print(
      `${m.name.padEnd(28)}${cell(m.gridMs.toFixed(0), 9)}${cell(m.nativeMs.toFixed(0), 11)}${cell(m.ratio.toFixed(2), 7)}${cell(m.bound?.toFixed(1) ?? '-', 7)}${cell(m.movedMiB.toFixed(1), 11)}${cell(m.coordinatorCpuMs.toFixed(0), 15)}${cell(m.coordinatorResidentMiB.toFixed(0), 6)}${cell(m.coordinatorGrowthMiB.toFixed(0), 7)}  ${parts.join(', ')}; ${m.attempts} attempts of ${m.tasks} tasks\n`,
    );
  }
  print(`60 % of the rows with one key: ${skew.toFixed(2)} times the time without (bound ${SKEW_BOUND})\n\n`);
  reportRates(measured, print);
}

/** M rows/s and MiB/s. */
function reportRates(measured: readonly Measurement[], print: BenchOptions['print']): void {
  const heads = ['split, a slot', 'move, all slots', 'load, a slot'].map((head) => cell(head, 19)).join('');
  print(`${'M rows/s, MiB/s'.padEnd(28)}${cell('made M rows', 13)}${cell('made MiB', 10)}${heads}\n`);
  const text = ({ rowsPerSecond, mibPerSecond }: Rate): string =>
    `${cell((rowsPerSecond / 1e6).toFixed(2), 11)}${cell(mibPerSecond.toFixed(0), 8)}`;
  for (const { name, rates } of measured) {
    const { madeRows, madeMiB, split, move, load } = rates;
    const made = `${cell((madeRows / 1e6).toFixed(2), 13)}${cell(madeMiB.toFixed(1), 10)}`;
    const words = cell('nothing is split: one side is sent to all', 45);
    print(`${name.padEnd(28)}${madeRows > 0 ? `${made}${text(split)}${text(move)}${text(load)}` : words}\n`);
  }
}
