/** What the demo prints: questions, answers, what was recomputed, and the table of times. */
import type { JobJson, ResultJson } from '../../../client/index.ts';
import { countOf, drawTable, milliseconds } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import type { Closed } from './closer.ts';
import { NATIVE_THREADS } from './native.ts';
import type { DemoQuery } from './queries.ts';

export interface Outcome {
  readonly query: DemoQuery;
  readonly nativeMs: number;
  /** The first run: data travels to the tabs and is loaded there. */
  readonly firstMs: number;
  /** The same once more, nothing reused but what is loaded. */
  readonly againMs: number;
  /** undefined: equal. */
  readonly difference: string | undefined;
}

export function printQuestion(terminal: Terminal, number: number, query: DemoQuery): void {
  terminal.print(`\n${number}. ${query.question}\n\n`);
  for (const line of query.sql.split('\n')) terminal.print(`   ${line}\n`);
  terminal.print('\n');
}

export function printAnswer(terminal: Terminal, result: ResultJson, job: JobJson, ms: number): void {
  terminal.print(drawTable(result.columns, result.rows, { width: terminal.columns }));
  const { counters } = job;
  terminal.print(
    `   ${countOf(result.rows.length, 'row')} in ${milliseconds(ms)}; ${countOf(job.stages.length, 'stage')}, ` +
      `${countOf(counters.tasksPlanned ?? 0, 'task')}, ${mebibytes(counters.bytesMoved ?? 0)} moved to tabs\n`,
  );
}

/** Why the answer is still right although a tab is gone: attempts by their end, and the lineage's own words. */
export function printLoss(
  terminal: Terminal,
  closed: Closed | undefined,
  name: string,
  job: JobJson,
  why: readonly string[],
): void {
  if (!closed) {
    terminal.print('   No tab was closed: none was ever the only holder of a block.\n');
    return;
  }
  terminal.print(
    `   Closed ${name} (${closed.workerId}) when stage ${closed.stage} was done and the next not yet begun: ` +
      `it alone held ${countOf(closed.blocks, 'block')}.\n`,
  );
  const { counters } = job;
  const ends = Object.entries(counters.ended ?? {}).map(([how, count]) => `${count} ${how}`);
  terminal.print(
    `   ${countOf(counters.tasksPlanned ?? 0, 'task')} planned, ${counters.recomputes ?? 0} recomputed, ` +
      `${countOf(counters.attempts ?? 0, 'attempt')} in all (${ends.join(', ')}).\n`,
  );
  for (const line of why) terminal.print(`   - ${line}\n`);
}

export function printTimes(terminal: Terminal, outcomes: readonly Outcome[], volunteers: string): void {
  const columns = [
    { name: 'query', type: 'VARCHAR' },
    { name: `native DuckDB, ${NATIVE_THREADS} threads`, type: 'DOUBLE' },
    { name: `${volunteers}, first time`, type: 'DOUBLE' },
    { name: 'again, data loaded', type: 'DOUBLE' },
    { name: 'answers', type: 'VARCHAR' },
  ];
  const rows = outcomes.map((outcome, index) => [
    `${index + 1}${outcome.query.closesTab ? ' (tab closed the first time)' : ''}`,
    milliseconds(outcome.nativeMs),
    milliseconds(outcome.firstMs),
    milliseconds(outcome.againMs),
    outcome.difference === undefined ? '✓ equal' : `✗ ${outcome.difference}`,
  ]);
  terminal.print(`\n${drawTable(columns, rows, { width: terminal.columns })}`);
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}
