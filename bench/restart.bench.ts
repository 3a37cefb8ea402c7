/**
 * `muster bench restart`: the coordinator is killed (SIGKILL) at random moments of jobs and started again; each answer is compared with
 * native DuckDB's, and what ran twice is counted. Then how long a restart takes that finds many accepted attempts.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { orderLinesSql } from '../coordinator/cli/demo/data.ts';
import { Native } from '../coordinator/cli/demo/native.ts';
import { MortalGrid } from '../playwright/mortal-grid.ts';
import { QuietBrowser } from '../playwright/quiet-browser.ts';
import { Prng } from '../shared/prng.ts';
import { type BenchOptions, cell, save } from './grid-bench.ts';
import { type RestartTime, restartTimes } from './restart-times.ts';

export const summary = 'kill -9 of the coordinator at random moments: right answers, the share of work done twice, restart times';

const KILLS = 20;
/** The first of them with real Chromium tabs. */
const KILLS_WITH_TABS = 4;
const WORKERS = 2;
/** A prime number of chunks: as many tasks. */
const ROWS = 17 * 122_880;
const PACE_MS = 150;
const SEED = 7;

interface Kill {
  readonly workers: 'tabs' | 'headless';
  readonly afterMs: number;
  /** Done when the coordinator was last asked before its death. */
  readonly done: number;
  readonly tasks: number;
  /** Attempts that succeeded beyond one a task. */
  readonly again: number;
  /** Until the next coordinator is ready. */
  readonly restartMs: number;
  readonly difference?: string;
}

const query = (n: number): string =>
  `SELECT order_key, count(*) AS n, sum(quantity) AS q FROM lines WHERE tax >= ${n / 10_000} GROUP BY order_key ORDER BY q DESC, order_key LIMIT 300`;

export async function run(options: BenchOptions): Promise<number> {
  const kills = options.repetitions ?? KILLS;
  const folder = mkdtempSync(join(tmpdir(), 'muster-restart-'));
  try {
    const path = join(folder, 'lines.parquet');
    const native = await Native.open();
    await native.run(orderLinesSql(options.rows ?? ROWS, path));
    native.close();
    const random = new Prng(SEED);
    const withTabs = Math.min(KILLS_WITH_TABS, kills);
    const done = await killed(path, withTabs, 'tabs', random, options);
    done.push(...(await killed(path, kills - withTabs, 'headless', random, options)));
    const times = await restartTimes();
    print(done, times, options);
    save('restart', { kills: done, restarts: times }, options);
    return done.some((kill) => kill.difference !== undefined) ? 1 : 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function killed(
  path: string,
  kills: number,
  workers: Kill['workers'],
  random: Prng,
  options: BenchOptions,
): Promise<Kill[]> {
  const grid = await MortalGrid.start(['--pace', `${PACE_MS}`]);
  const browsers: QuietBrowser[] = [];
  try {
    await grid.dataset('lines', path);
    if (workers === 'headless') await grid.addWorkers(WORKERS);
    else for (let i = 0; i < WORKERS; i++) browsers.push(await joined(grid.url));
    // The first one loads the engines. How long the second one takes: a moment of that is drawn.
    await grid.result((await grid.admin.sql(query(1_001))).id);
    const startMs = performance.now();
    await grid.result((await grid.admin.sql(query(1_000))).id);
    const jobMs = performance.now() - startMs;
    const all: Kill[] = [];
    for (let i = 1; i <= kills; i++) {
      const kill = await killOnce(grid, query(i), Math.round(random.float() * jobMs));
      options.note(`kill ${i} of ${kills} with ${workers}: ${JSON.stringify(kill)}`);
      all.push({ ...kill, workers });
    }
    return all;
  } finally {
    for (const browser of browsers) await browser.close();
    await grid.close();
  }
}

async function joined(url: string): Promise<QuietBrowser> {
  const browser = await QuietBrowser.launch();
  await browser.join(`${url}/`);
  return browser;
}

async function killOnce(grid: MortalGrid, sql: string, afterMs: number): Promise<Omit<Kill, 'workers'>> {
  const { id } = await grid.admin.sql(sql);
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  const before = await grid.job(id);
  const startMs = performance.now();
  await grid.crash();
  const restartMs = Math.round(performance.now() - startMs);
  const difference = await grid.differs(id, sql, [2, 0]);
  const { counters } = await grid.job(id);
  const tasks = (counters.tasksPlanned ?? 0) - (counters.tasksReused ?? 0);
  const again = Math.max(0, (counters.ended?.succeeded ?? 0) - tasks);
  const done = before.stages.reduce((sum, stage) => sum + stage.done, 0);
  return { afterMs, done, tasks, again, restartMs, ...(difference !== undefined && { difference }) };
}

function print(kills: readonly Kill[], times: readonly RestartTime[], { print: say }: BenchOptions): void {
  const head = ['workers', 'killed after ms', 'done', 'of tasks', 'ran again', 'restart ms', 'answer'];
  say(`${head.map((text) => cell(text, 16)).join('')}\n`);
  for (const { workers, afterMs, done, tasks, again, restartMs, difference } of kills) {
    const cells = [workers, `${afterMs}`, `${done}`, `${tasks}`, `${again}`, `${restartMs}`, difference ?? 'equal'];
    say(`${cells.map((text) => cell(text, 16)).join('')}\n`);
  }
  const sum = (of: (kill: Kill) => number): number => kills.reduce((all, kill) => all + of(kill), 0);
  const [again, tasks] = [sum((kill) => kill.again), sum((kill) => kill.tasks)];
  const wrong = kills.filter((kill) => kill.difference !== undefined).length;
  say(
    `${kills.length} kills: ${wrong} wrong answers; ${again} of ${tasks} tasks ran again (${((100 * again) / tasks).toFixed(1)} %)\n\n`,
  );
  say(`${['accepted attempts', 'of', 'rows read', 'read ms', 'restored ms'].map((text) => cell(text, 18)).join('')}\n`);
  for (const { attempts, of, rows, readMs, restoredMs } of times)
    say(`${[`${attempts}`, of, `${rows}`, readMs.toFixed(0), restoredMs.toFixed(0)].map((text) => cell(text, 18)).join('')}\n`);
}
