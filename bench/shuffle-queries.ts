/**
 * The queries of `bench shuffle`; `repetition` varies a literal in every scan that is split, so that no block of an earlier run
 * is taken.
 */
export interface ShuffleQuery {
  readonly name: string;
  /** The most that the grid's median may be of native DuckDB's; absent: measured only. */
  readonly bound?: number;
  /** How the answer is taken: small ones as rows, compared each time; large ones as Arrow bytes, of which the length is checked. */
  readonly take: 'rows' | 'arrow';
  readonly orderedBy: readonly number[];
  sql(repetition: number): string;
}

export const SHUFFLE_QUERIES: readonly ShuffleQuery[] = [
  {
    name: 'full sort of all lines',
    bound: 2.5,
    take: 'arrow',
    orderedBy: [0, 1],
    // The row's own key, and not all that it is sorted by: native DuckDB has no network to send 168 MB over.
    sql: (r) => `SELECT order_key, line_number FROM lines WHERE part_key <> ${r + 1}
      ORDER BY extended_price, order_key, line_number`,
  },
  {
    name: 'lines join orders',
    bound: 2.5,
    take: 'rows',
    orderedBy: [0],
    sql: (
      r,
    ) => `SELECT o.priority, count(*) AS n, sum(l.extended_price) AS price FROM lines l JOIN orders o ON l.order_key = o.order_key
      WHERE o.order_date > DATE '1992-01-01' + ${r} GROUP BY o.priority ORDER BY o.priority`,
  },
  {
    name: 'large sides',
    take: 'rows',
    orderedBy: [],
    sql: (r) => `SELECT count(*) AS n, sum(a.v + b.v) AS s, max(a.t || b.t) AS m FROM a JOIN b ON a.k = b.k
      WHERE a.v <> ${r} AND b.v <> ${r}`,
  },
  {
    name: 'large sides, 60 % one key',
    take: 'rows',
    orderedBy: [],
    sql: (r) =>
      `SELECT count(*) AS n, sum(a.v + b.v) AS s, max(a.t || b.t) AS m FROM skewed a JOIN b ON a.k = b.k
      WHERE a.v <> ${r} AND b.v <> ${r}`,
  },
  {
    // Two thirds of three million rows a side make 214 MiB. A full join can't be broadcast; the literals stand below it, so that each run splits anew.
    name: '200 MiB shuffle join',
    take: 'rows',
    orderedBy: [],
    sql: (r) =>
      `SELECT count(*) AS n, count(a.k) AS x, sum(a.v - b.v) AS s, max(a.t || b.t) AS m
      FROM (FROM a WHERE v % 3 <> 0 AND v <> ${r}) AS a FULL JOIN (FROM b WHERE v % 3 <> 0 AND v <> ${r}) AS b ON a.k = b.k`,
  },
];
