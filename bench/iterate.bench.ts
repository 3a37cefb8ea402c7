/**
 * `muster bench iterate`: k-means and PageRank over three million flights, a job an iteration, on two headless Chromium tabs of one slot.
 * Beside it the oracles (one plain process with the data in its memory), and PySpark's RDDs on two cores where Python can install it.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { JobHandle } from '../client/index.ts';
import { packageRoot } from '../coordinator/cli/package-root.ts';
import type { Context, Example } from '../examples/example.ts';
import { type Centroid, kMeans, pointsSql, START } from '../examples/k-means/job.ts';
import { kMeansOracle } from '../examples/k-means/oracle.ts';
import { linksSql, pageRank, type Ranking } from '../examples/page-rank/job.ts';
import { pageRankOracle } from '../examples/page-rank/oracle.ts';
import { flightsFile } from '../playwright/data.ts';
import { type BenchGrid, type BenchOptions, cell, save, withGrid } from './grid-bench.ts';
import { type SparkTimes, sparkIterations } from './iterate-spark.ts';
import { median } from './statistics.ts';

export const summary = 'k-means and PageRank, 10 iterations, beside one plain process and PySpark';

const ITERATIONS = 10;
const SLOTS = 2;
const PARTITIONS = 4;
/** After the last flight. */
const UNTIL = '2001-07-02';
const RELATIVE = 1e-9;

/** Milliseconds of each iteration; the first one loads the data. */
interface Times {
  readonly name: 'k-means' | 'PageRank';
  readonly muster: readonly number[];
  /** Tasks that read the source, in all jobs after the first. */
  readonly sourceTasksLater: number;
  readonly node: readonly number[];
  readonly spark?: readonly number[];
}

export function run(options: BenchOptions): Promise<number> {
  return withGrid((grid) => measureAll(grid, options));
}

async function measureAll(grid: BenchGrid, options: BenchOptions): Promise<number> {
  const iterations = options.repetitions ?? ITERATIONS;
  await grid.admin.datasets.register('flights', flightsFile());
  for (let slot = 0; slot < SLOTS; slot++) await grid.browser.join(`${grid.coordinator.url}/`);
  const spark = sparkIterations({ flights: flightsFile(), start: START, iterations, cores: SLOTS, note: options.note });
  const measured = [await measureKMeans(grid, iterations, spark), await measurePageRank(grid, iterations, spark)];
  report(measured, spark, options);
  save('iterate', { iterations, cores: SLOTS, sparkSkipped: spark.skipped ?? null, measured }, options);
  return measured.every(({ sourceTasksLater }) => sourceTasksLater === 0) ? 0 : 1;
}

async function measureKMeans(grid: BenchGrid, iterations: number, spark: SparkTimes): Promise<Times> {
  const sizes = { until: UNTIL, iterations };
  const muster = await timed(grid, kMeans(sizes));
  const [xs = [], ys = []] = (await columnsOf(pointsSql(sizes))).map((column) => Float64Array.from(column as number[]));
  const node: number[] = [];
  let centroids: readonly Centroid[] = START;
  for (let i = 0; i < iterations; i++) {
    const began = performance.now();
    centroids = kMeansOracle({ xs, ys }, centroids, 1);
    node.push(performance.now() - began);
  }
  const flat = (all: readonly Centroid[]): number[] => all.flatMap(({ x, y, n }) => [x, y, n]);
  expectClose('k-means', flat(muster.answer), flat(centroids));
  if (spark.kMeans) expectClose('k-means of PySpark', spark.kMeans.answer, flat(centroids));
  return { name: 'k-means', ...timesOf(muster), node, ...(spark.kMeans && { spark: spark.kMeans.ms }) };
}

async function measurePageRank(grid: BenchGrid, iterations: number, spark: SparkTimes): Promise<Times> {
  const sizes = { until: UNTIL, iterations, partitions: PARTITIONS };
  const muster = await timed(grid, pageRank(sizes));
  const [src = [], dst = [], share = []] = await columnsOf(linksSql(sizes));
  const links = src.map((from, i) => ({ src: String(from), dst: String(dst[i]), share: Number(share[i]) }));
  const began = performance.now();
  const ranking = pageRankOracle(links, iterations);
  const each = (performance.now() - began) / iterations;
  const ranks = (all: Ranking): number[] => all.map(([, rank]) => rank);
  expectClose('PageRank', ranks(muster.answer), ranks(ranking));
  if (spark.pageRank) expectClose('PageRank of PySpark', spark.pageRank.answer, ranks(ranking));
  const node = Array.from({ length: iterations }, () => each);
  return { name: 'PageRank', ...timesOf(muster), node, ...(spark.pageRank && { spark: spark.pageRank.ms }) };
}

