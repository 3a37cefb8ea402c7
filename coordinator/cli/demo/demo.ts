/** `muster demo`: the whole thing on this machine, in under three minutes. */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JobJson, ResultJson } from '../../../client/index.ts';
import type { StoryLine } from '../../core/views.ts';
import type { Arguments } from '../options.ts';
import { onceStopped, type Stopped } from '../signals.ts';
import { countOf, milliseconds } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { Closer } from './closer.ts';
import { demoFiles, ORDER_LINE_COLUMNS, orderLinesSql } from './data.ts';
import { difference } from './difference.ts';
import { type DemoGrid, startGrid } from './grid.ts';
import { Native } from './native.ts';
import { type DemoQuery, QUERIES } from './queries.ts';
import { reasonsOf } from './reasons.ts';
import { type Outcome, printAnswer, printLoss, printQuestion, printTimes } from './report.ts';
import { type Crowd, chromiumCrowd, chromiumPath, workerCrowd } from './tabs.ts';
import { Volunteers } from './volunteers.ts';

const ROWS = 6_000_000;
const NAMES = ['Ada', 'Grace', 'Edsger'];
/** Comes after the tab that was closed. */
const LATECOMER = 'Barbara';
/** A demo that hangs says so instead. */
const JOB_DEADLINE_MS = 120_000;

/** Things to undo, last one first. */
type Undo = (() => Promise<unknown> | unknown)[];

export async function demoCommand(args: Arguments, terminal: Terminal): Promise<number> {
  const rows = args.integer('rows', 1000, 1_000_000_000) ?? ROWS;
  const stopped = onceStopped();
  const undo: Undo = [];
  try {
    const demo = runDemo({ rows, forceWorkers: args.has('headless-workers'), stay: args.has('stay') }, terminal, stopped, undo);
    const end = await Promise.race([demo, stopped.promise]);
    return typeof end === 'number' ? end : 130;
  } finally {
    for (const step of undo.reverse()) await step();
    stopped.release();
  }
}

interface DemoOptions {
  readonly rows: number;
  readonly forceWorkers: boolean;
  readonly stay: boolean;
}

async function runDemo(options: DemoOptions, terminal: Terminal, stopped: Stopped, undo: Undo): Promise<number> {
  const began = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'muster-demo-'));
  undo.push(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const native = await Native.open();
  undo.push(() => native.close());
  const closer = new Closer((workerId) => volunteers.kill(workerId));
  const grid = await startGrid(join(folder, 'data'), closer.breakpoints);
  undo.push(() => grid.close());
  const crowd = crowdFor(options, grid, join(folder, 'profiles'));
  const volunteers = new Volunteers(crowd, grid.admin);
  undo.push(() => volunteers.close());
  terminal.print(`Coordinator at ${grid.url} (dashboard: ${grid.url}/dashboard)\n`);

  await prepare(options.rows, folder, { grid, native, volunteers, crowd }, terminal);
  const outcomes: Outcome[] = [];
  for (const [index, query] of QUERIES.entries()) {
    printQuestion(terminal, index + 1, query);
    outcomes.push(await ask(query, { grid, native, volunteers, closer }, terminal));
    if (!query.closesTab) continue;
    await volunteers.open(LATECOMER);
    terminal.print(`   ${LATECOMER} joins in place of the one that left.\n`);
  }
  printTimes(terminal, outcomes, crowd.kind === 'tabs' ? '3 tabs' : '3 workers');
  const unequal = outcomes.filter((outcome) => outcome.difference !== undefined).length;
  const verdict =
    unequal === 0 ? 'All answers equal those of native DuckDB.' : `${countOf(unequal, 'answer')} differ from native DuckDB's!`;
  terminal.print(`\n${verdict} The demo took ${milliseconds(performance.now() - began)}.\n`);
  if (options.stay) {
    terminal.print(`\nStill there: ${grid.url}/dashboard to look, ${grid.url}/ to join. Ctrl-C ends it.\n`);
    await stopped.promise;
  }
  return unequal === 0 ? 0 : 1;
}

function crowdFor(options: DemoOptions, grid: DemoGrid, profiles: string): Crowd {
  const chromium = options.forceWorkers ? undefined : chromiumPath();
  if (chromium) return chromiumCrowd(chromium, `${grid.url}/`, profiles);
  return workerCrowd(grid.url);
}

