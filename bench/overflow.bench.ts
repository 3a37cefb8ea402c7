/**
 * `muster bench overflow`: a shuffle join with many times more intermediate data than the tabs' store may keep: one headless worker of two
 * slots with 512 MiB each and a store of 1 GiB. It completes by way of the coordinator's disk, or ends with an error that says what to change.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Connection, connect, type JobJson, ProblemError, type ResultJson } from '../client/index.ts';
import { adminToken } from '../coordinator/cli/data-dir.ts';
import { difference } from '../coordinator/cli/demo/difference.ts';
import { Native } from '../coordinator/cli/demo/native.ts';
import { CoordinatorProcess } from '../playwright/coordinator-process.ts';
import { usageOf } from '../playwright/process-usage.ts';
import { BULKY_ROW_BYTES, bulkyJoinSql, bulkySideSql } from '../playwright/tables.ts';
import { runHeadlessWorker } from '../web-worker-client/headless/index.ts';
import { type BenchOptions, cell, save } from './grid-bench.ts';

export const summary = 'More intermediate data than the tabs may keep: by way of the disk, with its time and memory';

const MiB = 2 ** 20;
const GiB = 2 ** 30;
const GIB = 2;
const SLOTS = 2;
const SLOT_MEMORY_BYTES = 512 * MiB;
const STORE_CAP_BYTES = 1 * GiB;
/** What the disk must have for each byte of intermediate data: the coordinator's copy, and something to spare. */
const DISK_SHARE = 1.3;
const LOOK_MS = 250;
const SIDES = [
  ['a', 1],
  ['b', 2],
] as const;

interface Outcome {
  readonly intermediateGib: number;
  /** `successful`, or the code of the error that it ended with. */
  readonly ended: string;
  readonly words?: string;
  readonly ms: number;
  readonly movedMiB: number;
  /** Most task outputs that lay on the coordinator's disk at a time. */
  readonly coordinatorDiskMiB: number;
  readonly coordinatorPeakMiB: number;
  readonly coordinatorCpuMs: number;
  readonly attempts: number;
  readonly tasks: number;
}