interface Timed<Answer> {
  readonly answer: Answer;
  readonly ms: readonly number[];
  readonly sourceTasksLater: number;
}

const timesOf = ({ ms, sourceTasksLater }: Timed<unknown>): Pick<Times, 'muster' | 'sourceTasksLater'> => ({
  muster: ms,
  sourceTasksLater,
});

async function timed<Answer>(grid: BenchGrid, example: Example<Answer>): Promise<Timed<Answer>> {
  const codes = new Map<string, string>();
  for (const [name, { source }] of Object.entries(example.guests)) {
    const module = await grid.admin.modules.compile(readFileSync(join(packageRoot(), source), 'utf8'));
    codes.set(name, module.digest);
  }
  const jobs: JobHandle[] = [];
  const marks = [performance.now()];
  const context: Context = {
    code: (name) => codes.get(name) ?? '',
    submit: async (plan) => {
      const job = await grid.admin.submit({ plan });
      jobs.push(job);
      return job;
    },
    onStep: () => marks.push(performance.now()),
  };
  const answer = await example.run(context);
  const ms = marks.slice(1).map((mark, i) => mark - (marks[i] ?? mark));
  return { answer, ms, sourceTasksLater: await sourceTasks(jobs.slice(1)) };
}

/** Tasks of stages that scan a dataset, but for those whose blocks were there. */
async function sourceTasks(jobs: readonly JobHandle[]): Promise<number> {
  const stages = (await Promise.all(jobs.map((job) => job.status()))).flatMap((job) => job.stages);
  const scans = stages.filter(({ title }) => title.startsWith('scan '));
  return scans.reduce((sum, { tasks, reused }) => sum + tasks - reused, 0);
}

/** Columns of a query over the flights, from native DuckDB. */
async function columnsOf(sql: string): Promise<readonly (readonly unknown[])[]> {
  const instance = await DuckDBInstance.create(':memory:', { threads: String(SLOTS) });
  const connection = await instance.connect();
  await connection.run(`CREATE VIEW flights AS FROM '${flightsFile().replaceAll("'", "''")}'`);
  const columns = (await connection.runAndReadAll(sql)).getColumnsJS();
  connection.closeSync();
  instance.closeSync();
  return columns;
}

function expectClose(what: string, found: readonly number[], expected: readonly number[]): void {
  const far = expected.findIndex((number, i) => !(Math.abs((found[i] ?? Number.NaN) - number) <= RELATIVE * Math.abs(number)));
  if (found.length === expected.length && far < 0) return;
  throw new Error(
    `${what}: ${found[far]} at ${far} of ${found.length}, and ${expected[far]} of ${expected.length} in one process`,
  );
}

function report(measured: readonly Times[], { skipped }: SparkTimes, { print }: BenchOptions): void {
  const ms = (number: number | undefined): string => cell(number === undefined ? '-' : number.toFixed(1), 12);
  const heads = ['Muster, first', 'later', 'Node', 'PySpark, first', 'later', 'source tasks later'];
  print(`${'ms an iteration'.padEnd(16)}${heads.map((head) => cell(head, Math.max(12, head.length + 2))).join('')}\n`);
  for (const { name, muster, node, spark, sourceTasksLater } of measured) {
    const later = (all: readonly number[] | undefined): number | undefined => (all ? median(all.slice(1)) : undefined);
    const cells = [ms(muster[0]).padStart(15), ms(later(muster)), ms(later(node)), ms(spark?.[0]).padStart(16), ms(later(spark))];
    print(`${name.padEnd(16)}${cells.join('')}${cell(String(sourceTasksLater), 20)}\n`);
  }
  if (skipped !== undefined) print(`PySpark: skipped, ${skipped}\n`);
}
