/**
 * The scheduler through real WebSockets: a coordinator in its own process, as users run it, with its store and journal, and workers
 * without an engine in a few other processes. How many tasks a second it takes, what each costs beside its work, what a session
 * costs that has nothing to do, and how soon a thousand workers have joined.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '../client/index.ts';
import { adminToken } from '../coordinator/cli/data-dir.ts';
import { CoordinatorProcess } from '../playwright/coordinator-process.ts';
import { usageOf } from '../playwright/process-usage.ts';
import { LIMITS } from '../shared/limits.ts';
import { type BenchOptions, cell } from './grid-bench.ts';
import { plainFetch } from './http-reader.ts';
import { LoadProcesses } from './load-processes.ts';
import { boundOf, type Overheads, overheadsOf, readMetrics, since } from './metrics-text.ts';
import { tinyTasks, tinyTasksPlan } from './wire-job.ts';

/** Tasks a second that the coordinator should take at least. */
const BOUND = 5_000;
/** Of workers that are idle, and of those at work: one keeps up, and leaves the coordinator a core of two. */
const IDLE_PROCESSES = 4;
const BUSY_PROCESSES = 1;
const JOINING = 1_000;
const IDLE = 5_000;
/** Heartbeats that an idle session has sent and got when its memory is looked at. */
const IDLE_BEATS = 5;
const SETTLED_MS = 2_000;
const SETTLED_MIB = 2;
const WORKERS = 32;
const SLOTS = 2;
/** Times 256 tasks: of the job that warms up, of the one at full load, of the one at half of it. */
const WARM_WIDTH = 20;
const WIDTH = 100;
const HALF_WIDTH = 100;
/** About what a timer is late, and a slot takes until its next task has begun. */
const LATE_MS = 2;
/** The part of a job that counts as steady: its beginning and its end are other tasks, and bursts. */
const STEADY = { from: 0.2, to: 0.8 } as const;

interface Quantiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

export interface LoadFigures {
  readonly workers: number;
  readonly slots: number;
  /** Accepted, all of one job; `tiny` of them are alike. */
  readonly tasks: number;
  readonly tiny: number;
  /** From the job's acceptance until its result could be read. */
  readonly seconds: number;
  readonly tasksPerSecond: number;
  /** Processor time of the coordinator's process, its store's thread included, and of all load processes. */
  readonly coordinatorUsPerTask: number;
  readonly loadUsPerTask: number;
  /** In the middle of the job. */
  readonly steadyPerSecond: number;
  /** Bounds that this part of the tasks kept, in the middle of the job and in all of it. */
  readonly overheadMs: Quantiles;
  readonly wholeJobMs: Quantiles;
}

export interface IdleFigures {
  readonly sessions: number;
  readonly joinedFirst: number;
  readonly joinSeconds: number;
  readonly residentMiB: number;
  readonly kibPerSession: number;
  /** Part of a core that the coordinator takes for their heartbeats. */
  readonly coordinatorCore: number;
}

export interface WireFigures {
  readonly full: LoadFigures;
  readonly half: LoadFigures;
  readonly idle: IdleFigures;
}

export async function schedulerWire(options: BenchOptions): Promise<WireFigures> {
  const idle = await withWire(options, IDLE_PROCESSES, (wire) => idleFigures(wire, options));
  return withWire(options, BUSY_PROCESSES, async (wire) => {
    const { load, coordinator } = wire;
    await load.join(coordinator.url, WORKERS, SLOTS);
    await loadFigures(wire, { width: WARM_WIDTH, salt: 1, expected: BOUND });
    const full = await loadFigures(wire, { width: WIDTH, salt: 2, expected: BOUND });
    options.note(`full load: ${JSON.stringify(full)}`);
    const expected = BOUND / 2;
    await load.pretend((1_000 * WORKERS * SLOTS) / expected - LATE_MS);
    const half = await loadFigures(wire, { width: HALF_WIDTH, salt: 3, expected });
    options.note(`half load: ${JSON.stringify(half)}`);
    return { full, half, idle };
  });
}

interface Wire {
  readonly coordinator: CoordinatorProcess;
  readonly load: LoadProcesses;
}

