/**
 * "Equal" as the contract defines it: same columns and types, same rows as a multiset, doubles within 1e-9 relative, all else
 * exact; where `ordered` names leading columns, their sequence must match too.
 */
import type { JsonResult } from './oracle.ts';

const FLOATS = new Set(['DOUBLE', 'FLOAT']);

export function difference(actual: JsonResult, expected: JsonResult, orderedBy: readonly number[] = []): string | undefined {
  const head = (r: JsonResult): string => JSON.stringify(r.columns);
  if (head(actual) !== head(expected)) return `columns differ: ${head(actual)} instead of ${head(expected)}`;
  if (actual.rows.length !== expected.rows.length) return `${actual.rows.length} rows instead of ${expected.rows.length}`;
  const floats = expected.columns.map((c) => FLOATS.has(c.type));
  for (let i = 0; i < expected.rows.length; i++) {
    for (const column of orderedBy) {
      const [a, e] = [actual.rows[i]?.[column], expected.rows[i]?.[column]];
      if (!sameValue(a, e, floats[column] === true)) return `order: row ${i}, column ${column}: ${show(a)} instead of ${show(e)}`;
    }
  }
  const sorted = (r: JsonResult): (readonly unknown[])[] =>
    r.rows
      .map((row) => ({ row, key: JSON.stringify(row.map((v, i) => (floats[i] && typeof v === 'number' ? v.toPrecision(7) : v))) }))
      .sort((x, y) => (x.key < y.key ? -1 : x.key > y.key ? 1 : 0))
      .map((x) => x.row);
  const [a, e] = [sorted(actual), sorted(expected)];
  for (let i = 0; i < e.length; i++) {
    for (let c = 0; c < floats.length; c++) {
      if (!sameValue(a[i]?.[c], e[i]?.[c], floats[c] === true)) {
        return `row ${i} (sorted), column ${expected.columns[c]?.name}: ${show(a[i]?.[c])} instead of ${show(e[i]?.[c])}`;
      }
    }
  }
  return undefined;
}

function sameValue(a: unknown, e: unknown, float: boolean): boolean {
  if (float && typeof a === 'number' && typeof e === 'number') {
    return a === e || Math.abs(a - e) <= 1e-9 * Math.max(Math.abs(a), Math.abs(e));
  }
  return JSON.stringify(a) === JSON.stringify(e);
}

const show = (value: unknown): string => JSON.stringify(value) ?? 'undefined';