export async function run(options: BenchOptions): Promise<number> {
  const gib = options.gib ?? GIB;
  const folder = mkdtempSync(join(tmpdir(), 'muster-overflow-'));
  try {
    const { bavail, bsize } = await statfs(folder);
    const needed = DISK_SHARE * gib * GiB + STORE_CAP_BYTES;
    if (bavail * bsize < needed) {
      options.note(
        `${folder} has ${gibText(bavail * bsize)} free and ${gibText(needed)} are needed: set TMPDIR, or give --gib less.`,
      );
      return 1;
    }
    const outcome = await measure(folder, gib, options);
    report(outcome, options);
    save('overflow', outcome, options);
    // An error is an answer too, if it is the one that tells what to change.
    return outcome.ended === 'successful' || outcome.ended === 'storage-full' ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(folder: string, gib: number, options: BenchOptions): Promise<Outcome> {
  const path = (name: string): string => join(folder, `${name}.parquet`);
  const rows = Math.ceil((gib * GiB) / SIDES.length / BULKY_ROW_BYTES);
  options.note(`Making two sides of ${rows.toLocaleString('en')} rows ...`);
  const expected = await nativeAnswer(rows, path);
  const coordinator = await CoordinatorProcess.start(join(folder, 'data'));
  const stop = new AbortController();
  let worker: Promise<void> | undefined;
  try {
    const admin = connect(coordinator.url, { token: adminToken(coordinator.dataDir) });
    for (const [name] of SIDES) await admin.datasets.register(name, path(name));
    worker = runHeadlessWorker({
      url: coordinator.url,
      slots: SLOTS,
      memoryPerSlotBytes: SLOT_MEMORY_BYTES,
      storeCapBytes: STORE_CAP_BYTES,
      storeDir: join(folder, 'store'),
      signal: stop.signal,
    });
    options.note(
      `Joining them with ${SLOTS} slots of ${SLOT_MEMORY_BYTES / MiB} MiB and a store of ${gibText(STORE_CAP_BYTES)} ...`,
    );
    return await joinSides(admin, coordinator, expected, options);
  } finally {
    stop.abort();
    await worker;
    await coordinator.stop();
  }
}

/** From the files, in a DuckDB that is closed before the grid begins: it needs as much memory as one side. */
async function nativeAnswer(rows: number, path: (name: string) => string): Promise<ResultJson> {
  const native = await Native.open();
  try {
    for (const [name, seed] of SIDES) await native.run(bulkySideSql(rows, seed, path(name)));
    return (await native.query(bulkyJoinSql(`'${path('a')}'`, `'${path('b')}'`))).result;
  } finally {
    native.close();
  }
}

async function joinSides(
  admin: Connection,
  coordinator: CoordinatorProcess,
  expected: ResultJson,
  { note }: BenchOptions,
): Promise<Outcome> {
  const before = usageOf(coordinator.pid);
  let most = before.residentMiB;
  let diskBytes = 0;
  let asking = false;
  const look = async (): Promise<void> => {
    most = Math.max(most, usageOf(coordinator.pid).residentMiB);
    if (asking) return;
    asking = true;
    const { coordinator: held } = await admin.cache();
    diskBytes = Math.max(diskBytes, held.outputs.bytes);
    asking = false;
  };
  const timer = setInterval(() => void look().catch((error: Error) => note(error.message)), LOOK_MS);
  try {
    const began = performance.now();
    const handle = await admin.sql(bulkyJoinSql('a', 'b'), { reuse: false });
    const answer = await handle.rows().catch((error: unknown) => {
      if (error instanceof ProblemError) return error;
      throw error;
    });
    const ms = performance.now() - began;
    const after = usageOf(coordinator.pid);
    const job = await handle.status();
    if (!(answer instanceof ProblemError)) {
      const why = difference(answer, expected, []);
      if (why !== undefined) throw new Error(`the grid's answer is not native DuckDB's: ${why}`);
    }
    return {
      ...figuresOf(job),
      ...(answer instanceof ProblemError
        ? { ended: answer.code, words: `${answer.detail} ${answer.hint ?? ''}` }
        : { ended: 'successful' }),
      ms,
      coordinatorDiskMiB: diskBytes / MiB,
      coordinatorPeakMiB: most,
      coordinatorCpuMs: after.cpuMs - before.cpuMs,
    };
  } finally {
    clearInterval(timer);
  }
}

function figuresOf(job: JobJson): Pick<Outcome, 'intermediateGib' | 'movedMiB' | 'attempts' | 'tasks'> {
  const { bytesMoved = 0, attempts = 0, tasksPlanned = 0 } = job.counters;
  return {
    intermediateGib: job.stages.reduce((sum, { bytes }) => sum + bytes, 0) / GiB,
    movedMiB: bytesMoved / MiB,
    attempts,
    tasks: tasksPlanned,
  };
}

const gibText = (bytes: number): string => `${(bytes / GiB).toFixed(1)} GiB`;

function report(o: Outcome, { print }: BenchOptions): void {
  const heads = [
    ['made GiB', o.intermediateGib.toFixed(2)],
    ['seconds', (o.ms / 1000).toFixed(1)],
    ['MiB/s', ((o.intermediateGib * 1024) / (o.ms / 1000)).toFixed(0)],
    ['moved MiB', o.movedMiB.toFixed(0)],
    ['on coord. disk MiB', o.coordinatorDiskMiB.toFixed(0)],
    ['coord. peak MiB', o.coordinatorPeakMiB.toFixed(0)],
    ['coord. CPU s', (o.coordinatorCpuMs / 1000).toFixed(1)],
    ['attempts/tasks', `${o.attempts}/${o.tasks}`],
  ] as const;
  print(`${heads.map(([head]) => cell(head, head.length + 2)).join('')}  ended\n`);
  print(`${heads.map(([head, value]) => cell(value, head.length + 2)).join('')}  ${o.ended}\n`);
  if (o.words !== undefined) print(`${o.words}\n`);
}
