/** Rows as people read them. */
import type { AnyRow, Value } from '../run/cell-values.ts';

const CELL_CHARS = 40;

function cellText(value: Value | undefined): string {
  if (value === null || value === undefined) return 'NULL';
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  const text =
    typeof value === 'object' ? JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? String(v) : v)) : String(value);
  const line = text.replace(/\s/g, ' ');
  return line.length > CELL_CHARS ? `${line.slice(0, CELL_CHARS - 1)}…` : line;
}

/** Numbers to the right, everything else to the left. `more`: there are rows that are not shown. */
export function textTable(rows: readonly AnyRow[], more: boolean): string {
  const [first] = rows;
  if (first === undefined) return '(no rows)';
  const names = Object.keys(first);
  const cells = rows.map((row) => names.map((name) => cellText(row[name])));
  const widths = names.map((name, i) => Math.max(name.length, ...cells.map((row) => row[i]?.length ?? 0)));
  const isNumber = names.map((name) => rows.some((row) => typeof row[name] === 'number' || typeof row[name] === 'bigint'));
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, i) => (isNumber[i] ? text.padStart(widths[i] ?? 0) : text.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [line(names), rule, ...cells.map(line), ...(more ? [`only the first ${rows.length} rows`] : [])].join('\n');
}
