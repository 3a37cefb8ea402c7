/**
 * The scheduler's core alone, on one thread: one job of very many tasks on workers that do nothing, and no network, disk or checkers. What
 * a task and an event cost, and whether that depends on how many there are.
 */
import { getHeapStatistics } from 'node:v8';
import { runScale, type ScaleFigures } from '../coordinator/sim/scale.ts';
import { loadHashes } from '../shared/hash.ts';
import { type BenchOptions, cell } from './grid-bench.ts';

const SIZES = [1_000, 10_000, 100_000, 1_000_000];
const WARM_UPS = 5;
/** Heap that a task may take: the largest size is left out where Node's limit is lower. */
const HEAP_PER_TASK = 6_000;

/** Of 1,000 tasks, besides each one's lease, which is a command. */
const MIX = 'steady: 1,000 starts, 1,000 reports and 50 heartbeats for 1,000 tasks; then the copies of the result';

export interface CoreFigures {
  readonly mix: string;
  readonly sizes: readonly ScaleFigures[];
}

export async function schedulerCore({ note }: BenchOptions): Promise<CoreFigures> {
  await loadHashes();
  for (let i = 0; i < WARM_UPS; i++) runScale(SIZES[0] ?? 1);
  const sizes: ScaleFigures[] = [];
  for (const tasks of SIZES) {
    if (tasks * HEAP_PER_TASK > getHeapStatistics().heap_size_limit) {
      note(`the core alone, ${tasks} tasks: left out, Node’s heap may not grow so far (NODE_OPTIONS=--max-old-space-size=8000)`);
      continue;
    }
    const figures = runScale(tasks);
    note(`the core alone, ${tasks} tasks: ${figures.eventsPerSecond} events/s`);
    sizes.push(figures);
  }
  return { mix: MIX, sizes };
}

export function printCore({ mix, sizes }: CoreFigures, say: (text: string) => void): void {
  const row = (cells: readonly string[]): void => say(`${cells.map((text) => cell(text, 16)).join('')}\n`);
  row(['core alone', 'events', 'cut ms', 'run ms', 'us/task', 'tasks/s', 'events/s', 'resident MiB']);
  for (const { tasks, events, cutMs, runMs, usPerTask, eventsPerSecond, rssMiB } of sizes) {
    const perSecond = Math.round(1_000_000 / usPerTask);
    row([`${tasks}`, events, cutMs, runMs, usPerTask, perSecond, eventsPerSecond, rssMiB].map(String));
  }
  say(`event mix: ${mix}\n\n`);
}
