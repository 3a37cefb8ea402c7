/** Joins and subqueries that may not fall back, and the traps of facts/planner.md among them. */
export const JOINS: readonly (readonly [name: string, sql: string])[] = [
  [
    'join',
    "SELECT f.date, a.city, f.delay FROM flights f JOIN airports a ON f.origin = a.iata WHERE a.state = 'CA' AND f.delay > 100",
  ],
  ['join then group', 'SELECT a.state, count(*), avg(f.delay) FROM flights f JOIN airports a ON f.origin = a.iata GROUP BY 1'],
  [
    'join of three',
    'SELECT o.state, d.state, count(*), sum(distance) FROM flights f JOIN airports o ON f.origin = o.iata JOIN airports d ON f.destination = d.iata GROUP BY 1, 2',
  ],
  [
    'join of big sides',
    'SELECT count(*), sum(a.price) FROM order_lines a JOIN order_lines b ON a.order_key = b.order_key AND a.line_number < b.line_number',
  ],
  ['left join', 'SELECT f.origin, a.city, count(*) FROM flights f LEFT JOIN airports a ON f.destination = a.iata GROUP BY 1, 2'],
  [
    'left join with residual',
    'SELECT count(*), count(a.city), sum(a.latitude) FROM flights f LEFT JOIN airports a ON f.origin = a.iata AND f.delay > a.latitude AND f.distance > 500',
  ],
  ['right join', 'SELECT a.iata, f.delay FROM airports a RIGHT JOIN flights f ON f.origin = a.iata'],
  [
    'small left join big',
    'SELECT a.iata, count(f.delay) FROM airports a LEFT JOIN flights f ON f.origin = a.iata AND f.delay > 190 GROUP BY 1',
  ],
  ['semi', 'SELECT count(*) FROM flights WHERE origin IN (SELECT iata FROM airports WHERE latitude > 10)'],
  [
    'exists',
    'SELECT count(*), sum(delay) FROM flights WHERE EXISTS (SELECT 1 FROM airports WHERE iata = origin AND latitude * 5 > delay)',
  ],
  ['not exists', 'SELECT count(*) FROM flights f WHERE NOT EXISTS (SELECT 1 FROM airports a WHERE a.iata = f.destination)'],
  ['not in', 'SELECT count(*) FROM flights WHERE origin NOT IN (SELECT iata FROM airports)'],
  ['not in with null inside', 'SELECT count(*) FROM flights WHERE origin NOT IN (SELECT city FROM airports)'],
  ['not in with null outside', 'SELECT count(*) FROM flights WHERE destination NOT IN (SELECT iata FROM airports)'],
  [
    'mark in an expression',
    'SELECT destination IN (SELECT iata FROM airports) m, origin NOT IN (SELECT city FROM airports) n, count(*) FROM flights GROUP BY 1, 2',
  ],
  [
    'exists or',
    'SELECT count(*) FROM flights f WHERE delay = 1 OR EXISTS (SELECT 1 FROM airports WHERE iata = f.destination AND latitude > 20)',
  ],
  [
    'not exists or, null keys',
    'SELECT count(*) FROM flights f WHERE delay = 1 OR NOT EXISTS (SELECT 1 FROM airports WHERE iata = f.destination)',
  ],
  [
    'any and all',
    'SELECT count(*) FROM flights WHERE delay > ALL (SELECT latitude * 3 FROM airports) OR delay < ANY (SELECT longitude FROM airports WHERE latitude < 3)',
  ],
  ['scalar subquery', 'SELECT count(*) FROM flights WHERE delay > (SELECT avg(delay) FROM flights)'],
  ['correlated scalar', 'SELECT date, (SELECT city FROM airports WHERE iata = origin) FROM flights'],
  [
    'correlated aggregate',
    'SELECT order_key, line_number FROM order_lines o WHERE quantity > (SELECT avg(quantity) FROM order_lines i WHERE i.part_key = o.part_key)',
  ],
  ['correlated count', 'SELECT iata, (SELECT count(*) FROM flights WHERE origin = iata) FROM airports'],
  ['cross product', 'SELECT count(*), sum(a.latitude * b.latitude) FROM airports a, airports b'],
  [
    'inequality join',
    'SELECT a.iata, count(*) FROM flights f JOIN airports a ON f.delay BETWEEN a.latitude AND a.latitude + 3 GROUP BY 1',
  ],
  ['like join', "SELECT count(*) FROM flights f JOIN airports a ON a.iata LIKE f.origin || '%'"],
  [
    'null-safe join',
    'SELECT count(*) FROM flights f JOIN (SELECT DISTINCT destination d FROM flights) x ON f.destination IS NOT DISTINCT FROM x.d',
  ],
  [
    'asof join',
    "SELECT order_key, s.v FROM order_lines ASOF JOIN (VALUES (DATE '1992-06-01', 1), (DATE '1994-06-01', 2), (DATE '1997-06-01', 3)) s(d, v) ON ship_date >= s.d",
  ],
  [
    'join of aggregates',
    'SELECT a.origin, a.n, b.m FROM (SELECT origin, count(*) n FROM flights GROUP BY 1) a JOIN (SELECT destination, count(*) m FROM flights GROUP BY 1) b ON a.origin = b.destination',
  ],
  [
    'shared expression',
    'WITH m AS (SELECT origin, sum(delay) s FROM flights GROUP BY 1) SELECT count(*) FROM m a JOIN m b ON a.s >= b.s',
  ],
  [
    'shared rows',
    'WITH m AS MATERIALIZED (SELECT origin, delay FROM flights WHERE delay > 50) SELECT a.origin, count(*) FROM m a JOIN (SELECT origin, max(delay) d FROM m GROUP BY 1) b ON a.origin = b.origin AND a.delay = b.d GROUP BY 1',
  ],
  // Keys that must meet.
  ['int and bigint keys', 'SELECT count(*), sum(a.id), sum(b.id) FROM keys a JOIN other_keys b ON a.whole = b.whole'],
  [
    'int and bigint keys, null-safe',
    'SELECT count(*), sum(a.id), sum(b.id) FROM keys a JOIN other_keys b ON a.whole IS NOT DISTINCT FROM b.whole',
  ],
  ['NaN and zero keys', 'SELECT a.real, count(*), sum(b.id) FROM keys a JOIN other_keys b ON a.real = b.real GROUP BY 1'],
  [
    'NaN and zero keys, outer',
    'SELECT count(*), count(a.id), count(b.id), sum(a.id), sum(b.id) FROM keys a FULL JOIN other_keys b ON a.real = b.real',
  ],
  [
    'decimal keys of two scales',
    'SELECT a.amount, b.amount, count(*) FROM keys a JOIN other_keys b ON a.amount = b.amount GROUP BY 1, 2',
  ],
  ['text keys keep blanks', 'SELECT a.word, b.word, count(*) FROM keys a JOIN other_keys b ON a.word = b.word GROUP BY 1, 2'],
  ['hugeint keys', 'SELECT a.huge, count(*), max(b.id) FROM keys a JOIN other_keys b ON a.huge = b.huge GROUP BY 1'],
  ['interval keys', 'SELECT count(*), sum(a.id) FROM keys a JOIN other_keys b ON a.span = b.span'],
  ['enum and text keys', 'SELECT a.mood, count(*), sum(b.weight) FROM keys a JOIN other_keys b ON a.mood = b.mood GROUP BY 1'],
  [
    'list and struct keys',
    'SELECT a.items, b.pair, count(*) FROM keys a JOIN other_keys b ON a.items = b.items AND a.pair = b.pair GROUP BY ALL',
  ],
  ['date and timestamp keys', 'SELECT a.day, count(*), sum(b.id) FROM keys a JOIN other_keys b ON a.day = b.day GROUP BY 1'],
  [
    'expression keys',
    'SELECT count(*), sum(a.weight * b.weight) FROM keys a JOIN other_keys b ON a.whole % 7 = b.whole % 11 AND lower(a.word) = upper(b.word)',
  ],
  // Rows without a match, and more conditions than the keys.
  ['big left join', 'SELECT a.id, b.id, b.whole FROM keys a LEFT JOIN other_keys b ON a.whole = b.whole AND a.weight < b.weight'],
  [
    'big right join',
    'SELECT a.id, a.whole, b.id FROM keys a RIGHT JOIN other_keys b ON a.whole = b.whole AND a.weight + b.weight > 120',
  ],
  [
    'big full join',
    'SELECT a.id, a.whole, b.id, b.whole FROM keys a FULL JOIN other_keys b ON a.whole = b.whole AND a.weight > b.weight',
  ],
  [
    'full join, condition on one side',
    'SELECT a.id, b.id FROM keys a FULL JOIN other_keys b ON a.whole = b.whole AND b.weight < 30 AND a.weight > 20',
  ],
  [
    'right join, condition on one side',
    'SELECT a.id, b.id FROM keys a RIGHT JOIN other_keys b ON a.whole = b.whole AND b.weight < 30',
  ],
  [
    'full join, condition on both sides',
    'SELECT a.id, a.whole, b.id, b.whole FROM keys a FULL JOIN other_keys b ON a.whole = b.whole AND a.weight + b.weight > 150',
  ],
  [
    'left join, condition on both sides',
    'SELECT a.id, b.id FROM keys a LEFT JOIN other_keys b ON a.whole IS NOT DISTINCT FROM b.whole AND (a.weight + b.weight) % 50 = 1',
  ],
  [
    'not exists, condition on both sides',
    'SELECT id FROM keys a WHERE NOT EXISTS (SELECT 1 FROM other_keys b WHERE b.whole = a.whole AND (a.weight + b.weight) % 10 = 1)',
  ],
  [
    'exists, condition on both sides',
    'SELECT id FROM keys a WHERE EXISTS (SELECT 1 FROM other_keys b WHERE b.whole = a.whole AND (a.weight + b.weight) % 50 = 1)',
  ],
  [
    'few left join many, condition on both sides',
    'SELECT v.k, b.id FROM (VALUES (1, 5), (2, 6), (77, 7)) v(k, n) LEFT JOIN other_keys b ON v.k = b.whole AND (v.n + b.weight) % 3 = 0',
  ],
  [
    'full join then group',
    'SELECT coalesce(a.whole, b.whole) k, count(*), sum(a.weight), sum(b.weight) FROM keys a FULL JOIN other_keys b USING (whole) GROUP BY 1',
  ],
  ['big semi', 'SELECT id FROM keys WHERE whole IN (SELECT whole FROM other_keys WHERE weight > 50)'],
  ['big anti', 'SELECT id, whole FROM keys a WHERE NOT EXISTS (SELECT 1 FROM other_keys b WHERE b.whole = a.whole)'],
  [
    'big exists with residual',
    'SELECT id FROM keys a WHERE EXISTS (SELECT 1 FROM other_keys b WHERE b.whole = a.whole AND b.weight > a.weight)',
  ],
  [
    'big not exists with residual',
    'SELECT id FROM keys a WHERE NOT EXISTS (SELECT 1 FROM other_keys b WHERE b.whole = a.whole AND b.weight <> a.weight)',
  ],
  ['big not in, null inside', 'SELECT count(*) FROM keys WHERE whole NOT IN (SELECT whole FROM other_keys)'],
  [
    'big not in, null outside',
    'SELECT count(*), count(whole) FROM keys WHERE whole NOT IN (SELECT whole FROM other_keys WHERE whole > 20)',
  ],
  [
    'big not in, nothing inside',
    'SELECT count(*), count(whole) FROM keys WHERE whole NOT IN (SELECT whole FROM other_keys WHERE whole > 2000)',
  ],
  [
    'correlated not in',
    'SELECT count(*) FROM keys a WHERE weight NOT IN (SELECT weight FROM other_keys b WHERE b.whole = a.whole)',
  ],
  [
    'correlated mark',
    'SELECT whole, count(*), count(*) FILTER (WHERE weight IN (SELECT weight FROM other_keys b WHERE b.whole = a.whole)) FROM keys a GROUP BY 1',
  ],
  ['correlated sum of big sides', 'SELECT id, (SELECT sum(b.weight) FROM other_keys b WHERE b.whole = a.whole) FROM keys a'],
  ['correlated row of big sides', 'SELECT id, (SELECT b.weight FROM other_keys b WHERE b.id = a.id) FROM keys a'],
  [
    'asof with keys',
    'SELECT a.id, b.id FROM keys a ASOF JOIN (SELECT whole, day::DATE AS day, max(id) AS id FROM other_keys GROUP BY ALL) b ON a.whole = b.whole AND a.day >= b.day',
  ],
  [
    'asof left with keys',
    'SELECT a.id, b.id FROM keys a ASOF LEFT JOIN (SELECT whole, day::DATE AS day, max(id) AS id FROM other_keys GROUP BY ALL) b ON a.whole = b.whole AND a.day >= b.day',
  ],
  // A few rows beside many.
  [
    'few left join many',
    "SELECT v.k, v.n, count(b.id), sum(b.id) FROM (VALUES (1, 'x'), (3, 'y'), (3, 'y'), (NULL, 'z'), (999, 'w')) v(k, n) LEFT JOIN other_keys b ON v.k = b.whole GROUP BY ALL",
  ],
  [
    'many right join few',
    'SELECT v.k, a.id FROM keys a RIGHT JOIN (VALUES (1, 5), (1, 5), (39, 99), (NULL, 0)) v(k, n) ON v.k = a.whole AND a.weight > v.n',
  ],
  ['few semi many', 'SELECT * FROM (VALUES (1), (1), (NULL), (59), (60)) v(k) WHERE k IN (SELECT whole FROM other_keys)'],
  [
    'few anti many',
    'SELECT * FROM (VALUES (1), (NULL), (59), (60), (60)) v(k) WHERE NOT EXISTS (SELECT 1 FROM other_keys WHERE whole = k)',
  ],
  [
    'few full join many',
    'SELECT v.k, b.whole, count(*) FROM (VALUES (1), (3), (NULL), (999)) v(k) FULL JOIN other_keys b ON v.k = b.whole GROUP BY ALL',
  ],
  [
    'few left join joined',
    'SELECT v.k, x.n FROM (VALUES (1), (2), (777)) v(k) LEFT JOIN (SELECT a.whole, a.id + b.id n FROM keys a JOIN other_keys b ON a.id = b.id WHERE a.weight < 30) x ON x.whole = v.k',
  ],
  [
    'nothing join many',
    'SELECT count(*), sum(b.id) FROM (SELECT * FROM keys WHERE weight > 1000) a JOIN other_keys b ON a.whole = b.whole',
  ],
  [
    'nothing left join many',
    'SELECT * FROM (SELECT id, whole FROM keys WHERE weight > 1000) a LEFT JOIN other_keys b ON a.whole = b.whole',
  ],
  [
    'many left join nothing',
    'SELECT a.id, b.id FROM keys a LEFT JOIN (SELECT * FROM other_keys WHERE weight > 1000) b ON a.whole = b.whole',
  ],
  // Rows that are where they are wanted already.
  [
    'join then group by key',
    'SELECT a.whole, count(*), sum(b.weight), median(b.weight) FROM keys a JOIN other_keys b ON a.whole = b.whole GROUP BY 1',
  ],
  [
    'left join then group by right key',
    'SELECT b.whole, count(*), median(a.weight) FROM keys a LEFT JOIN other_keys b ON a.whole = b.whole GROUP BY 1',
  ],
  [
    'three by one key',
    'SELECT count(*), sum(a.id + b.id + c.id) FROM keys a JOIN other_keys b ON a.id = b.id JOIN order_lines c2 ON c2.order_key = b.id JOIN odd c ON c.id = a.id',
  ],
  [
    'join of grouped by one key',
    'SELECT x.whole, n, m FROM (SELECT whole, median(weight) n FROM keys GROUP BY 1) x JOIN (SELECT whole, median(weight) m FROM other_keys GROUP BY 1) y ON x.whole = y.whole',
  ],
  [
    'grouped join scan',
    'SELECT x.n, count(*) FROM (SELECT whole, median(weight) n FROM keys GROUP BY 1) x LEFT JOIN other_keys y ON x.whole = y.whole GROUP BY 1',
  ],
  [
    'join by two, group by one',
    'SELECT a.whole, count(DISTINCT a.id), count(*) FROM keys a JOIN other_keys b ON a.whole = b.whole AND a.mood = b.mood GROUP BY 1',
  ],
  [
    'self join of a shared query',
    'WITH m AS MATERIALIZED (SELECT whole, weight, id FROM keys WHERE weight > 20) SELECT count(*), sum(x.weight * y.weight) FROM m x JOIN m y ON x.whole = y.whole AND x.id < y.id',
  ],
  [
    'join above union all',
    'SELECT count(*), sum(b.weight) FROM (SELECT whole FROM keys UNION ALL SELECT whole FROM other_keys UNION ALL SELECT 5) u JOIN other_keys b ON u.whole = b.whole',
  ],
  [
    'union all of joins',
    'SELECT a.id FROM keys a JOIN other_keys b ON a.whole = b.whole UNION ALL SELECT b.id FROM keys a JOIN other_keys b ON a.amount = b.amount',
  ],
  [
    'join, then top rows',
    'SELECT a.id, b.id FROM keys a JOIN other_keys b ON a.whole = b.whole ORDER BY a.weight DESC, a.id, b.id LIMIT 11',
  ],
];
