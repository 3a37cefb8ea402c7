/** The author's library on a real grid: frames, queries with values, functions over rows; beside answers computed plainly. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Connection, expr, ProblemError } from '../client/index.ts';
import { airportsFile, flightsFile } from './data.ts';
import { type HeadlessGrid, startHeadlessGrid } from './headless-grid.ts';

interface Flight {
  readonly origin: string;
  readonly destination: string;
  readonly delay: bigint;
  readonly distance: bigint;
}

let headless: HeadlessGrid;
let grid: Connection;

beforeAll(async () => {
  headless = await startHeadlessGrid();
  await headless.grid.dataset('flights', flightsFile());
  await headless.grid.dataset('airports', airportsFile());
  grid = headless.grid.admin;
}, 60_000);

afterAll(() => headless?.close());

/** Each byte once. */
const BYTES = Uint8Array.from({ length: 256 }, (_, byte) => byte);
const bytesOf = (text: string) => new TextEncoder().encode(text);

/** Native DuckDB's rows: its wide integers are text. */
const native = async (sql: string) => (await headless.grid.native.query(sql)).result.rows;
const cells = (rows: readonly object[]) =>
  rows.map((row) => Object.values(row).map((v) => (typeof v === 'bigint' ? String(v) : v)));
const flights = () => grid.table<Flight>('flights');

test('where, groupBy, agg, orderBy, limit', async () => {
  const rows = await flights()
    .where(expr`delay > ${60} AND origin <> ${"O'Hare"}`)
    .groupBy('origin')
    .agg({ n: 'count(*)', worst: 'max(delay)' })
    .orderBy('n DESC', 'origin')
    .limit(5)
    .collect();
  const sql =
    "SELECT origin, count(*), max(delay) FROM flights WHERE delay > 60 AND origin <> 'O''Hare' GROUP BY origin ORDER BY 2 DESC, 1 LIMIT 5";
  expect(cells(rows)).toEqual(await native(sql));
  expect(typeof rows[0]?.n).toBe('bigint');
});

test('columns: select, withColumn, rename, drop', async () => {
  const rows = await flights()
    .where('delay > 600')
    .select('origin', 'delay', 'distance')
    .withColumn('hours', 'delay / 60.0')
    .withColumn('DELAY', 'delay + 1')
    .rename({ origin: 'from' })
    .drop('distance')
    .orderBy('"DELAY" DESC', '"from"')
    .take(3);
  expect(Object.keys(rows[0] ?? {})).toEqual(['from', 'hours', 'DELAY']);
  const sql = 'SELECT origin, delay / 60.0, delay + 1 FROM flights WHERE delay > 600 ORDER BY delay DESC, origin LIMIT 3';
  expect(cells(rows)).toEqual(await native(sql));
});

test.each([
  ['inner', 'INNER JOIN'],
  ['left', 'LEFT JOIN'],
  ['right', 'RIGHT JOIN'],
  ['full', 'FULL JOIN'],
] as const)('a join by name: %s', async (how, words) => {
  const late = flights().where('delay > 900').select('origin', 'delay');
  const places = grid.table<{ iata: string; city: string }>('airports').where("state = 'TX'").select('iata', 'city');
  const joined = late.join(places.rename({ iata: 'origin' }), ['origin'], how);
  const rows = await joined.orderBy('origin', 'delay', 'city').collect();
  const sql = `SELECT origin, delay, city FROM (SELECT origin, delay FROM flights WHERE delay > 900) ${words}
    (SELECT iata AS origin, city FROM airports WHERE state = 'TX') USING (origin) ORDER BY 1, 2, 3`;
  expect(cells(rows)).toEqual(await native(sql));
});

test('joins by SQL over l and r: semi and anti keep one side', async () => {
  const texas = grid.table('airports').where("state = 'TX'");
  const origins = flights().select('origin').distinct();
  const [inside, outside, all] = await Promise.all([
    origins.join(texas, 'l.origin = r.iata', 'semi').count(),
    origins.join(texas, 'l.origin = r.iata', 'anti').count(),
    origins.count(),
  ]);
  expect(inside + outside).toBe(all);
  expect([[String(inside)]]).toEqual(
    await native("SELECT count(DISTINCT origin) FROM flights WHERE origin IN (SELECT iata FROM airports WHERE state = 'TX')"),
  );
});

test('union by name, crossJoin, distinct', async () => {
  const a = grid.sql<{ x: number; y: string }>`SELECT 1 AS x, 'a' AS y`;
  const b = grid.sql<{ x: number; y: string }>`SELECT 'b' AS y, 2 AS x`;
  const rows = await a.union(b).union(a).distinct().crossJoin(grid.sql<{ z: number }>`SELECT 7 AS z`).orderBy('x').collect();
  expect(rows).toEqual([
    { x: 1, y: 'a', z: 7 },
    { x: 2, y: 'b', z: 7 },
  ]);
});

