/** The same iterations as RDD programs in PySpark, in a virtual environment of their own; where that can't be had, why. */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { packageRoot } from '../coordinator/cli/package-root.ts';
import type { Centroid } from '../examples/k-means/job.ts';

/** As users of Spark write it: RDDs of plain Python values, the points and links cached. */
const PROGRAM = `
import json, sys, time
from operator import add
from pyspark.sql import SparkSession

flights, start, iterations, cores = sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
spark = (SparkSession.builder.master("local[%d]" % cores).config("spark.ui.enabled", "false")
         .config("spark.driver.host", "127.0.0.1").config("spark.driver.memory", "2g").getOrCreate())
spark.sparkContext.setLogLevel("ERROR")
table = spark.read.parquet(flights)

def k_means():
    points = table.select("distance", "delay").rdd.map(lambda r: (r[0] / 100, r[1] / 10)).cache()
    centroids = [(x, y, 0) for x, y in start]
    times = []
    for _ in range(iterations):
        began = time.perf_counter()
        def nearest(p, centroids=centroids):
            best, least = 0, float("inf")
            for c, (x, y, _) in enumerate(centroids):
                distance = (p[0] - x) * (p[0] - x) + (p[1] - y) * (p[1] - y)
                if distance < least:
                    best, least = c, distance
            return best, (p[0], p[1], 1)
        sums = points.map(nearest).reduceByKey(lambda a, b: (a[0] + b[0], a[1] + b[1], a[2] + b[2]), cores).collectAsMap()
        centroids = [(sums[c][0] / sums[c][2], sums[c][1] / sums[c][2], sums[c][2]) if c in sums else (x, y, 0)
                     for c, (x, y, _) in enumerate(centroids)]
        times.append(1000 * (time.perf_counter() - began))
    points.unpersist()
    return {"ms": times, "answer": [number for centroid in centroids for number in centroid]}

def page_rank():
    times = []
    began = time.perf_counter()
    def shares(targets):
        targets = list(targets)
        total = sum(n for _, n in targets)
        return [(dst, n / total) for dst, n in targets]
    links = (table.select("origin", "destination").rdd.map(lambda r: ((r[0], r[1]), 1)).reduceByKey(add, cores)
             .map(lambda r: (r[0][0], (r[0][1], r[1]))).groupByKey(cores).mapValues(shares).cache())
    names = sorted(links.flatMap(lambda r: [r[0]] + [dst for dst, _ in r[1]]).distinct().collect())
    ranks = {name: 1 / len(names) for name in names}
    for _ in range(iterations):
        before = spark.sparkContext.parallelize(list(ranks.items()), cores)
        received = (links.join(before, cores).flatMap(lambda r: [(dst, share * r[1][1]) for dst, share in r[1][0]])
                    .reduceByKey(add, cores).collectAsMap())
        to_all = (1 - 0.85 * sum(received.values())) / len(names)
        ranks = {name: to_all + 0.85 * received.get(name, 0) for name in names}
        times.append(1000 * (time.perf_counter() - began))
        began = time.perf_counter()
    return {"ms": times, "answer": [ranks[name] for name in names]}

print(json.dumps({"kMeans": k_means(), "pageRank": page_rank()}))
`;

interface Iterations {
  /** Of each; the first one loads the data. */
  readonly ms: readonly number[];
  readonly answer: readonly number[];
}

export interface SparkTimes {
  readonly kMeans?: Iterations;
  readonly pageRank?: Iterations;
  /** Why there are no times. */
  readonly skipped?: string;
}

interface SparkOptions {
  /** A parquet file. */
  readonly flights: string;
  readonly start: readonly Centroid[];
  readonly iterations: number;
  readonly cores: number;
  readonly note: (line: string) => void;
}

export function sparkIterations({ flights, start, iterations, cores, note }: SparkOptions): SparkTimes {
  const python = pythonWithSpark(note);
  if (python.skipped !== undefined) return python;
  const folder = mkdtempSync(join(tmpdir(), 'muster-spark-'));
  try {
    const program = join(folder, 'iterate.py');
    writeFileSync(program, PROGRAM);
    const args = [program, flights, JSON.stringify(start.map(({ x, y }) => [x, y])), String(iterations), String(cores)];
    const env = { ...process.env, PYSPARK_PYTHON: python.path, PYSPARK_DRIVER_PYTHON: python.path };
    const ran = spawnSync(python.path, args, { encoding: 'utf8', env, cwd: folder });
    if (ran.status !== 0) return { skipped: `it failed: ${lastLine(ran)}` };
    return JSON.parse(ran.stdout.trim().split('\n').at(-1) ?? '') as SparkTimes;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type Python = { readonly path: string; readonly skipped?: undefined } | { readonly skipped: string };

/** Kept beside other caches: the download is 450 MB. */
function pythonWithSpark(note: (line: string) => void): Python {
  if (spawnSync('java', ['-version']).status !== 0) return { skipped: 'java is not installed' };
  const folder = join(packageRoot(), 'node_modules', '.cache', 'muster-pyspark');
  const path = join(folder, 'bin', 'python');
  const isThere = (): boolean => existsSync(path) && spawnSync(path, ['-c', 'import pyspark']).status === 0;
  if (isThere()) return { path };
  note('Installing PySpark, once: 450 MB ...');
  mkdirSync(dirname(folder), { recursive: true });
  const made = spawnSync('python3', ['-m', 'venv', folder], { encoding: 'utf8' });
  if (made.status !== 0) return { skipped: `python3 cannot make a virtual environment: ${lastLine(made)}` };
  const installed = spawnSync(path, ['-m', 'pip', 'install', '--quiet', 'pyspark'], { encoding: 'utf8' });
  return isThere() ? { path } : { skipped: `pip cannot install it: ${lastLine(installed)}` };
}

const lastLine = ({ stderr, error }: SpawnSyncReturns<string>): string =>
  (stderr ?? error?.message ?? '').trim().split('\n').at(-1) ?? '';
