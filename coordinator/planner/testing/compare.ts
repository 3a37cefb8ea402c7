/** Equality of results: rows as multisets, doubles within 1e-9 relative, all else exact. */
function close(a: unknown, b: unknown): boolean {
  if (typeof a === 'number' && typeof b === 'number') {
    return a === b || (Number.isNaN(a) && Number.isNaN(b)) || Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b));
  }
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((x, i) => close(x, b[i]));
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Sorts rows so that equal multisets stand side by side; doubles are cut so that their last digits don't decide. */
function sorted(rows: readonly (readonly unknown[])[]): (readonly unknown[])[] {
  const key = (row: readonly unknown[]): string =>
    JSON.stringify(row, (_k, v: unknown) => (typeof v === 'number' && !Number.isInteger(v) ? v.toPrecision(6) : v));
  return rows
    .map((row) => ({ row, key: key(row) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map((x) => x.row);
}

/** Undefined where both are the same multiset; else the first difference in words. */
export function difference(got: readonly (readonly unknown[])[], want: readonly (readonly unknown[])[]): string | undefined {
  if (got.length !== want.length) return `${got.length} rows, expected ${want.length}`;
  const a = sorted(got);
  const b = sorted(want);
  const at = a.findIndex((row, i) => !close(row, b[i]));
  return at < 0 ? undefined : `row ${at}: ${JSON.stringify(a[at])}, expected ${JSON.stringify(b[at])}`;
}
