/** One query from sending to its last printed row, with progress on stderr and a clean cancel. */
import { setTimeout as pause } from 'node:timers/promises';
import { type Connection, isSettled, type JobHandle, type JobJson, ProblemError } from '../../client/index.ts';
import { caretLines } from './caret.ts';
import { type PrintOptions, printResult } from './formats.ts';
import type { Terminal } from './terminal.ts';

/** How a query ended; `unreachable`: the coordinator did not answer, another query won't do better. */
export type QueryEnd = 'successful' | 'failed' | 'cancelled' | 'unreachable';

export interface QueryOptions extends Omit<PrintOptions, 'elapsedMs' | 'begins'> {
  /** Aborting it cancels the job on the coordinator. */
  readonly cancel: AbortSignal;
  /** Pause between two looks at a running job. */
  readonly pollMs?: number;
}

/** The first look comes after twice this: most queries are done by then, and show no progress. */
const POLL_MS = 200;

export async function runQuery(grid: Connection, sql: string, terminal: Terminal, options: QueryOptions): Promise<QueryEnd> {
  const began = performance.now();
  const done = new AbortController();
  let job: JobHandle | undefined;
  const onCancel = () => done.abort();
  options.cancel.addEventListener('abort', onCancel, { once: true });
  try {
    job = await grid.sql(sql);
    if (options.cancel.aborted) return await cancel(job, terminal);
    const shown = new AbortController();
    const watch = watchProgress(job, terminal, options.pollMs ?? POLL_MS, AbortSignal.any([done.signal, shown.signal]));
    const begins = (): void => {
      // Among rows on a terminal, progress would overwrite them.
      if (terminal.columns !== undefined) shown.abort();
    };
    const print = printResult(job, terminal, { ...options, elapsedMs: () => performance.now() - began, begins }, done.signal);
    await print.finally(() => done.abort());
    await watch;
    return 'successful';
  } catch (error) {
    done.abort();
    if (options.cancel.aborted && job) return await cancel(job, terminal);
    if (options.cancel.aborted) return 'cancelled';
    terminal.status('');
    if (!(error instanceof ProblemError)) throw error;
    for (const line of problemLines(error, sql)) terminal.note(line);
    if (error.code === 'job-cancelled') return 'cancelled';
    return error.code === 'unreachable' ? 'unreachable' : 'failed';
  } finally {
    options.cancel.removeEventListener('abort', onCancel);
    terminal.status('');
  }
}

async function cancel(job: JobHandle, terminal: Terminal): Promise<QueryEnd> {
  terminal.status('');
  await job.cancel();
  terminal.note(`Cancelled (${job.id}).`);
  return 'cancelled';
}

/** The error as people read it: what is wrong, where in the SQL, and what to do. */
export function problemLines(error: ProblemError, sql?: string): readonly string[] {
  const stage = error.stage === undefined ? '' : ` (in stage ${error.stage})`;
  const lines = [`Error: ${error.message}${stage}`];
  if (sql !== undefined && error.position !== undefined) lines.push(...caretLines(sql, error.position));
  if (error.hint !== undefined) lines.push(`Hint: ${error.hint}`);
  return lines;
}

/** Shows progress while the job runs; a job that waits for tabs says so once, also where stderr is a file. */
async function watchProgress(job: JobHandle, terminal: Terminal, everyMs: number, signal: AbortSignal): Promise<void> {
  let said: string | undefined;
  let warned = false;
  try {
    await pause(2 * everyMs, undefined, { signal });
    for (;;) {
      const state = await job.status(signal);
      if (isSettled(state.state)) return;
      const waiting = waitingLine(state);
      if (waiting !== undefined && waiting !== said) terminal.note(waiting);
      said = waiting;
      if (waiting === undefined) terminal.status(progressLine(state));
      const long = longRunLine(state);
      if (long !== undefined && !warned) terminal.note(long);
      warned = long !== undefined;
      await pause(everyMs, undefined, { signal });
    }
  } catch (error) {
    // The result's own request reports what is wrong; looking at the progress only decorates it.
    if (!signal.aborted && !(error instanceof ProblemError)) throw error;
  }
}

export function waitingLine(job: JobJson): string | undefined {
  if (job.state !== 'waiting' && job.waitingFor === undefined) return undefined;
  return `Waiting: ${job.waitingFor ?? 'no tab is there yet'} (Ctrl-C cancels)`;
}

/** Once for each task that runs on and on: the seconds go on in the progress. */
export function longRunLine({ longRun }: JobJson): string | undefined {
  return longRun && `${longRun.detail} Ctrl-C cancels.`;
}

export function progressLine(job: JobJson): string {
  const tasks = job.stages.reduce((sum, stage) => sum + stage.tasks, 0);
  const done = job.stages.reduce((sum, stage) => sum + stage.done, 0);
  const current = job.stages.find((stage) => stage.state === 'running' || stage.running > 0);
  const share = tasks > 0 ? Math.floor((100 * done) / tasks) : 0;
  const recomputed = job.counters.recomputes ?? 0;
  const recomputes = recomputed > 0 ? `, ${recomputed} recomputed` : '';
  return `${share} % · ${done} of ${tasks} tasks${recomputes}${current ? ` · ${current.title}` : ''}`;
}
