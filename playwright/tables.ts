/** Generated tables of the benches, as DuckDB SQL that writes a parquet file; every value is a hash of the row's number. */

const literal = (path: string): string => `'${path.replaceAll("'", "''")}'`;

/** DuckDB SQL that writes `rows` suppliers. */
export function suppliersSql(rows: number, path: string): string {
  return `COPY (SELECT (i + 1)::INTEGER AS supplier_key, 'nation ' || (hash(i * 3 + 3) % 25) AS nation,
    ((hash(i * 7 + 7) % 1000000) / 100)::DECIMAL(15,2) AS balance
    FROM range(${rows}) AS t(i)) TO ${literal(path)} (FORMAT parquet)`;
}

/** Orders 1..rows, the parents of the order lines (four lines an order). */
export function ordersSql(rows: number, path: string): string {
  return `COPY (SELECT (i + 1)::BIGINT AS order_key, (hash(i * 3 + 1) % 150000 + 1)::INTEGER AS customer_key,
    DATE '1992-01-01' + (hash(i * 5 + 1) % 2406)::INTEGER AS order_date,
    ['1-URGENT', '2-HIGH', '3-MEDIUM', '4-NOT SPECIFIED', '5-LOW'][(hash(i * 7 + 1) % 5)::BIGINT + 1] AS priority,
    ((hash(i * 11 + 1) % 50000000) / 100)::DECIMAL(15,2) AS total
    FROM range(${rows}) AS t(i)) TO ${literal(path)} (FORMAT parquet)`;
}

/**
 * Two sides of a join that are both too large to broadcast: `rows` rows with a key, a number and a text of about 40 bytes. `share` of the
 * rows have the key 0; the others spread over 0..keys-1. `seed` makes the sides differ.
 */
export function sideSql(rows: number, keys: number, share: number, seed: number, path: string): string {
  return `COPY (SELECT CASE WHEN hash(i * 13 + ${seed}) % 1000 < ${Math.round(share * 1000)} THEN 0
      ELSE (hash(i * 17 + ${seed}) % ${keys})::BIGINT END AS k,
    (hash(i * 19 + ${seed}) % 1000000)::BIGINT AS v, 'row ' || md5((i + ${seed})::VARCHAR) AS t
    FROM range(${rows}) AS t(i)) TO ${literal(path)} (FORMAT parquet)`;
}

/**
 * One side of a join that moves much for its rows: a key that each number in 0..rows-1 has once, a number, and a text of about 110 bytes
 * that does not repeat. `seed` makes the sides differ.
 */
export function wideSideSql(rows: number, seed: number, path: string): string {
  return `COPY (SELECT ((i * 7919 + ${seed}) % ${rows})::BIGINT AS k, (hash(i * 19 + ${seed}) % 1000000)::BIGINT AS v,
    'row ' || md5((i + ${seed})::VARCHAR) || md5((i * 3 + ${seed})::VARCHAR) || md5((i * 5 + ${seed})::VARCHAR) AS t
    FROM range(${rows}) AS t(i)) TO ${literal(path)} (FORMAT parquet)`;
}

/** Bytes of a row of `bulkySideSql` on its way through a shuffle, about. */
export const BULKY_ROW_BYTES = 276;

/**
 * One side of a join of which a row takes much in memory and little in a file: a key that each number in 0..rows-1 has
 * once, a number, and a text that repeats itself. `seed` makes the sides differ.
 */
export function bulkySideSql(rows: number, seed: number, path: string): string {
  return `COPY (SELECT ((i * 7919 + ${seed}) % ${rows})::BIGINT AS k, (hash(i * 19 + ${seed}) % 1000000)::BIGINT AS v,
    repeat(md5((i + ${seed})::VARCHAR), 8) AS t
    FROM range(${rows}) AS t(i)) TO ${literal(path)} (FORMAT parquet, COMPRESSION zstd)`;
}

/** A join of two bulky sides that moves all of both: neither can be broadcast, and every column is needed. */
export function bulkyJoinSql(a: string, b: string): string {
  return `SELECT count(*) AS n, count(a.k) AS x, sum(a.v - b.v) AS s, sum(length(a.t)) AS l, max(a.t) AS most, min(b.t) AS least
    FROM ${a} AS a FULL JOIN ${b} AS b ON a.k = b.k`;
}
