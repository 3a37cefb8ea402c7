/** Sorts, windows, set operations and aggregates that need all rows of a group: none may fall back. */
export const SHUFFLES: readonly (readonly [name: string, sql: string])[] = [
  ['sort', 'SELECT origin, delay, date FROM flights ORDER BY delay DESC NULLS LAST, date'],
  [
    'window',
    'SELECT origin, date, row_number() OVER (PARTITION BY origin ORDER BY delay DESC NULLS LAST, date) rn, sum(delay) OVER (PARTITION BY origin ORDER BY date ROWS BETWEEN 3 PRECEDING AND CURRENT ROW EXCLUDE TIES) s, lag(date, 1, NULL) OVER (PARTITION BY origin ORDER BY date) FROM flights',
  ],
  ['qualify', 'SELECT origin, date FROM flights QUALIFY row_number() OVER (PARTITION BY origin ORDER BY date) <= 2'],
  [
    'median',
    'SELECT origin, median(delay), quantile_cont(delay, 0.5), quantile_disc(delay, [0.1, 0.9]), mad(delay) FROM flights GROUP BY 1',
  ],
  [
    'ordered list',
    "SELECT origin, list(delay ORDER BY date DESC), string_agg(destination, '|' ORDER BY date) FROM flights GROUP BY 1",
  ],
  ['correlation', 'SELECT origin, corr(delay, distance), regr_slope(delay, distance), skewness(delay) FROM flights GROUP BY 1'],
  ['except', 'SELECT origin FROM flights EXCEPT SELECT iata FROM airports'],
  ['intersect all', 'SELECT origin FROM flights INTERSECT ALL SELECT destination FROM flights'],
  [
    'full join',
    'SELECT count(*), sum(f.delay), count(a.iata) FROM flights f FULL JOIN airports a ON f.origin = a.iata AND f.delay > 150',
  ],
  [
    'sort by several',
    'SELECT word, whole, real, id FROM keys ORDER BY word DESC NULLS FIRST, real NULLS FIRST, whole DESC NULLS LAST, id',
  ],
  ['sort by few values', 'SELECT mood, id FROM keys ORDER BY mood DESC'],
  ['sort by nested values', 'SELECT items, pair, huge, span, id FROM keys ORDER BY items DESC, pair, huge DESC, span, id'],
  ['sort by an expression', 'SELECT id, weight FROM keys ORDER BY weight % 10 DESC, -id'],
  [
    'sort of a join',
    'SELECT a.id, b.weight FROM keys a JOIN other_keys b ON a.whole = b.whole ORDER BY b.weight DESC, a.id, b.id',
  ],
  [
    'sort of groups',
    'SELECT id, max(weight) m FROM (SELECT id, weight FROM keys UNION ALL SELECT id, weight FROM other_keys) GROUP BY 1 ORDER BY m, id DESC',
  ],
  ['sort of a union', 'SELECT id, weight FROM keys UNION ALL SELECT id, weight FROM other_keys ORDER BY weight, id'],
  ['sort of nothing', 'SELECT id, weight FROM keys WHERE weight > 1000 ORDER BY weight, id'],
  [
    'sort with a long limit',
    'SELECT id, weight FROM (SELECT a.id, b.weight FROM keys a, other_keys b WHERE a.weight < 50) ORDER BY weight, id LIMIT 20000 OFFSET 3',
  ],
  ['sort with random', 'SELECT count(*), count(DISTINCT r) > 1 FROM (SELECT id, random() r FROM keys ORDER BY r)'],
  [
    'windows of two keys',
    'SELECT id, sum(weight) OVER (PARTITION BY mood ORDER BY id) s, count(*) OVER (PARTITION BY whole) n, rank() OVER (PARTITION BY whole, mood ORDER BY weight) r, row_number() OVER (PARTITION BY mood, id % 3 ORDER BY id) q FROM keys',
  ],
  ['window by expression', 'SELECT id, avg(weight) OVER (PARTITION BY id % 5, lower(word)) FROM keys'],
  [
    'window by odd values',
    'SELECT id, count(*) OVER (PARTITION BY real), min(id) OVER (PARTITION BY span), max(id) OVER (PARTITION BY pair) FROM keys',
  ],
  [
    'window then filter',
    'SELECT whole, id FROM (SELECT *, row_number() OVER (PARTITION BY whole ORDER BY weight DESC, id) r FROM keys) WHERE r <= 2',
  ],
  [
    'window after join by key',
    'SELECT a.id, b.id, sum(b.weight) OVER (PARTITION BY a.whole ORDER BY a.id, b.id) FROM keys a JOIN other_keys b ON a.whole = b.whole',
  ],
  ['except all', 'SELECT whole, word FROM keys EXCEPT ALL SELECT whole, word FROM other_keys'],
  ['intersect', 'SELECT real::DOUBLE FROM keys INTERSECT SELECT real FROM other_keys'],
  ['intersect of types', 'SELECT amount, whole FROM keys INTERSECT SELECT amount, whole FROM other_keys'],
  ['union of types', 'SELECT amount, whole, word FROM keys UNION SELECT amount, id, mood FROM other_keys'],
  ['except nothing', 'SELECT whole FROM keys EXCEPT SELECT whole FROM other_keys WHERE weight > 1000'],
  [
    'set operations in a row',
    '(SELECT whole FROM keys UNION SELECT whole FROM other_keys) EXCEPT (SELECT id FROM keys INTERSECT SELECT weight FROM other_keys)',
  ],
  ['group by odd values', 'SELECT real, span, word, count(*), sum(weight) FROM keys GROUP BY ALL'],
  [
    'group by nested values',
    'SELECT items, pair, mood, count(*), arg_min(id, weight::INTEGER * 1000 + id) FROM keys GROUP BY ALL',
  ],
  ['group by many', 'SELECT id, date, count(*), avg(delay) FROM (SELECT delay id, date, delay FROM flights) GROUP BY ALL'],
  ['count distinct of many', 'SELECT count(DISTINCT date), count(DISTINCT date) + 1 FROM flights'],
  ['count distinct of many by few', 'SELECT mood, count(DISTINCT id), sum(DISTINCT id) FROM keys GROUP BY 1'],
  [
    'count distinct of several by many',
    'SELECT whole, id, count(DISTINCT weight), count(DISTINCT word), sum(weight) FROM keys GROUP BY ALL',
  ],
  [
    'median by many',
    'SELECT id % 50, word, median(weight), mode(mood), quantile_cont(weight, [0.25, 0.75]) FROM keys GROUP BY ALL',
  ],
  ['rollup of many', 'SELECT id, whole, grouping(id), count(*), sum(weight) FROM keys GROUP BY ROLLUP (id, whole)'],
  ['distinct of odd values', 'SELECT DISTINCT real, span, items, pair FROM keys'],
  ['distinct of many', 'SELECT DISTINCT id, word, weight FROM keys'],
  [
    'distinct on many',
    'SELECT DISTINCT ON (id, whole) id, whole, weight FROM (SELECT id, whole, weight FROM keys UNION ALL SELECT id, whole, weight FROM keys) ORDER BY id, whole, weight DESC',
  ],
  ['distinct then group', 'SELECT whole, count(*) FROM (SELECT DISTINCT whole, word, id FROM keys) GROUP BY 1'],
  [
    'group twice by one key',
    'SELECT id, whole, max(n) FROM (SELECT id, whole, weight, count(*) n FROM keys GROUP BY ALL) GROUP BY ALL',
  ],
];