async function withWire<T>(options: BenchOptions, processes: number, work: (wire: Wire) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'muster-wire-'));
  const coordinator = await CoordinatorProcess.start(join(folder, 'data'));
  let load: LoadProcesses | undefined;
  try {
    load = await LoadProcesses.start(processes, options.note);
    return await work({ coordinator, load });
  } finally {
    await load?.stop();
    await coordinator.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function idleFigures({ coordinator, load }: Wire, { note }: BenchOptions): Promise<IdleFigures> {
  // The first to join make the coordinator start its own slot: that engine is no session's memory.
  await load.join(coordinator.url, IDLE_PROCESSES, 1);
  const residentMiB = await settled(coordinator.pid);
  const beganMs = performance.now();
  await load.join(coordinator.url, JOINING, 1);
  const joinSeconds = (performance.now() - beganMs) / 1_000;
  note(`${JOINING} workers joined in ${joinSeconds.toFixed(1)} s`);
  await load.join(coordinator.url, IDLE - JOINING - IDLE_PROCESSES, 1);
  const before = usageOf(coordinator.pid);
  const idleMs = IDLE_BEATS * LIMITS.heartbeatMs;
  await delay(idleMs);
  const after = usageOf(coordinator.pid);
  const workers = Number(/^muster_workers\{state="idle"\} (\d+)$/m.exec(await readMetrics(coordinator))?.[1]);
  if (workers !== IDLE) throw new Error(`${workers} sessions are idle, not ${IDLE}: ${coordinator.notes}`);
  return {
    sessions: IDLE,
    joinedFirst: JOINING,
    joinSeconds,
    residentMiB: after.residentMiB,
    kibPerSession: ((after.residentMiB - residentMiB) * 1_024) / IDLE,
    coordinatorCore: (after.cpuMs - before.cpuMs) / idleMs,
  };
}

/** Resident memory once it rises no more. */
async function settled(pid: number): Promise<number> {
  for (let before = 0; ; ) {
    await delay(SETTLED_MS);
    const { residentMiB } = usageOf(pid);
    if (residentMiB - before < SETTLED_MIB) return residentMiB;
    before = residentMiB;
  }
}

const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

interface LoadOptions {
  readonly width: number;
  readonly salt: number;
  /** Tasks a second, about: when the job is in its middle. */
  readonly expected: number;
}

async function loadFigures({ coordinator, load }: Wire, { width, salt, expected }: LoadOptions): Promise<LoadFigures> {
  const admin = connect(coordinator.url, { token: adminToken(coordinator.dataDir), fetch: plainFetch });
  const overheads = async (): Promise<Overheads> => overheadsOf(await readMetrics(coordinator));
  const before = await overheads();
  const job = await admin.submit({ plan: tinyTasksPlan(width, salt), reuse: false, name: 'tiny tasks' });
  const look = () => ({ atMs: performance.now(), coordinatorMs: usageOf(coordinator.pid).cpuMs, loadMs: load.cpuMs() });
  const began = look();
  const ended = job.result('csv').then(async (response) => {
    await response.arrayBuffer();
    return look();
  });
  const expectedMs = (1_000 * tinyTasks(width)) / expected;
  await delay(STEADY.from * expectedMs);
  const from = await overheads();
  const fromMs = performance.now();
  await delay((STEADY.to - STEADY.from) * expectedMs);
  const steady = since(from, await overheads());
  const steadyMs = performance.now() - fromMs;
  const { atMs, coordinatorMs, loadMs } = await ended;
  const seconds = (atMs - began.atMs) / 1_000;
  const { counters } = await job.status();
  const tasks = counters.ended?.succeeded ?? 0;
  if (tasks !== counters.tasksPlanned) throw new Error(`of ${counters.tasksPlanned} tasks ${tasks} were accepted`);
  return {
    workers: WORKERS,
    slots: WORKERS * SLOTS,
    tasks,
    tiny: tinyTasks(width),
    seconds,
    tasksPerSecond: tasks / seconds,
    coordinatorUsPerTask: (1_000 * (coordinatorMs - began.coordinatorMs)) / tasks,
    loadUsPerTask: (1_000 * (loadMs - began.loadMs)) / tasks,
    steadyPerSecond: (1_000 * steady.counts.reduce((sum, count) => sum + count, 0)) / steadyMs,
    overheadMs: quantiles(steady),
    wholeJobMs: quantiles(since(before, await overheads())),
  };
}

const quantiles = (all: Overheads): Quantiles => ({ p50: boundOf(all, 0.5), p90: boundOf(all, 0.9), p99: boundOf(all, 0.99) });

const LOAD_HEAD = [
  'load',
  'tasks',
  'seconds',
  'tasks/s',
  'in the middle',
  'overhead p50',
  'p90',
  'p99 ms',
  'whole job p99',
  'coordinator us',
  'workers us',
];
const IDLE_HEAD = ['sessions', `${JOINING} joined s`, 'resident MiB', 'KiB a session', 'cores'];

export function printWire({ full, half, idle }: WireFigures, say: (text: string) => void): void {
  const row = (cells: readonly string[]): void => say(`${cells.map((text) => cell(text, 16)).join('')}\n`);
  row(LOAD_HEAD);
  for (const [name, figures] of [['full', full] as const, ['half', half] as const]) {
    const { p50, p90, p99 } = figures.overheadMs;
    const costs = [figures.coordinatorUsPerTask, figures.loadUsPerTask].map((us) => us.toFixed(0));
    const rates = [
      `${figures.tasks}`,
      figures.seconds.toFixed(2),
      ...[figures.tasksPerSecond, figures.steadyPerSecond].map((rate) => rate.toFixed(0)),
    ];
    row([name, ...rates, ...[p50, p90, p99, figures.wholeJobMs.p99].map((ms) => `<= ${ms}`), ...costs]);
  }
  say('\n');
  row(IDLE_HEAD);
  const { sessions, joinSeconds, residentMiB, kibPerSession, coordinatorCore } = idle;
  row([`${sessions}`, joinSeconds.toFixed(2), residentMiB.toFixed(0), kibPerSession.toFixed(1), coordinatorCore.toFixed(2)]);
}
