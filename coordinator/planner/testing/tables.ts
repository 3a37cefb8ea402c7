/** The tables of planner tests: shaped like the demo's, small, with NULLs, NaN, infinities, repeats and empty strings. */
export const CHUNK_ROWS = 150;

export const TABLES = [
  {
    name: 'flights',
    chunkRows: CHUNK_ROWS,
    sql: `SELECT TIMESTAMP '2001-01-01' + to_minutes(i * 17) AS date,
      CASE WHEN i % 41 = 0 THEN NULL ELSE (hash(i, 1) % 220)::SMALLINT - 20 END::SMALLINT AS delay,
      (100 + hash(i, 2) % 2400)::SMALLINT AS distance,
      'A' || lpad((hash(i, 3) % 30)::VARCHAR, 2, '0') AS origin,
      CASE WHEN i % 29 = 0 THEN NULL ELSE 'A' || lpad((hash(i, 4) % 35)::VARCHAR, 2, '0') END AS destination
      FROM range(1000) t(i)`,
  },
  {
    name: 'airports',
    chunkRows: CHUNK_ROWS,
    sql: `SELECT 'A' || lpad(i::VARCHAR, 2, '0') AS iata, 'Airport ' || i AS name, list_extract(['Paris', 'Rome', 'Oslo', NULL], 1 + i % 4) AS city,
      list_extract(['CA', 'NY', 'TX'], 1 + i % 3) AS state, i * 1.5::DOUBLE AS latitude, -i * 2.5::DOUBLE AS longitude FROM range(25) t(i)`,
  },
  {
    name: 'order_lines',
    chunkRows: CHUNK_ROWS,
    sql: `SELECT (1 + i // 4)::BIGINT AS order_key, (1 + hash(i, 5) % 50)::BIGINT AS part_key, (1 + hash(i, 6) % 20)::INTEGER AS supplier_key,
      (i % 4)::TINYINT AS line_number, (1 + hash(i, 7) % 50)::DECIMAL(15,2) AS quantity, ((90000 + hash(i, 8) % 1000000) / 100)::DECIMAL(15,2) AS price,
      ((hash(i, 9) % 11) / 100)::DECIMAL(15,2) AS discount, ((hash(i, 10) % 9) / 100)::DECIMAL(15,2) AS tax,
      list_extract(['A', 'N', 'R'], 1 + (hash(i, 11) % 3)::INTEGER) AS return_flag, list_extract(['O', 'F'], 1 + (hash(i, 12) % 2)::INTEGER) AS line_status,
      DATE '1992-01-01' + (i * 2)::INTEGER AS ship_date, DATE '1992-01-01' + (i * 2 + hash(i, 13) % 60)::INTEGER AS receipt_date,
      list_extract(['AIR', 'MAIL', 'SHIP', 'TRUCK', 'RAIL'], 1 + (hash(i, 14) % 5)::INTEGER) AS ship_mode, 'comment ' || hash(i, 15) % 100 AS comment
      FROM range(1200) t(i)`,
  },
  {
    name: 'odd',
    chunkRows: CHUNK_ROWS,
    sql: `SELECT i::INTEGER AS id, CASE WHEN i % 7 = 0 THEN 'nan'::DOUBLE WHEN i % 11 = 0 THEN 'infinity'::DOUBLE WHEN i % 5 = 0 THEN NULL ELSE i * 0.1 END AS f,
      CASE WHEN i % 3 = 0 THEN NULL ELSE (i - 200)::HUGEINT * 10000000000000000000 END AS big, (i % 2 = 0) AS flag, 1e7 + i % 3 AS far,
      list_extract(['', 'x', 'ü', '🙂', NULL], 1 + i % 5) AS word, [i, NULL, i % 3] AS items, {'a': i, 'b': 'v' || i % 4} AS pair,
      CASE WHEN i < 150 THEN NULL ELSE i::BIGINT END AS late, (i % 13)::UTINYINT AS tiny, ('mood' || i % 3)::ENUM('mood0', 'mood1', 'mood2') AS mood,
      CAST(TIMESTAMP '2020-02-29 12:00:00' + to_hours(i) AS TIMESTAMP WITH TIME ZONE) AS moment FROM range(400) t(i)`,
  },
  {
    name: 'nobody',
    chunkRows: CHUNK_ROWS,
    sql: `SELECT i::INTEGER AS id, 'x' AS word, 1.5::DOUBLE AS f, 2.25::DECIMAL(10,2) AS d FROM range(400) t(i) WHERE i < 0`,
  },
  // Keys that are equal to SQL and not to a careless hash: NULL, NaN, both zeros, other widths and scales, trailing blanks, other units.
  {
    name: 'keys',
    chunkRows: CHUNK_ROWS,
    sql: `SELECT i::INTEGER AS id, CASE WHEN i % 9 = 0 THEN NULL ELSE (i % 40)::INTEGER END AS whole,
      CASE i % 8 WHEN 0 THEN 'nan'::DOUBLE WHEN 1 THEN -0.0::DOUBLE WHEN 2 THEN NULL WHEN 3 THEN '-infinity'::DOUBLE ELSE (i % 30) / 4 END AS real,
      (i % 50 / 10)::DECIMAL(10,2) AS amount, list_extract(['a', 'a ', ' a', 'A', '', 'é', NULL], 1 + i % 7) AS word,
      (i % 25)::HUGEINT * 100000000000000000000 AS huge, list_extract([INTERVAL 1 MONTH, INTERVAL 30 DAY, INTERVAL 24 HOUR, NULL], 1 + i % 4) AS span,
      ('mood' || i % 3)::ENUM('mood0', 'mood1', 'mood2') AS mood, [i % 4, NULL] AS items, {'a': i % 5, 'b': CASE WHEN i % 2 = 0 THEN -0.0::DOUBLE ELSE 0.5 END} AS pair,
      DATE '2020-01-01' + (i % 20)::INTEGER AS day, (hash(i, 21) % 100)::SMALLINT AS weight FROM range(400) t(i)`,
  },
  {
    name: 'other_keys',
    chunkRows: CHUNK_ROWS,
    sql: `SELECT i::BIGINT AS id, CASE WHEN i % 7 = 0 THEN NULL ELSE (i % 60)::BIGINT END AS whole,
      CASE i % 6 WHEN 0 THEN 'nan'::FLOAT WHEN 1 THEN 0.0::FLOAT WHEN 2 THEN NULL ELSE ((i % 40) / 4)::FLOAT END AS real,
      (i % 35 / 10)::DECIMAL(15,4) AS amount, list_extract(['a', 'a  ', 'é', 'é', NULL], 1 + i % 5) AS word,
      (i % 35)::HUGEINT * 100000000000000000000 AS huge, list_extract([INTERVAL 720 HOUR, INTERVAL 1 DAY, NULL], 1 + i % 3) AS span,
      'mood' || i % 4 AS mood, [i % 6, NULL]::BIGINT[] AS items, {'a': i % 7, 'b': 0.0::DOUBLE} AS pair,
      TIMESTAMP '2020-01-01' + to_hours((i % 50 * 12)::INTEGER) AS day, (hash(i, 22) % 100)::SMALLINT AS weight FROM range(350) t(i)`,
  },
  { name: 'Two Words', chunkRows: CHUNK_ROWS, sql: `SELECT i::INTEGER AS "a b", 'q' || i AS "select" FROM range(200) t(i)` },
] as const;
