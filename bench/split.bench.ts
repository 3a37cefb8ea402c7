/** `muster bench split`: how fast one slot splits its output into buckets. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { measureSplit, type SplitMeasurement } from './split.ts';

export const summary = 'One slot: rows of DuckDB-WASM into the 16 buckets of a shuffle, beside extraction alone';

export interface BenchOptions {
  readonly repetitions?: number;
  readonly rows?: number;
  readonly out?: string;
  readonly print: (text: string) => void;
  readonly note: (line: string) => void;
}

/** Rows per second that a slot must split, extraction included. */
const BOUND = 8_000_000;

export async function run({ repetitions, rows, out, print, note }: BenchOptions): Promise<number> {
  const measured = await measureSplit({
    ...(repetitions === undefined ? {} : { repetitions }),
    ...(rows === undefined ? {} : { rows }),
    reference: true,
  });
  print(table(measured));
  const folder = out ?? join('bench', 'out');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'split.json');
  writeFileSync(path, `${JSON.stringify({ bound: BOUND, measured }, null, 2)}\n`);
  note(`written to ${path}`);
  const kernel = measured.find((m) => m.name === '16 buckets, kernel');
  return kernel !== undefined && kernel.rowsPerSecond >= BOUND ? 0 : 1;
}

function table(measured: readonly SplitMeasurement[]): string {
  const cell = (text: string, width: number): string => text.padStart(width);
  const head = `${'way'.padEnd(28)}${cell('ms', 9)}${cell('best', 9)}${cell('of it at end', 14)}${cell('M rows/s', 10)}${cell('MiB/s', 8)}\n`;
  return measured.reduce(
    (text, m) =>
      `${text}${m.name.padEnd(28)}${cell(m.ms.toFixed(1), 9)}${cell(m.bestMs.toFixed(1), 9)}${cell(m.finishMs.toFixed(1), 14)}${cell((m.rowsPerSecond / 1e6).toFixed(2), 10)}${cell(m.mibPerSecond.toFixed(0), 8)}\n`,
    head,
  );
}
