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
import { Prng } from '../shared/prng.ts';
import { type BenchOptions, cell, save } from './grid-bench.ts';
import { KillLab } from './restart-kills.ts';
import { type RestartTime, restartTimes } from './restart-times.ts';

export const summary = 'kill -9 of the coordinator at random moments: right answers, the share of work done twice, restart times';

const KILLS = 20;
/** The first of them with real Chromium tabs. */
const KILLS_WITH_TABS = 6;
const WORKERS = 2;
/** A prime number of chunks: as many tasks. */
const ROWS = 17 * 122_880;
/** The least that a task takes, so that kills hit tasks that run, on any machine. */
const PACE_MS = 120;
const SEED = 7;

export async function run(options: BenchOptions): Promise<number> {
  const { repetitions: kills = KILLS, seed = SEED } = options;
  const folder = mkdtempSync(join(tmpdir(), 'muster-restart-'));
  try {
    const path = join(folder, 'lines.parquet');
    const native = await Native.open();
    await native.run(orderLinesSql(options.rows ?? ROWS, path));
    native.close();
    const lab = await killAll(path, kills, seed, options);
    const times = await restartTimes();
    const good = printKills(lab, seed, options);
    printTimes(times, options);
    const { kills: all, survived, lostResults } = lab;
    save('restart', { seed, kills: all, jobs: survived, lostResults, restarts: times }, options);
    return good ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function killAll(path: string, kills: number, seed: number, { note }: BenchOptions): Promise<KillLab> {
  const grid = await MortalGrid.start(['--pace', `${PACE_MS}`]);
  const withTabs = Math.min(KILLS_WITH_TABS, kills);
  const lab = new KillLab(grid, { kills, withTabs, workers: WORKERS, random: new Prng(seed), note });
  try {
    await grid.dataset('lines', path);
    await lab.run();
    return lab;
  } finally {
    await grid.close();
  }
}

/** Whether all is as it must be. */
function printKills({ kills, survived, lostResults }: KillLab, seed: number, { print: say }: BenchOptions): boolean {
  say(
    `seed ${seed}\n${row(['#', 'workers', 'job', 'killed after ms', 'done', 'running', 'restart ms'])}  stage/stages: done/tasks\n`,
  );
  kills.forEach(({ workers, job, afterMs, again, fell, running, done, restartMs }, i) => {
    const after = `${again ? 'again ' : ''}${afterMs}`;
    say(`${row([`${i + 1}`, workers, job, after, `${done}`, `${running}`, `${restartMs}`])}  ${fell}\n`);
  });
  const sum = (of: (job: (typeof survived)[number]) => number): number => survived.reduce((all, job) => all + of(job), 0);
  const [tasks, again, cut] = [sum((job) => job.tasks), sum((job) => job.ranAgain), sum((job) => job.cutShort)];
  const wrong = survived.filter((job) => job.difference !== undefined);
  for (const { kind, jobId, difference } of wrong) say(`WRONG: ${kind} ${jobId}: ${difference}\n`);
  const share = ((100 * again) / Math.max(1, tasks)).toFixed(1);
  say(`${kills.length} kills in ${survived.length} jobs of ${tasks} tasks: ${wrong.length} wrong answers, `);
  say(`${lostResults} finished results lost, ${again} tasks ran again (${share} %), ${cut} attempts were cut short\n\n`);
  return wrong.length === 0 && lostResults === 0;
}

function printTimes(times: readonly RestartTime[], { print: say }: BenchOptions): void {
  say(`${['accepted attempts', 'of', 'rows read', 'read ms', 'restored ms'].map((text) => cell(text, 18)).join('')}\n`);
  for (const { attempts, of, rows, readMs, restoredMs } of times)
    say(`${[`${attempts}`, of, `${rows}`, readMs.toFixed(0), restoredMs.toFixed(0)].map((text) => cell(text, 18)).join('')}\n`);
}

function row(cells: readonly string[]): string {
  const widths = [4, 10, 18, 17, 7, 9, 12];
  return cells.map((text, i) => cell(text, widths[i] ?? 12)).join('');
}
