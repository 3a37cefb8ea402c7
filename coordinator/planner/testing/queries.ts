import { JOINS } from './queries-joins.ts';
import { SHUFFLES } from './queries-shuffles.ts';

/** Each byte once, as DuckDB reads them. */
const ALL_BYTES = Array.from({ length: 256 }, (_, byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');

/** Queries over one table, or over several one after the other. Where LIMIT could choose, keys decide. */
const PLAIN: readonly (readonly [name: string, sql: string])[] = [
  ['scan all', 'SELECT * FROM flights'],
  ['scan from first', 'FROM airports'],
  ['project', 'SELECT origin, delay + 1 AS d, distance * 2 AS dd FROM flights'],
  ['filter', "SELECT date, delay FROM flights WHERE delay > 100 AND origin <> 'A03'"],
  ['filter none left', 'SELECT * FROM order_lines WHERE order_key > 1000000'],
  [
    'count none left',
    'SELECT count(*), sum(quantity), min(ship_mode), avg(price), stddev(price) FROM order_lines WHERE order_key > 1000000',
  ],
  [
    'filter dates',
    "SELECT order_key, ship_date FROM order_lines WHERE ship_date BETWEEN DATE '1993-01-01' AND DATE '1993-03-01'",
  ],
  [
    'filter timestamps',
    "SELECT count(*) FROM flights WHERE date >= TIMESTAMP '2001-01-05' AND date < TIMESTAMP '2001-01-05' + INTERVAL 2 DAY",
  ],
  ['filter decimal', 'SELECT count(*), sum(price) FROM order_lines WHERE discount BETWEEN 0.05 AND 0.07 AND quantity < 24'],
  ['filter in', "SELECT count(*) FROM order_lines WHERE ship_mode IN ('AIR', 'MAIL') AND part_key IN (1, 2, 3, 4, 5, 6, 7, 8)"],
  ['filter or like', "SELECT count(*) FROM flights WHERE origin LIKE 'A0%' OR destination IS NULL OR delay IN (5, 7)"],
  ['filter float', 'SELECT id, f FROM odd WHERE f > 20.5'],
  ['filter all-null chunk', 'SELECT id, late FROM odd WHERE late < 300'],
  ['values', "SELECT * FROM (VALUES (1, 'a', 1.5), (2, NULL, -2.25)) v(x, y, z)"],
  ['constant', "SELECT 1, 'a', 1.5, NULL, DATE '2020-01-02'"],
  [
    'constants of all types',
    `SELECT id, 9007199254740993::BIGINT a, 17014118346046923173168730371588410572::HUGEINT h, INTERVAL '1 month 2 days 3 seconds' i, TIMESTAMP '2020-01-02 03:04:05.678' t,
     [1, 2] l, {'a': 1, 'b': 'x'} s, 'nan'::DOUBLE n, '-infinity'::DOUBLE ni, -3 neg, 3.14159265358979::DECIMAL(38,14) d, 0.1::DOUBLE dd, -1.5::DECIMAL(4,2) nd, TIME '10:11:12' tm, NULL z,
     UUID '12345678-1234-5678-1234-567812345678' u, true b, 1.1::FLOAT fl, 255::UTINYINT ut, 18446744073709551615::UBIGINT ub, DATE '0044-03-15' ides FROM odd`,
  ],
  [
    'constants of bytes',
    `SELECT id, '${ALL_BYTES}'::BLOB b, ['\\xFF'::BLOB, ''::BLOB, NULL] l, {'it''s': '\\x27'::BLOB} s, unhex('00') || encode(word) c FROM odd
     WHERE encode(word) > '\\x00"\\x27\\x5C'::BLOB`,
  ],
  [
    'constants of maps',
    "SELECT id, MAP {'x': [1, 2], 'it''s': NULL} m, MAP {} n, [MAP {1: '\\xAA'::BLOB}] l, MAP {'x': id} v FROM odd",
  ],
  ['range', 'SELECT range AS i, range * 2 FROM range(10)'],
  ['generate_series', 'SELECT * FROM generate_series(3, 30, 9) g(x) WHERE x > 5'],
  [
    'expressions',
    `SELECT delay / 2, delay // 3, delay % 3, -delay, origin LIKE 'A%', origin ILIKE 'a1%', delay::VARCHAR, TRY_CAST(origin AS INTEGER), CASE WHEN delay = 1 THEN 'x' WHEN delay > 5 THEN 'y' END,
     coalesce(destination, 'z'), extract(dow FROM date), origin || 'z', date_trunc('month', date), strftime(date, '%Y-%m'), origin[1:2], substring(origin, 2, 1), round(delay / 7, 2), date + INTERVAL 3 DAY,
     greatest(delay, 5), nullif(delay, 3), delay BETWEEN 1 AND 9, delay IS NULL, NOT (delay > 3), regexp_replace(origin, 'A', 'b'), regexp_extract(origin, '(A)(.)', 2), year(date), date_part('hour', date), upper(origin), md5(origin) FROM flights`,
  ],
  [
    'decimal arithmetic',
    'SELECT price * (1 - discount) * (1 + tax), price / quantity, price - tax, quantity % 7, -price, round(price, 1), abs(discount - tax) FROM order_lines',
  ],
  [
    'lists and structs',
    `SELECT list_transform(items, lambda x: x + id), list_filter(items, lambda x: x > 1), pair.a, {'p': id, 'q': word}.q, items[1], items[1:2], list_sort(items, 'DESC', 'NULLS LAST'), len(items), map {'k': id}['k'], list_value(id, 2), list_contains(items, 2) FROM odd`,
  ],
  ['nested lambda', 'SELECT list_transform([[id, 1], [2]], lambda x: list_transform(x, lambda y: y + id)) FROM odd'],
  [
    'enum and time zone',
    "SELECT mood, moment, mood = 'mood1', date_trunc('day', moment), moment + INTERVAL 1 DAY, year(moment), CAST(moment AS DATE), moment::TIMESTAMP, moment::VARCHAR FROM odd",
  ],
  ['quoted names', 'SELECT "a b", "select" FROM "Two Words" WHERE "a b" > 190'],
  ['count', 'SELECT count(*) FROM flights'],
  ['count empty', "SELECT count(*), count(id), sum(id), avg(f), min(word), max(d), list(id), string_agg(word, ',') FROM nobody"],
  ['group empty', 'SELECT word, count(*) FROM nobody GROUP BY word'],
  [
    'aggregates',
    'SELECT origin, count(*), count(delay), sum(delay), min(delay), max(distance), avg(delay) FROM flights GROUP BY origin',
  ],
  ['aggregates global', 'SELECT count(*), count(delay), sum(delay), min(date), max(destination), avg(distance) FROM flights'],
  [
    'aggregates of decimals',
    'SELECT return_flag, line_status, sum(quantity), sum(price), sum(price * (1 - discount)), sum(price * (1 - discount) * (1 + tax)), avg(quantity), avg(price), avg(discount), count(*) FROM order_lines GROUP BY ALL ORDER BY 1, 2',
  ],
  [
    'aggregates with filter',
    'SELECT origin, count(*) FILTER (WHERE delay > 50), sum(distance) FILTER (WHERE delay IS NULL), avg(delay) FILTER (WHERE distance > 2000), min(delay) FILTER (WHERE delay > 190), stddev(delay) FILTER (WHERE delay > 150) FROM flights GROUP BY origin',
  ],
  [
    'variance',
    'SELECT origin, stddev(delay), stddev_pop(delay), var_samp(delay), variance(distance), var_pop(distance) FROM flights GROUP BY 1',
  ],
  ['variance far from zero', 'SELECT stddev(far), var_pop(far), stddev_samp(far) FROM odd'],
  ['variance of one', 'SELECT stddev(id), var_pop(id), var_samp(id) FROM odd WHERE id = 7'],
  [
    'booleans and bits',
    'SELECT tiny, bool_and(flag), bool_or(flag), bit_and(id), bit_or(id), bit_xor(id), product(tiny) FROM odd GROUP BY tiny',
  ],
  ['hugeint', 'SELECT flag, sum(big), min(big), max(big), count(big) FROM odd GROUP BY flag'],
  ['nan', 'SELECT flag, max(f), min(f), sum(f), count(f) FROM odd GROUP BY flag'],
  ['nan order', 'SELECT id, f FROM odd ORDER BY f DESC NULLS LAST, id LIMIT 80'],
  [
    'extremes',
    'SELECT origin, arg_max(distance, date), arg_min(destination, date), max_by(delay, date), arg_max(delay, date) FILTER (WHERE delay > 100) FROM flights GROUP BY 1',
  ],
  [
    'any value',
    "SELECT any_value(word) IS NOT NULL, first(flag) IS NOT NULL, any_value(mood) IS NOT NULL FROM odd WHERE word = 'x'",
  ],
  ['first of few', 'SELECT first(word) FROM odd WHERE id = 391'],
  [
    'list',
    "SELECT origin, list_sort(list(distance)), length(string_agg(origin, '; ')), list_sort(list(delay) FILTER (WHERE delay > 190)) FROM flights GROUP BY 1",
  ],
  ['enum key', 'SELECT mood, count(*), max(moment), min(pair), max(items) FROM odd GROUP BY mood'],
  ['count distinct', 'SELECT origin, count(DISTINCT destination), count(*), sum(delay), avg(distance) FROM flights GROUP BY 1'],
  ['count distinct global', 'SELECT count(DISTINCT origin), count(*) FROM flights'],
  [
    'distinct of one argument',
    'SELECT line_status, count(DISTINCT part_key), sum(DISTINCT part_key), avg(DISTINCT part_key), max(DISTINCT part_key) FROM order_lines GROUP BY 1',
  ],
  [
    'distinct of several',
    'SELECT return_flag, count(DISTINCT part_key), sum(DISTINCT quantity), count(DISTINCT ship_mode) FILTER (WHERE quantity > 10), sum(price) FROM order_lines GROUP BY 1',
  ],
  [
    'distinct empty',
    'SELECT count(DISTINCT part_key), sum(DISTINCT quantity), count(DISTINCT ship_mode), count(*) FROM order_lines WHERE order_key < 0',
  ],
  ['group by expression', "SELECT date_trunc('day', date) AS day, delay > 0 AS late, count(*) FROM flights GROUP BY 1, 2"],
  ['group by null', 'SELECT destination, count(*) FROM flights GROUP BY destination'],
  ['having', 'SELECT origin, avg(delay) a FROM flights GROUP BY 1 HAVING count(*) > 30 AND avg(delay) > 90'],
  ['order after group', 'SELECT origin, count(*) n FROM flights GROUP BY 1 ORDER BY n DESC, origin'],
  [
    'rollup',
    'SELECT return_flag, line_status, grouping(return_flag, line_status) g, grouping(line_status) g2, count(*) FILTER (WHERE order_key % 2 = 0), avg(price), count(*) FROM order_lines GROUP BY ROLLUP (1, 2)',
  ],
  ['cube with distinct', 'SELECT return_flag, line_status, count(DISTINCT part_key) FROM order_lines GROUP BY CUBE (1, 2)'],
  [
    'grouping sets of nothing',
    'SELECT ship_mode, count(*) FROM order_lines WHERE order_key < 0 GROUP BY GROUPING SETS ((ship_mode), ())',
  ],
  [
    'two levels',
    'SELECT n, count(*) FROM (SELECT order_key, count(*) n FROM order_lines WHERE quantity > 25 GROUP BY 1) GROUP BY 1',
  ],
  ['distinct rows', 'SELECT DISTINCT origin, delay > 100 FROM flights'],
  ['distinct on', 'SELECT DISTINCT ON (origin) origin, date, delay FROM flights ORDER BY origin, date DESC'],
  ['top n', 'SELECT origin, delay, date FROM flights ORDER BY delay DESC NULLS LAST, date LIMIT 7'],
  ['top n nulls first', 'SELECT delay, date FROM flights ORDER BY delay NULLS FIRST, date LIMIT 30'],
  ['top n offset', 'SELECT date FROM flights ORDER BY date DESC LIMIT 10 OFFSET 5'],
  ['top n expression', 'SELECT origin, date FROM flights ORDER BY delay + distance DESC NULLS LAST, date LIMIT 5'],
  ['limit', 'SELECT count(*) FROM (SELECT * FROM flights LIMIT 123)'],
  ['limit zero', 'SELECT * FROM flights LIMIT 0'],
  ['limit offset', 'SELECT count(*) FROM (SELECT * FROM flights LIMIT 123 OFFSET 950)'],
  ['offset', 'SELECT count(*) FROM (SELECT * FROM flights OFFSET 123)'],
  [
    'union all',
    'SELECT origin FROM flights WHERE delay > 150 UNION ALL SELECT iata FROM airports UNION ALL SELECT ship_mode FROM order_lines',
  ],
  [
    'union all then group',
    "SELECT k, count(*) FROM (SELECT origin k FROM flights UNION ALL SELECT destination FROM flights UNION ALL SELECT 'A00') GROUP BY k",
  ],
  ['union', 'SELECT origin FROM flights UNION SELECT iata FROM airports'],
  [
    'union top n',
    'SELECT k FROM (SELECT part_key k FROM order_lines UNION ALL SELECT delay FROM flights) ORDER BY k DESC NULLS LAST LIMIT 9',
  ],
  ['unnest', 'SELECT id, unnest(items) FROM odd'],
  ['unnest then group', "SELECT w, count(*) FROM (SELECT unnest(string_split(comment, ' ')) w FROM order_lines) GROUP BY w"],
  [
    'lateral',
    'SELECT a.iata, x.c, x.m FROM airports a, LATERAL (SELECT count(*) c, max(delay) m FROM flights WHERE origin = a.iata) x',
  ],
  [
    'pivot',
    "SELECT * FROM (SELECT return_flag, ship_mode FROM order_lines) PIVOT (count(*) FOR ship_mode IN ('AIR', 'MAIL') GROUP BY return_flag)",
  ],
  ['unpivot', 'SELECT * FROM (SELECT id, tiny, id * 2 AS twice FROM odd) UNPIVOT (v FOR k IN (id, twice))'],
  [
    'case sum',
    "SELECT ship_mode, sum(CASE WHEN return_flag = 'A' THEN 1 ELSE 0 END), 100.00 * sum(CASE WHEN line_status = 'O' THEN price ELSE 0 END) / sum(price) FROM order_lines GROUP BY 1",
  ],
  [
    'clocks',
    "SELECT now() > TIMESTAMP '2020-01-01', current_date, today() - DATE '2020-01-01', current_timestamp, count(*) FROM flights WHERE date < now() GROUP BY ALL",
  ],
  [
    'distinct on of a union',
    'SELECT DISTINCT ON (id, whole) id, whole, weight FROM (SELECT * FROM keys UNION ALL SELECT * FROM keys) ORDER BY id, whole, weight DESC',
  ],
  ['named query', 'WITH late AS (FROM flights WHERE delay > 60) SELECT origin, delay FROM late'],
  [
    'named groups',
    'WITH busy AS (SELECT origin, count(*) AS n FROM flights GROUP BY origin) SELECT origin FROM busy WHERE n > 2',
  ],
  ['count of a union', 'SELECT count(*) FROM (SELECT origin FROM flights UNION ALL SELECT iata FROM airports)'],
];

/** Queries that are distributed: none may fall back. */
export const DISTRIBUTED: readonly (readonly [name: string, sql: string])[] = [...PLAIN, ...JOINS, ...SHUFFLES];

/** Everything else that DuckDB can run: the answer is right and the plan says what it gathered. */
export const FALLING_BACK: readonly (readonly [name: string, sql: string, scope: 'operator' | 'query'])[] = [
  [
    'window ranks',
    'SELECT id, rank() OVER (ORDER BY tiny), dense_rank() OVER (ORDER BY tiny DESC), ntile(4) OVER (ORDER BY id), count(*) FILTER (WHERE flag) OVER (PARTITION BY tiny), first_value(id) OVER (ORDER BY id) FROM odd',
    'operator',
  ],
  ['median of all', 'SELECT median(delay), mode(origin) FROM flights', 'operator'],
  [
    'window with and without keys',
    'SELECT id, row_number() OVER (ORDER BY id) n, sum(weight) OVER (PARTITION BY mood) s, count(*) OVER () FROM keys',
    'operator',
  ],
  ['rollup of medians', 'SELECT return_flag, ship_mode, median(price) FROM order_lines GROUP BY ROLLUP (1, 2)', 'operator'],
  [
    'full join without keys',
    'SELECT count(*), count(a.id), count(b.id) FROM keys a FULL JOIN other_keys b ON a.weight + 70 < b.weight',
    'operator',
  ],
  ['limit percent', 'SELECT count(*) FROM (SELECT * FROM flights LIMIT 10%)', 'operator'],
  ['sample rows', 'SELECT count(*) FROM (SELECT * FROM flights USING SAMPLE 50 ROWS)', 'operator'],
  [
    'recursive',
    'WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 5) SELECT i, count(*) FROM r JOIN flights ON delay = i GROUP BY 1',
    'query',
  ],
  ['positional join', 'SELECT count(*) FROM airports POSITIONAL JOIN flights', 'query'],
  ['lateral unnest', "SELECT f.date, u.w FROM flights f, unnest(string_split(f.origin, '0')) u(w)", 'query'],
  ['list reduce', 'SELECT id, list_reduce([id, 2, 3], lambda x, y: x + y) FROM odd', 'query'],
  [
    'name of its own',
    'WITH RECURSIVE flights AS (SELECT 1 AS delay UNION ALL SELECT delay + 1 FROM flights WHERE delay < 3) SELECT sum(delay) FROM flights',
    'query',
  ],
  [
    'qualified names',
    'SELECT count(*), max(a.latitude) FROM main.airports a POSITIONAL JOIN main.flights f WHERE now() > f.date',
    'query',
  ],
  [
    'pair comparison',
    'SELECT count(*) FROM flights WHERE (origin, destination) NOT IN (SELECT iata, name FROM airports) OR delay = 1',
    'query',
  ],
  ['constants without a form', "SELECT id, TIMESTAMP_NS '2020-01-01 00:00:00' AS n FROM odd", 'query'],
];