interface Parts {
  readonly grid: DemoGrid;
  readonly native: Native;
  readonly volunteers: Volunteers;
}

async function prepare(rows: number, folder: string, parts: Parts & { crowd: Crowd }, terminal: Terminal): Promise<void> {
  const { grid, native, volunteers, crowd } = parts;
  const files = { ...demoFiles(), orderLines: join(folder, 'order-lines.parquet') };
  terminal.status('making order lines');
  await native.run(orderLinesSql(rows, files.orderLines));
  const mebibytes = (statSync(files.orderLines).size / 1024 ** 2).toFixed(0);
  terminal.print(
    `Made ${rows.toLocaleString('en-US')} order lines, ${ORDER_LINE_COLUMNS} columns (${mebibytes} MiB of parquet)\n`,
  );
  const register = async (name: string, path: string) => {
    const from = performance.now();
    terminal.status(`registering ${name}`);
    const dataset = await grid.admin.datasets.register(name, path);
    const size = `${countOf(dataset.rows, 'row')} in ${countOf(dataset.partitions, 'chunk')}`;
    terminal.print(`Registered ${name}: ${size}, in ${milliseconds(performance.now() - from)}\n`);
  };
  await register('airports', files.airports);
  await register('flights', files.flights);
  await register('order_lines', files.orderLines);
  terminal.print(`Opening ${NAMES.length} ${crowd.description}\n`);
  for (const name of NAMES) {
    terminal.status(`${name} joins`);
    await volunteers.open(name);
  }
  terminal.print(`${NAMES.slice(0, -1).join(', ')} and ${NAMES.at(-1)} have consented and joined, one slot each\n`);
  terminal.status('loading the same data into native DuckDB');
  await native.load('airports', files.airports);
  await native.load('flights', files.flights);
  await native.load('order_lines', files.orderLines);
  terminal.status('');
}

interface Answer {
  readonly result: ResultJson;
  readonly job: JobJson;
  readonly ms: number;
}

async function ask(query: DemoQuery, parts: Parts & { closer: Closer }, terminal: Terminal): Promise<Outcome> {
  const { grid, native, volunteers, closer } = parts;
  if (query.closesTab) closer.arm();
  const first = await runOnTabs(grid, query, true);
  const closed = closer.disarm();
  printAnswer(terminal, first.result, first.job, first.ms);
  if (query.closesTab) {
    printLoss(
      terminal,
      closed,
      closed ? volunteers.nameOf(closed.workerId) : '',
      first.job,
      reasonsOf(storyOf(grid, first.job.jobId)),
    );
  }
  const again = await runOnTabs(grid, query, false);
  // Twice as well: the first run warms native DuckDB's caches as ours are warmed.
  await native.query(query.sql);
  const { result, ms } = await native.query(query.sql);
  const unlike = difference(first.result, result, query.orderedBy) ?? difference(again.result, result, query.orderedBy);
  terminal.print(unlike === undefined ? '   ✓ equal to native DuckDB\n' : `   ✗ differs from native DuckDB: ${unlike}\n`);
  return { query, nativeMs: ms, firstMs: first.ms, againMs: again.ms, difference: unlike };
}

/** The job's own lines, and those of the blocks that it lost: there stand the attempts that made them again. */
function storyOf(grid: DemoGrid, jobId: string): readonly StoryLine[] {
  const own = grid.story(jobId);
  const lost = new Set(own.filter((line) => line.what === 'taskSetBack').map((line) => line.subject));
  const all = new Set([...own, ...[...lost].flatMap((subject) => grid.story(subject))]);
  return [...all].sort((a, b) => a.atMs - b.atMs);
}

/** `reuse: false` runs all of it again; only what is loaded in the tabs helps. */
async function runOnTabs(grid: DemoGrid, query: DemoQuery, reuse: boolean): Promise<Answer> {
  const began = performance.now();
  const handle = await grid.admin.sql(query.sql, { name: query.question.slice(0, 80), deadlineMs: JOB_DEADLINE_MS, reuse });
  const result = await handle.rows();
  const ms = performance.now() - began;
  return { result, job: await handle.status(), ms };
}
