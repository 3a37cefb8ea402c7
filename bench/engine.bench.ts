/**
 * `muster bench engine`: two headless Chromium tabs of one slot beside native DuckDB with two threads, same data, same run. The
 * grid's time is from POST to the last byte of the result. Literals vary, so every repetition computes; inputs are
 * resident, which the job's own counters must confirm. The two engines take turns, query by query.
 */
import type { Connection, JobJson } from '../client/index.ts';
import { orderLinesSql } from '../coordinator/cli/demo/data.ts';
import { difference } from '../coordinator/cli/demo/difference.ts';
import type { Native } from '../coordinator/cli/demo/native.ts';
import { countersOf } from '../playwright/grid.ts';
import { suppliersSql } from '../playwright/tables.ts';
import { ENGINE_QUERIES, SMALL_QUERY } from './engine-queries.ts';
import { type BenchGrid, type BenchOptions, cell, registerTables, save, withGrid } from './grid-bench.ts';
import { median } from './statistics.ts';

export const summary = 'Two Chromium tabs beside native DuckDB with two threads: Q1, Q6, a broadcast join, a small query';

const ROWS = 6_000_000;
const SUPPLIERS = 10_000;
const SMALL_ROWS = 1_000;
const REPETITIONS = 15;
const SMALL_REPETITIONS = 40;
const SMALL_WARMUPS = 25;
const SMALL_BOUND_MS = 50;

interface Measurement {
  readonly name: string;
  readonly gridMs: number;
  readonly nativeMs: number;
  readonly ratio: number;
  readonly bound: number;
  /** Medians over repetitions; compute, load and fetch are sums over attempts divided by the two slots. */
  readonly parts: Readonly<Record<string, number>>;
  readonly attempts: number;
  readonly tasks: number;
  readonly loadedBytes: number;
}

export function run(options: BenchOptions): Promise<number> {
  return withGrid((grid) => measureAll(grid, options));
}

async function measureAll({ admin, native, coordinator, browser, folder }: BenchGrid, options: BenchOptions): Promise<number> {
  await prepare(admin, native, folder, options);
  const page = `${coordinator.url}/`;
  await browser.join(page);
  const small = await measureSmall(admin, options);
  await browser.join(page);
  const measured: Measurement[] = [];
  for (const query of ENGINE_QUERIES) measured.push(await measure(admin, native, query, options));
  report(measured, small, options);
  save('engine', { measured, smallP50Ms: small }, options);
  const late = measured.filter((m) => m.ratio > m.bound || m.attempts !== m.tasks || m.loadedBytes > 0);
  return late.length === 0 && small <= SMALL_BOUND_MS ? 0 : 1;
}

async function prepare(admin: Connection, native: Native, folder: string, options: BenchOptions): Promise<void> {
  const rows = options.rows ?? ROWS;
  options.note(`Making ${rows.toLocaleString('en')} order lines of 14 columns, ${SUPPLIERS} suppliers ...`);
  const files: readonly (readonly [string, (path: string) => string])[] = [
    ['lines', (path) => orderLinesSql(rows, path)],
    ['suppliers', (path) => suppliersSql(SUPPLIERS, path)],
    ['few_suppliers', (path) => suppliersSql(SMALL_ROWS, path)],
  ];
  await registerTables(admin, native, folder, files);
}

/** p50 in ms of a query over 1,000 rows on one tab. */
async function measureSmall(admin: Connection, options: BenchOptions): Promise<number> {
  const times: number[] = [];
  for (let r = 0; r < SMALL_REPETITIONS + SMALL_WARMUPS; r++) {
    const began = performance.now();
    await (await admin.sql(SMALL_QUERY(r))).rows();
    if (r >= SMALL_WARMUPS) times.push(performance.now() - began);
  }
  const p50 = median(times);
  options.note(`one tab, ${SMALL_ROWS} rows: p50 ${p50.toFixed(1)} ms`);
  return p50;
}

