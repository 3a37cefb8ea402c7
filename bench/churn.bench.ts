/**
 * `muster bench churn`: what it costs that volunteers come and go. The loss of one of N workers at three moments of a job, a class's
 * comings and goings replayed from a trace beside the same job with everyone there, and how soon losses are noticed.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../playwright/paths.ts';
import { QuietBrowser } from '../playwright/quiet-browser.ts';
import { ChurnGrid, type Work } from './churn-grid.ts';
import { LEVEL_TASKS } from './churn-job.ts';
import { readTrace } from './churn-trace.ts';
import { type BenchOptions, cell, save } from './grid-bench.ts';

export const summary =
  'Volunteers that come and go: extra work for one lost of N, under a trace of a class, and how soon it is noticed';

const WORKERS = 8;
const TASK_MS = 100;
const LEVELS = 5;
/** For the trace: almost half a minute with everyone there. */
const TRACE_LEVELS = 40;
const MOMENTS = [0.3, 0.6, 0.9];
const NOTICES = 3;
const BOUNDS = { extra: 1.5, silentMs: 15_000, closedMs: 1_000 };

interface Loss {
  readonly at: number;
  readonly work: Work;
  /** Extra work as a part of the job, less what the job without a loss has. */
  readonly extra: number;
}

interface Churn {
  readonly workers: number;
  readonly undisturbed: Work;
  readonly losses: readonly Loss[];
  readonly replay: { readonly events: number; readonly churn: Work; readonly still: Work };
  readonly silentMs: readonly number[];
  readonly closedMs: readonly number[];
}

export async function run(options: BenchOptions): Promise<number> {
  const workers = options.repetitions ?? WORKERS;
  const { undisturbed, losses, silentMs } = await oneOfMany(workers, options);
  const replay = await replayed(options);
  const closedMs = await closedTabs(options);
  const churn = { workers, undisturbed, losses, replay, silentMs, closedMs };
  print(churn, options.print);
  save('churn', { bounds: BOUNDS, ...churn }, options);
  const within = [
    losses.every(({ extra }) => extra <= BOUNDS.extra / workers),
    Math.max(...silentMs) < BOUNDS.silentMs,
    Math.max(...closedMs) < BOUNDS.closedMs,
  ];
  return within.every(Boolean) ? 0 : 1;
}

async function withChurn<T>(options: BenchOptions, work: (grid: ChurnGrid) => Promise<T>): Promise<T> {
  const grid = await ChurnGrid.start(TASK_MS, options.note);
  try {
    return await work(grid);
  } finally {
    await grid.close();
  }
}

function oneOfMany(workers: number, options: BenchOptions): Promise<Pick<Churn, 'undisturbed' | 'losses' | 'silentMs'>> {
  return withChurn(options, async (grid) => {
    await grid.join(workers);
    await grid.job(1);
    const undisturbed = await grid.job(LEVELS);
    options.note(`undisturbed: ${JSON.stringify(undisturbed)}`);
    const losses: Loss[] = [];
    for (const at of MOMENTS) {
      const done = Math.round(at * undisturbed.tasks);
      const work = await grid.job(LEVELS, { done, act: () => grid.worker('w1').does('closes') });
      losses.push({ at, work, extra: (work.extra - undisturbed.extra) / work.tasks });
      options.note(`one of ${workers} lost: ${JSON.stringify(losses.at(-1))}`);
      await grid.worker('w1').does('joins');
    }
    const silentMs = await Promise.all(
      Array.from({ length: NOTICES }, (_, i) => {
        const worker = grid.worker(`w${i + 2}`);
        return grid.noticedMs(worker.workerId ?? '', () => worker.does('vanishes'));
      }),
    );
    return { undisturbed, losses, silentMs };
  });
}

async function replayed(options: BenchOptions): Promise<Churn['replay']> {
  const events = readTrace(readFileSync(join(packageRoot(), 'bench', 'churn-class.trace'), 'utf8'));
  const all = new Set(events.map(({ worker }) => worker)).size;
  const still = await withChurn(options, async (grid) => {
    await grid.join(all);
    return grid.job(TRACE_LEVELS);
  });
  options.note(`everyone there: ${JSON.stringify(still)}`);
  const churn = await withChurn(options, async (grid) => {
    const over = new AbortController();
    const playing = grid.replay(events, over.signal);
    const work = await grid.job(TRACE_LEVELS);
    over.abort();
    await playing;
    return work;
  });
  options.note(`with the trace: ${JSON.stringify(churn)}`);
  return { events: events.length, churn, still };
}

/** Of real tabs in Chromium. */
function closedTabs(options: BenchOptions): Promise<readonly number[]> {
  return withChurn(options, async (grid) => {
    const browser = await QuietBrowser.launch();
    try {
      const noticed: number[] = [];
      for (let i = 0; i < NOTICES; i++) {
        const tab = await browser.join(`${grid.url}/`);
        const [worker] = await grid.admin.workers();
        if (!worker) throw new Error('the tab has joined, and is no worker');
        noticed.push(await grid.noticedMs(worker.workerId, () => browser.closeTab(tab)));
      }
      return noticed;
    } finally {
      await browser.close();
    }
  });
}

const percent = (part: number): string => `${(100 * part).toFixed(1)} %`;

function print({ workers, undisturbed, losses, replay, silentMs, closedMs }: Churn, say: (text: string) => void): void {
  const row = (cells: readonly string[]): void => say(`${cells.map((text) => cell(text, 18)).join('')}\n`);
  say(`${LEVELS} levels of ${LEVEL_TASKS} tasks of ${TASK_MS} ms, ${workers} workers of one slot\n`);
  row(['lost', 'tasks', 'extra attempts', 'made again', 'seconds', 'extra work', 'bound']);
  const cells = (work: Work): string[] => [`${work.tasks}`, `${work.extra}`, `${work.recomputes}`, work.seconds.toFixed(2)];
  row(['nobody', ...cells(undisturbed), percent(undisturbed.extra / undisturbed.tasks), '']);
  for (const { at, work, extra } of losses)
    row([`1 of ${workers} at ${100 * at} %`, ...cells(work), percent(extra), percent(BOUNDS.extra / workers)]);
  say(`\nA class in and out, ${replay.events} events; ${TRACE_LEVELS} levels\n`);
  row(['', 'tasks', 'extra attempts', 'made again', 'seconds', 'extra work']);
  for (const [name, work] of [['everyone there', replay.still] as const, ['the trace', replay.churn] as const])
    row([name, ...cells(work), percent(work.extra / work.tasks)]);
  const seconds = (all: readonly number[]): string => all.map((ms) => (ms / 1_000).toFixed(2)).join(', ');
  say(`\nnoticed after s: ${seconds(silentMs)} of silence (bound ${BOUNDS.silentMs / 1_000}); `);
  say(`${seconds(closedMs)} of a closed Chromium tab (bound ${BOUNDS.closedMs / 1_000})\n`);
}