test('values of every kind come back from a query as they went in', async () => {
  const [row] = await grid.sql`SELECT ${7} AS small, ${-2.5} AS half, ${2 ** 53} AS large, ${12345678901234567890n} AS huge,
    ${-1n} AS big, ${"it's --"} AS text, ${'nul\0in'} AS nul, ${new Date(1e12)} AS at, ${[1, 2]} AS list, ${null} AS nothing, ${NaN} AS nan,
    ${true} AS yes, 2 IN ${[1, 2]} AS within, ${BYTES} AS bytes, ${[BYTES, new Uint8Array(0)]} AS several,
    ${BYTES} = unhex(${Buffer.from(BYTES).toString('hex')}) AS same`.collect();
  expect(row).toEqual({
    small: 7,
    half: -2.5,
    large: 2 ** 53,
    huge: 12345678901234567890n,
    big: -1n,
    text: "it's --",
    nul: 'nul\0in',
    at: '2001-09-09T01:46:40',
    list: [1, 2],
    nothing: null,
    nan: Number.NaN,
    yes: true,
    within: true,
    bytes: BYTES,
    several: [BYTES, new Uint8Array(0)],
    same: true,
  });
  const coded = grid.sql<{ code: Uint8Array }>`SELECT encode(iata) AS code FROM airports`.where(expr`code = ${bytesOf('ORD')}`);
  expect(await coded.collect()).toEqual([{ code: bytesOf('ORD') }]);
  expect(await coded.filter(({ code }) => code.length === 3 && code[0] === 79).count()).toBe(1);
});

test('functions over rows, between SQL', async () => {
  const rows = await flights()
    .where('distance > 2700')
    .select('origin', 'delay')
    .filter(({ delay }, ctx) => delay > BigInt(ctx.params.above), { params: { above: 100 } })
    .flatMap(
      function* ({ origin, delay }) {
        yield { origin, hours: Number(delay) / 60 };
        yield { origin, hours: 0 };
      },
      { schema: { origin: 'VARCHAR', hours: 'DOUBLE' } },
    )
    .mapPartitions((all) => [...all].filter(({ hours }) => hours > 0), { schema: { origin: 'VARCHAR', hours: 'DOUBLE' } })
    .groupBy('origin')
    .agg({ n: 'count(*)', hours: 'round(sum(hours), 6)' })
    .orderBy('origin')
    .collect();
  const sql =
    'SELECT origin, count(*), round(sum(delay / 60.0), 6) FROM flights WHERE delay > 100 AND distance > 2700 GROUP BY origin ORDER BY origin';
  expect(cells(rows)).toEqual(await native(sql));
});

test('an aggregate in JavaScript, by group', async () => {
  const rows = await flights()
    .where('distance > 2700')
    .groupBy('origin')
    .aggregate(
      {
        zero: () => ({ n: 0, sum: 0 }),
        add: (state, { delay }, ctx) => ({ n: state.n + 1, sum: state.sum + Number(delay) * ctx.params.times }),
        merge: (a, b) => ({ n: a.n + b.n, sum: a.sum + b.sum }),
        finish: ({ n, sum }) => ({ mean: sum / n }),
      },
      { schema: { origin: 'VARCHAR', mean: 'DOUBLE' }, params: { times: 2 } },
    )
    .withColumn('mean', 'round(mean, 6)')
    .orderBy('origin')
    .collect();
  const sql = 'SELECT origin, round(2 * avg(delay), 6) FROM flights WHERE distance > 2700 GROUP BY origin ORDER BY origin';
  expect(cells(rows)).toEqual(await native(sql));
});

test('a query over frames, and a frame of a query', async () => {
  const late = flights().where('delay > 300');
  const names = grid.sql<{ city: string; n: bigint }>`
    SELECT city, count(*) AS n FROM ${late} AS late JOIN airports ON iata = late.origin GROUP BY city ORDER BY n DESC, city`;
  const sql =
    'SELECT city, count(*) FROM flights JOIN airports ON iata = origin WHERE delay > 300 GROUP BY city ORDER BY 2 DESC, 1 LIMIT 4';
  expect(cells(await names.take(4))).toEqual(await native(sql));
  await expect(names.first()).resolves.toMatchObject({ n: expect.any(BigInt) });
});

test('rows stream, and leaving early cancels the job', async () => {
  let rows = 0;
  for await (const { delay } of flights().where('distance > 2700').select('delay').stream())
    if (typeof delay === 'bigint') rows += 1;
  expect([[String(rows)]]).toEqual(await native('SELECT count(*) FROM flights WHERE distance > 2700'));

  const ids: string[] = [];
  for await (const row of flights()
    .select('origin')
    .stream({ onJob: (job) => ids.push(job.id) })) {
    expect(Object.keys(row)).toContain('origin');
    break;
  }
  // It may have ended in the meantime.
  expect(['cancelled', 'successful']).toContain((await grid.job(ids[0] ?? '').wait()).state);
});

test('an abort cancels the job and is what the action rejects with', async () => {
  const stop = new AbortController();
  const endless = grid.sql`SELECT count(*) AS n FROM range(100000) a, range(100000) b WHERE (a.range * b.range) % 7 = 3`;
  const ids: string[] = [];
  const counted = endless.collect({ signal: stop.signal, onJob: (job) => ids.push(job.id), onProgress: () => stop.abort() });
  await expect(counted).rejects.toMatchObject({ name: 'AbortError' });
  expect((await grid.job(ids[0] ?? '').wait()).state).toBe('cancelled');
});

test('errors name the step', async () => {
  const wrong = flights().where('delay > 10').where('delai > 3').count();
  await expect(wrong).rejects.toMatchObject({
    code: 'sql-unknown-column',
    relation: 'where_2',
    hint: expect.stringContaining('delay'),
  });
  const thrown = flights()
    .limit(1)
    .map((row) => ({ x: (row as unknown as { a: { b: number } }).a.b }), { schema: { x: 'DOUBLE' } })
    .collect();
  await expect(thrown).rejects.toMatchObject({ relation: 'map_2', message: expect.stringContaining('in map_2') });
  await expect(thrown).rejects.toBeInstanceOf(ProblemError);
});
