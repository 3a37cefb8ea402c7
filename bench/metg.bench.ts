/**
 * `muster bench metg`: the minimum effective task granularity of Task Bench: how short tasks may be so that slots are at least half of
 * the time busy with them, for five shapes of dependences. The coordinator is a process of its own, with its store and journal; workers
 * are headless ones in two others, through real WebSockets. Their slots wait instead of computing, so that the machine's processors are
 * not what is measured.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Connection, connect } from '../client/index.ts';
import { adminToken } from '../coordinator/cli/data-dir.ts';
import { CoordinatorProcess } from '../playwright/coordinator-process.ts';
import { type BenchOptions, cell, save } from './grid-bench.ts';
import { plainFetch } from './http-reader.ts';
import { LoadProcesses } from './load-processes.ts';
import { median } from './statistics.ts';
import { planOfGraph, SHAPES, type Shape, type TaskGraph, tasksOf } from './task-graphs.ts';

export const summary = 'Task Bench shapes: the shortest tasks that keep slots at least half of the time busy';

const PROCESSES = 2;
const WORKERS = 8;
const WIDTH = 16;
const STEPS = 16;
/** Task durations that are tried, from long to short, until one keeps slots less busy than that. */
const DURATIONS_MS = [64, 32, 16, 8, 4, 2, 1];
const BUSY_LEAST = 0.5;
const REPETITIONS = 3;
/** Tasks of a job that are no points: where they begin, and what puts the last step together. */
const EXTRA_MOST = 40;

interface Point {
  /** What tasks were to take on average, and took. */
  readonly askedMs: number;
  readonly taskMs: number;
  readonly seconds: number;
  readonly busy: number;
}

interface Curve {
  readonly shape: Shape;
  readonly tasks: number;
  readonly points: readonly Point[];
  /** Between the last two points, where the line between them crosses BUSY_LEAST; absent: busier at the shortest. */
  readonly metgMs?: number;
}

export async function run(options: BenchOptions): Promise<number> {
  const { note, print: say, repetitions = REPETITIONS } = options;
  const folder = mkdtempSync(join(tmpdir(), 'muster-metg-'));
  const coordinator = await CoordinatorProcess.start(join(folder, 'data'));
  let load: LoadProcesses | undefined;
  try {
    load = await LoadProcesses.start(PROCESSES, note);
    await load.join(coordinator.url, WORKERS, 1);
    const admin = connect(coordinator.url, { token: adminToken(coordinator.dataDir), fetch: plainFetch });
    const curves: Curve[] = [];
    for (const shape of SHAPES) {
      const curve = await curveOf({ shape, width: WIDTH, steps: STEPS }, admin, load, repetitions);
      note(JSON.stringify(curve));
      curves.push(curve);
    }
    print(curves, say);
    save('metg', { slots: WORKERS, width: WIDTH, steps: STEPS, busyLeast: BUSY_LEAST, curves }, options);
    return 0;
  } finally {
    await load?.stop();
    await coordinator.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function curveOf(graph: TaskGraph, admin: Connection, load: LoadProcesses, repetitions: number): Promise<Curve> {
  const points: Point[] = [];
  const slots = Math.min(WORKERS, graph.width);
  let metgMs: number | undefined;
  for (const askedMs of DURATIONS_MS) {
    await load.pretend(askedMs);
    const runs: Point[] = [];
    for (let i = 0; i < repetitions; i++) runs.push(await pointOf(graph, askedMs, slots, admin));
    const of = (figure: (point: Point) => number): number => median(runs.map(figure));
    const point = { askedMs, taskMs: of((p) => p.taskMs), seconds: of((p) => p.seconds), busy: of((p) => p.busy) };
    const before = points.at(-1);
    points.push(point);
    if (point.busy >= BUSY_LEAST) continue;
    metgMs = before === undefined ? point.taskMs : crossing(before, point);
    break;
  }
  return { shape: graph.shape, tasks: tasksOf(graph), points, ...(metgMs !== undefined && { metgMs }) };
}

/** Where the line between the points, over the logarithm of durations, is at BUSY_LEAST. */
function crossing(above: Point, below: Point): number {
  const part = (BUSY_LEAST - below.busy) / (above.busy - below.busy);
  return below.taskMs * (above.taskMs / below.taskMs) ** part;
}

/** From the job's first lease to its end: how it is planned is not what is asked. */
async function pointOf(graph: TaskGraph, askedMs: number, slots: number, admin: Connection): Promise<Point> {
  const job = await admin.submit({ plan: planOfGraph(graph), reuse: false, name: `${graph.shape} ${askedMs} ms` });
  const { state, error, startedAtMs = 0, settledAtMs = 0, counters } = await job.wait();
  if (state !== 'successful') throw new Error(`${graph.shape}: the job is ${state}: ${error?.detail}`);
  const tasks = counters.ended?.succeeded ?? 0;
  // With what gathers the last step, and where the points begin.
  const more = tasks - tasksOf(graph);
  if (more < 0 || more > EXTRA_MOST) throw new Error(`${graph.shape}: ${tasks} tasks for ${tasksOf(graph)} points`);
  const [wallMs, computeMs] = [settledAtMs - startedAtMs, counters.computeMs ?? 0];
  return { askedMs, taskMs: computeMs / tasks, seconds: wallMs / 1_000, busy: computeMs / (wallMs * slots) };
}

function print(curves: readonly Curve[], say: (text: string) => void): void {
  const heads = ['shape', 'tasks', ...DURATIONS_MS.map((ms) => `${ms} ms`), 'METG ms'];
  say(`slots busy, of ${WORKERS}, by what a task takes\n${heads.map((text) => cell(text, 9)).join('')}\n`);
  for (const { shape, tasks, points, metgMs } of curves) {
    const busy = DURATIONS_MS.map((ms) => points.find(({ askedMs }) => askedMs === ms)?.busy);
    const percents = busy.map((part) => (part === undefined ? '' : `${(100 * part).toFixed(0)} %`));
    const metg = metgMs === undefined ? `< ${DURATIONS_MS.at(-1)}` : metgMs.toFixed(1);
    say(`${[shape, `${tasks}`, ...percents, metg].map((text) => cell(text, 9)).join('')}\n`);
  }
}
