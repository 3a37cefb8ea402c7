/**
 * How fast a slot splits its output: 1.5 M rows of 5 columns with NULLs and strings, from DuckDB-WASM's result batches to the
 * streams of 16 buckets with their digests. In this process, on the engine of a headless slot.
 */
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { type CanonicalStream, namedByPosition } from '../shared/arrow/canonical.ts';
import type { WireColumn } from '../shared/arrow/schema.ts';
import { ReferenceSplitter } from '../shared/arrow/split.ts';
import { digestOf, loadHashes } from '../shared/hash.ts';
import type { OutputPartitioning } from '../shared/plan/recipe.ts';
import { nodeSlotRuntime } from '../web-worker-client/headless/slot-runtime.ts';
import { KernelMemory } from '../web-worker-client/kernels/kernel-memory.ts';
import { KernelSplitter } from '../web-worker-client/kernels/kernel-splitter.ts';
import { Engine, type EngineConnection } from '../web-worker-client/slots/engine.ts';
import { median } from './statistics.ts';

const ROWS = 1_500_000;
const REPETITIONS = 7;
const MEMORY_BYTES = 1024 * 1024 * 1024;
const WIRES = ['BIGINT', 'INTEGER', 'DOUBLE', 'DECIMAL(18,2)', 'VARCHAR'];
const BY_FIRST: OutputPartitioning = { kind: 'hash', keys: [0], count: 16 };
const SINGLE: OutputPartitioning = { kind: 'single' };

const tableSql = (rows: number): string => `CREATE TABLE t AS SELECT
  (i * 2654435761 % 100000007)::BIGINT AS c0,
  CASE WHEN i % 20 <> 3 THEN (i % 1000)::INTEGER END AS c1,
  CASE WHEN i % 10 <> 7 THEN (i * 0.37)::DOUBLE END AS c2,
  (i * 13 % 100000000 / 100.0)::DECIMAL(18,2) AS c3,
  CASE WHEN i % 13 <> 5 THEN 'str' || (i % 100000) END AS c4
  FROM range(${rows}) r(i)`;

export interface SplitMeasurement {
  readonly name: string;
  /** From the query's start until every value is in its bucket, extraction included: what "split" means. Medians. */
  readonly splitMs: number;
  readonly splitRowsPerSecond: number;
  /** Until streams are digested and ready to be handed over. */
  readonly ms: number;
  readonly bestMs: number;
  readonly rowsPerSecond: number;
  readonly mibPerSecond: number;
}

export interface SplitBenchOptions {
  readonly rows?: number;
  readonly repetitions?: number;
  /** The reference is slow; it is left out unless asked for. */
  readonly reference?: boolean;
}

export async function measureSplit(options: SplitBenchOptions = {}): Promise<readonly SplitMeasurement[]> {
  const rows = options.rows ?? ROWS;
  const columns = namedByPosition(WIRES);
  const memory = new KernelMemory();
  const ways: (readonly [string, () => Way])[] = [
    ['extraction alone', () => ({ addPiece: () => undefined, finish: async () => [] })],
    ['16 buckets, kernel', () => byKernel(memory, columns, BY_FIRST)],
    ['one bucket, kernel', () => byKernel(memory, columns, SINGLE)],
    ['one bucket, canonicaliser', () => byReference(columns, SINGLE)],
  ];
  if (options.reference === true) ways.push(['16 buckets, reference', () => byReference(columns, BY_FIRST)]);
  const connection = await connectionWith(tableSql(rows));
  const link = new Worker(`require('node:worker_threads').parentPort.on('message', () => undefined)`, { eval: true });
  const runs = ways.map(([name, make]) => ({ name, make, times: [] as Times[] }));
  // Turn by turn, so that what else the machine does meets all alike; the first two turns warm the code and the memory.
  for (let turn = -2; turn < (options.repetitions ?? REPETITIONS); turn++) {
    for (const { make, times } of runs) {
      const time = await timeOf(connection, make(), link);
      if (turn >= 0) times.push(time);
    }
  }
  connection.close();
  await link.terminate();
  return runs.map(({ name, times }) => measurementOf(name, rows, times));
}

interface Times {
  readonly splitMs: number;
  readonly ms: number;
  readonly bytes: number;
}

async function connectionWith(sql: string): Promise<EngineConnection> {
  await loadHashes();
  const engineUrl = createRequire(import.meta.url).resolve('@duckdb/duckdb-wasm/dist/duckdb-eh.wasm');
  const connection = Engine.boot(await nodeSlotRuntime.loadEngine({ engineUrl }), MEMORY_BYTES).connect();
  connection.execute(sql);
  return connection;
}

/** What is measured: with digests, if it makes them. */
interface Way {
  addPiece(piece: Uint8Array): void;
  /** `breathe` is called once each column is in its place, and then after each stream. */
  finish(breathe: () => Promise<void>): Promise<readonly CanonicalStream[]>;
}

const byKernel = (memory: KernelMemory, columns: readonly WireColumn[], by: OutputPartitioning): Way => {
  const splitter = new KernelSplitter(memory, columns, by);
  return { addPiece: (piece) => splitter.addPiece(piece), finish: (breathe) => splitter.finish(breathe) };
};

const byReference = (columns: readonly WireColumn[], by: OutputPartitioning): Way => {
  const splitter = new ReferenceSplitter(columns, by);
  return {
    addPiece: (piece) => splitter.addPiece(piece),
    finish: async (breathe) => {
      const streams = splitter.finish();
      for (let i = 0; i < columns.length; i++) await breathe();
      for (const { bytes } of streams) digestOf(bytes);
      return streams;
    },
  };
};

async function timeOf(connection: EngineConnection, splitter: Way, link: Worker): Promise<Times> {
  const began = performance.now();
  await connection.query(
    'SELECT * FROM t',
    async () => undefined,
    (piece) => splitter.addPiece(piece),
  );
  const extracted = performance.now();
  let columns = 0;
  let split = extracted;
  const streams = await splitter.finish(async () => {
    if (++columns === WIRES.length) split = performance.now();
  });
  const done = performance.now();
  const bytes = streams.reduce((sum, stream) => sum + stream.bytes.length, 0);
  // As slots do: kept here, they would make this thread collect garbage.
  link.postMessage(
    null,
    streams.flatMap((stream) => (stream.bytes.buffer instanceof ArrayBuffer ? [stream.bytes.buffer] : [])),
  );
  return { splitMs: split - began, ms: done - began, bytes };
}

function measurementOf(name: string, rows: number, times: readonly Times[]): SplitMeasurement {
  const ms = median(times.map((t) => t.ms));
  return {
    name,
    ms,
    bestMs: Math.min(...times.map((t) => t.ms)),
    splitMs: median(times.map((t) => t.splitMs)),
    splitRowsPerSecond: (rows / median(times.map((t) => t.splitMs))) * 1000,
    rowsPerSecond: (rows / ms) * 1000,
    mibPerSecond: ((times[0]?.bytes ?? 0) / 1024 / 1024 / ms) * 1000,
  };
}
