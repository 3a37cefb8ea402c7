/**
 * Whether two results are equal: same columns and types, same rows as a multiset, the promised order on its keys; doubles
 * within 1e-9 relative, all else exact.
 */
import type { Cell, ResultJson } from '../../../client/index.ts';

const TOLERANCE = 1e-9;
const FLOATS = new Set(['DOUBLE', 'FLOAT']);

/** undefined when equal; else the first difference in words. */
export function difference(actual: ResultJson, expected: ResultJson, orderedBy: readonly number[]): string | undefined {
  const heads = [actual, expected].map((result) => result.columns.map((column) => `${column.name} ${column.type}`).join(', '));
  if (heads[0] !== heads[1]) return `columns (${heads[0]}) instead of (${heads[1]})`;
  if (actual.rows.length !== expected.rows.length) return `${actual.rows.length} rows instead of ${expected.rows.length}`;
  const floats = expected.columns.map((column) => FLOATS.has(column.type));
  for (const [index, row] of expected.rows.entries()) {
    for (const column of orderedBy) {
      const found = actual.rows[index]?.[column] ?? null;
      if (!same(found, row[column] ?? null, floats[column] === true)) {
        return `row ${index + 1}: ${plain(found)} instead of ${plain(row[column] ?? null)}`;
      }
    }
  }
  const [mine, theirs] = [sorted(actual, floats), sorted(expected, floats)];
  for (const [index, row] of theirs.entries()) {
    for (const [column, float] of floats.entries()) {
      const found = mine[index]?.[column] ?? null;
      if (same(found, row[column] ?? null, float)) continue;
      return `column ${expected.columns[column]?.name}: ${plain(found)} instead of ${plain(row[column] ?? null)}`;
    }
  }
  return undefined;
}

/** Doubles sort by fewer digits, so that one ulp does not pair the wrong rows. */
function sorted(result: ResultJson, floats: readonly boolean[]): (readonly Cell[])[] {
  const key = (row: readonly Cell[]) =>
    JSON.stringify(floats.map((float, index) => (float ? Number(row[index]).toPrecision(7) : plain(row[index] ?? null))));
  return result.rows
    .map((row) => ({ row, key: key(row) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ row }) => row);
}

function same(a: Cell, b: Cell, float: boolean): boolean {
  if (!float || a === null || b === null) return plain(a) === plain(b);
  const [x, y] = [Number(a), Number(b)];
  return Object.is(x, y) || Math.abs(x - y) <= TOLERANCE * Math.max(Math.abs(x), Math.abs(y));
}

/** Numbers and their texts alike, timestamps with a blank or a T alike. */
function plain(cell: Cell): string {
  if (cell === null) return 'NULL';
  if (typeof cell === 'object') return JSON.stringify(cell);
  return String(cell).replace(/^(\d{4}-\d{2}-\d{2})T(\d{2}:)/, '$1 $2');
}
