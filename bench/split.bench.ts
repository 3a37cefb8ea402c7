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
  return kernel !== undefined && kernel.splitRowsPerSecond >= BOUND ? 0 : 1;
}

function table(measured: readonly SplitMeasurement[]): string {
  const cell = (value: number, digits = 1): string => value.toFixed(digits).padStart(12);
  const heads = ['split ms', 'M rows/s', 'to digests', 'best', 'M rows/s', 'MiB/s'].map((h) => h.padStart(12)).join('');
  const lines = measured.map((m) => {
    const split = cell(m.splitMs) + cell(m.splitRowsPerSecond / 1e6, 2);
    const whole = cell(m.ms) + cell(m.bestMs) + cell(m.rowsPerSecond / 1e6, 2) + cell(m.mibPerSecond, 0);
    return `${m.name.padEnd(28)}${split}${whole}\n`;
  });
  return `${'way'.padEnd(28)}${heads}\n${lines.join('')}`;
}
