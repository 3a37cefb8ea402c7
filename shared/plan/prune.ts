/** Which chunks min/max cannot rule out. Pure: bounds in, indices out. */
import type { Bound, ColumnStatistics, RangePredicate } from './statistics.ts';

/** UTF-8 byte order, which for text is code point order; JavaScript's `<` compares UTF-16 units instead. */
function compareText(a: string, b: string): number {
  const x = [...a];
  const y = [...b];
  const n = Math.min(x.length, y.length);
  for (let i = 0; i < n; i++) {
    const d = (x[i]?.codePointAt(0) ?? 0) - (y[i]?.codePointAt(0) ?? 0);
    if (d !== 0) return d;
  }
  return x.length - y.length;
}

/** Negative, zero or positive; undefined where the two are of different kinds and so say nothing. */
export function compareBounds(a: Bound, b: Bound): number | undefined {
  if (a.k === 'i' && b.k === 'i') {
    const [x, y] = [Number(a.v), Number(b.v)];
    if (Number.isSafeInteger(x) && Number.isSafeInteger(y)) return x - y;
    const d = BigInt(a.v) - BigInt(b.v);
    return d < 0n ? -1 : d > 0n ? 1 : 0;
  }
  if (a.k === 'f' && b.k === 'f') return a.v - b.v || (a.v === b.v ? 0 : Number.NaN);
  if (a.k === 's' && b.k === 's') return compareText(a.v, b.v);
  return undefined;
}

/** False only where no row of a chunk with these statistics can pass. A comparison with NULL passes no row. */
export function mayMatch(statistics: ColumnStatistics, rows: number, predicate: RangePredicate): boolean {
  if (statistics.nulls >= rows) return false;
  const low = statistics.min && compareBounds(statistics.min, predicate.value);
  const high = statistics.max && compareBounds(statistics.max, predicate.value);
  switch (predicate.op) {
    case '<':
      return !(low !== undefined && low >= 0);
    case '<=':
      return !(low !== undefined && low > 0);
    case '>':
      return !(high !== undefined && high <= 0);
    case '>=':
      return !(high !== undefined && high < 0);
    case '=':
      return !((low !== undefined && low > 0) || (high !== undefined && high < 0));
  }
}

/** Indices of the chunks that may hold rows for which all predicates are true. */
export function neededChunks(
  chunks: readonly { readonly rows: number; readonly columns: readonly ColumnStatistics[] }[],
  predicates: readonly RangePredicate[],
): number[] {
  const needed: number[] = [];
  chunks.forEach((chunk, i) => {
    const passes = predicates.every((p) => {
      const statistics = chunk.columns[p.ordinal];
      return !statistics || mayMatch(statistics, chunk.rows, p);
    });
    if (passes && chunk.rows > 0) needed.push(i);
  });
  return needed;
}
