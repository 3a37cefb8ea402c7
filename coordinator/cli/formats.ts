/** Prints a result in the format asked for. Tables need all rows to align; the others stream through. */
import type { JobHandle, ResultJson } from '../../client/index.ts';
import type { Format } from './format-names.ts';
import { countOf, drawTable, milliseconds } from './table.ts';
import type { Terminal } from './terminal.ts';

export interface PrintOptions {
  readonly format: Format;
  readonly maxRows?: number | undefined;
  readonly timing: boolean;
  /** Milliseconds since the query was sent, asked when the last byte has come. */
  readonly elapsedMs: () => number;
  /** The first rows are there, maybe while the job still runs. */
  readonly begins?: () => void;
}

export async function printResult(job: JobHandle, terminal: Terminal, options: PrintOptions, signal: AbortSignal): Promise<void> {
  if (options.format !== 'table') {
    await pipeResult(job, options.format, terminal, signal, options.begins);
    if (options.timing) terminal.note(`(${milliseconds(options.elapsedMs())})`);
    return;
  }
  const result: ResultJson = await job.rows(signal);
  const ms = options.elapsedMs();
  terminal.status('');
  terminal.print(drawTable(result.columns, result.rows, { width: terminal.columns, maxRows: options.maxRows }));
  terminal.note(footer(result.rows.length, options.maxRows, options.timing ? ms : undefined));
}

function footer(rows: number, maxRows: number | undefined, ms: number | undefined): string {
  const cut =
    maxRows !== undefined && rows > maxRows ? `, the first ${maxRows.toLocaleString('en-US')} shown; --max-rows shows more` : '';
  return `(${countOf(rows, 'row')}${cut}${ms === undefined ? '' : `, ${milliseconds(ms)}`})`;
}

async function pipeResult(
  job: JobHandle,
  format: 'json' | 'csv',
  terminal: Terminal,
  signal: AbortSignal,
  begins?: () => void,
): Promise<void> {
  const response = await job.result(format, signal);
  begins?.();
  terminal.status('');
  const decoder = new TextDecoder();
  let last = '';
  const print = (text: string) => {
    if (text === '') return;
    terminal.print(text);
    last = text;
  };
  if (response.body) {
    const reader = response.body.getReader();
    for (let piece = await reader.read(); !piece.done; piece = await reader.read())
      print(decoder.decode(piece.value, { stream: true }));
  }
  print(decoder.decode());
  if (!last.endsWith('\n')) terminal.print('\n');
}
