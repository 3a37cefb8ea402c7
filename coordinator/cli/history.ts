/** The shell's history: one statement a line, newest last, kept between runs. */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export const HISTORY_LINES = 1000;

export function historyPath(dataDir: string): string {
  return existsSync(dataDir) ? join(dataDir, 'sql-history') : join(homedir(), '.muster_history');
}

/** Newest first, as node:readline wants it. Also cuts a file that has grown far beyond its bound. */
export function loadHistory(path: string): string[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean);
  const kept = lines.slice(-HISTORY_LINES);
  if (lines.length > 2 * HISTORY_LINES) writeFileSync(path, `${kept.join('\n')}\n`, { mode: 0o600 });
  return kept.reverse();
}

/** Multi-line statements become one line, so that one arrow key brings back all of it. */
export function rememberStatement(path: string, statement: string): string {
  const line = oneLine(statement);
  appendFileSync(path, `${line}\n`, { mode: 0o600 });
  return line;
}

/** Joins lines with spaces; a statement with a line comment can't be joined so and keeps its first lines apart by `/* *\/`. */
export function oneLine(statement: string): string {
  return statement
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter(Boolean)
    .map((line, index, all) =>
      index < all.length - 1
        ? line.replace(/--\s*(.*)$/, (whole, text, at: number) => (insideQuotes(line, at) ? whole : `/* ${text} */`))
        : line,
    )
    .join(' ');
}

function insideQuotes(line: string, at: number): boolean {
  return (line.slice(0, at).match(/'/g)?.length ?? 0) % 2 === 1;
}
