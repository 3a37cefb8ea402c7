/** Results drawn as text: numbers to the right, text to the left, cut to the terminal's width. */
import type { Cell, ColumnJson } from '../../client/index.ts';
import { cutTo, displayWidth, padTo, visible } from './width.ts';

export interface TableOptions {
  /** Widest line; undefined never cuts. */
  readonly width?: number | undefined;
  /** Rows drawn at most; undefined draws all. */
  readonly maxRows?: number | undefined;
}

interface DrawnColumn {
  readonly side: 'left' | 'right';
  readonly title: string;
  readonly cells: readonly string[];
  width: number;
}

const NARROWEST = 6;
const BETWEEN = ' │ ';
const NUMERIC = /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|UINTEGER|DECIMAL\(.*\)|DOUBLE|FLOAT|REAL)$/;

export function isNumeric(type: string): boolean {
  return NUMERIC.test(type.toUpperCase());
}

/** One cell as people read it; NULL is told apart from the text by being upper case and unquoted, as in psql with \pset null. */
export function cellText(cell: Cell): string {
  if (cell === null) return 'NULL';
  if (typeof cell === 'string') return visible(cell);
  if (typeof cell === 'object') return visible(JSON.stringify(cell));
  return String(cell);
}

/** Lines end in a newline; a table without rows still shows its columns. */
export function drawTable(
  columns: readonly ColumnJson[],
  rows: readonly (readonly Cell[])[],
  { width, maxRows }: TableOptions = {},
): string {
  const shownRows = maxRows === undefined ? rows : rows.slice(0, maxRows);
  const drawn = columns.map((column, index): DrawnColumn => {
    const title = visible(column.name);
    const cells = shownRows.map((row) => cellText(row[index] ?? null));
    const widest = cells.reduce((most, cell) => Math.max(most, displayWidth(cell)), displayWidth(title));
    return { side: isNumeric(column.type) ? 'right' : 'left', title, cells, width: Math.max(1, widest) };
  });
  const { kept, left } = fitTo(drawn, width);
  const line = (texts: readonly string[]) => ` ${texts.join(BETWEEN)}`.trimEnd();
  const lines = [
    line(kept.map((column) => padTo(cutTo(column.title, column.width), column.width, column.side))),
    `─${kept.map((column) => '─'.repeat(column.width)).join('─┼─')}─`,
  ];
  for (let row = 0; row < shownRows.length; row++) {
    lines.push(line(kept.map((column) => padTo(cutTo(column.cells[row] ?? '', column.width), column.width, column.side))));
  }
  if (left > 0) lines.push(` (${left} more ${left === 1 ? 'column' : 'columns'}: the terminal is too narrow)`);
  return `${lines.join('\n')}\n`;
}

/** Narrows the widest text columns first, then all; then drops columns from the right. Works on its own copies. */
function fitTo(all: readonly DrawnColumn[], width: number | undefined): { kept: DrawnColumn[]; left: number } {
  const kept = all.map((column) => ({ ...column }));
  if (width === undefined) return { kept, left: 0 };
  const total = () => kept.reduce((sum, column) => sum + column.width, 0) + BETWEEN.length * (kept.length - 1) + 2;
  narrow(
    kept.filter((column) => column.side === 'left'),
    () => total() - width,
  );
  while (kept.length > 1 && total() > width) kept.pop();
  const [only] = kept;
  if (kept.length === 1 && only && total() > width) only.width = Math.max(1, width - 2);
  return { kept, left: all.length - kept.length };
}

function narrow(columns: DrawnColumn[], excess: () => number): void {
  while (excess() > 0) {
    const widest = columns.reduce<DrawnColumn | undefined>(
      (most, column) => (column.width > (most?.width ?? NARROWEST) ? column : most),
      undefined,
    );
    if (!widest) return;
    // Down to the next widest at once; the last step takes just what is needed.
    const next = Math.max(NARROWEST, ...columns.filter((column) => column.width < widest.width).map((column) => column.width));
    widest.width = Math.max(next, widest.width - Math.max(1, excess()));
  }
}

/** `1 row`, `3,000,000 rows`. */
export function countOf(count: number, singular: string): string {
  return `${count.toLocaleString('en-US')} ${singular}${count === 1 ? '' : 's'}`;
}

export function milliseconds(ms: number): string {
  if (ms < 1) return '< 1 ms';
  return ms < 10_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