async function measure(
  admin: Connection,
  native: Native,
  query: (typeof ENGINE_QUERIES)[number],
  options: BenchOptions,
): Promise<Measurement> {
  const grid: number[] = [];
  const natives: number[] = [];
  const jobs: JobJson[] = [];
  const repetitions = options.repetitions ?? REPETITIONS;
  // The first rounds make the inputs resident in both tabs, until slots have merged column groups that are joined often, warm
  // native's buffers, and let the browser compile the engine's hot functions once more, optimised; they are compared, not timed.
  const warmups = 25;
  for (let r = 0; r < repetitions + warmups; r++) {
    const sql = query.sql(r);
    const expected = await native.query(sql);
    const began = performance.now();
    const handle = await admin.sql(sql);
    const rows = await handle.rows();
    const ms = performance.now() - began;
    const why = difference(rows, expected.result, [0]);
    if (why !== undefined) throw new Error(`${query.name}: the grid's answer is not native DuckDB's: ${why}`);
    if (r < warmups) continue;
    grid.push(ms);
    natives.push(expected.ms);
    jobs.push(await handle.status());
  }
  const gridMs = median(grid);
  const nativeMs = median(natives);
  options.note(`${query.name}: grid ${gridMs.toFixed(1)} ms, native ${nativeMs.toFixed(1)} ms`);
  return {
    name: query.name,
    gridMs,
    nativeMs,
    ratio: gridMs / nativeMs,
    bound: query.bound,
    parts: partsOf(jobs, gridMs),
    attempts: sum(jobs, (job) => countersOf(job).attempts),
    tasks: sum(jobs, (job) => countersOf(job).tasksPlanned),
    loadedBytes: sum(jobs, chunkBytesLoaded),
  };
}

/** What was loaded beyond the outputs of earlier stages: column chunks that were not resident. */
function chunkBytesLoaded(job: JobJson): number {
  return Math.max(0, countersOf(job).bytesLoaded - job.stages.reduce((bytes, stage) => bytes + stage.bytes, 0));
}

const SLOTS = 2;

function partsOf(jobs: readonly JobJson[], gridMs: number): Record<string, number> {
  const mid = (value: (job: JobJson) => number): number => median(jobs.map(value));
  const parts = {
    plan: mid((job) => job.planMs ?? 0),
    fetch: mid((job) => countersOf(job).fetchMs / SLOTS),
    load: mid((job) => countersOf(job).loadMs / SLOTS),
    compute: mid((job) => countersOf(job).computeMs / SLOTS),
    pack: mid((job) => countersOf(job).packMs / SLOTS),
  };
  const known = Object.values(parts).reduce((a, b) => a + b, 0);
  // Leases, reports, the stages' waiting for one another, and the result's way to the author.
  return { ...parts, 'lease, report, result': Math.max(0, gridMs - known) };
}

const sum = (jobs: readonly JobJson[], value: (job: JobJson) => number): number => jobs.reduce((a, job) => a + value(job), 0);

function report(measured: readonly Measurement[], small: number, { print }: BenchOptions): void {
  print(
    `${'query'.padEnd(28)}${cell('grid ms', 10)}${cell('native ms', 11)}${cell('ratio', 8)}${cell('bound', 8)}  where the time goes (ms)\n`,
  );
  for (const m of measured) {
    const parts = Object.entries(m.parts).map(([name, ms]) => `${name} ${ms.toFixed(1)}`);
    const counts = `${m.attempts} attempts of ${m.tasks} tasks, ${m.loadedBytes} bytes loaded`;
    print(
      `${m.name.padEnd(28)}${cell(m.gridMs.toFixed(1), 10)}${cell(m.nativeMs.toFixed(1), 11)}${cell(m.ratio.toFixed(2), 8)}${cell(m.bound.toFixed(1), 8)}  ${parts.join(', ')}; ${counts}\n`,
    );
  }
  print(`one tab, ${SMALL_ROWS} rows: p50 ${small.toFixed(1)} ms (bound ${SMALL_BOUND_MS})\n`);
}
