/** The queries of `bench engine`; `repetition` varies a literal, so that no answer is taken from an earlier run's blocks. */
export interface BenchQuery {
  readonly name: string;
  /** The most that the grid's median may be of native DuckDB's. */
  readonly bound: number;
  sql(repetition: number): string;
}

const day = (repetition: number): string => `DATE '1998-09-02' - ${repetition % 60}`;

export const ENGINE_QUERIES: readonly BenchQuery[] = [
  {
    name: 'Q1-like: pricing summary',
    bound: 2,
    sql: (r) => `SELECT return_flag, line_status, sum(quantity) AS sum_qty, sum(extended_price) AS sum_base,
      sum(extended_price * (1 - discount)) AS sum_disc, sum(extended_price * (1 - discount) * (1 + tax)) AS sum_charge,
      avg(quantity) AS avg_qty, avg(extended_price) AS avg_price, avg(discount) AS avg_disc, count(*) AS n
      FROM lines WHERE ship_date <= ${day(r)} GROUP BY return_flag, line_status ORDER BY return_flag, line_status`,
  },
  {
    name: 'Q6-like: revenue change',
    bound: 2,
    sql: (r) => `SELECT sum(extended_price * discount) AS revenue FROM lines
      WHERE ship_date >= DATE '1994-01-01' + ${r % 60} AND ship_date < DATE '1995-01-01' + ${r % 60}
        AND discount BETWEEN 0.05 AND 0.07 AND quantity < 24`,
  },
  {
    name: 'broadcast join, group-by',
    bound: 2.5,
    sql: (r) => `SELECT s.nation, count(*) AS n, sum(l.extended_price) AS price FROM lines l
      JOIN suppliers s ON l.supplier_key = s.supplier_key WHERE l.ship_date > ${day(r)} - 1500 GROUP BY s.nation ORDER BY s.nation`,
  },
];

export const SMALL_QUERY = (r: number): string =>
  `SELECT nation, count(*) AS n, avg(balance) AS mean FROM few_suppliers WHERE supplier_key > ${r} GROUP BY nation ORDER BY nation`;
