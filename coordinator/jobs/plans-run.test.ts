/** Plans with guests from REST to their rows, on two real tabs without pages; SQL alone says what must come out. */
import { readFile } from 'node:fs/promises';
import { beforeAll, expect, test } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import type { JobId } from '../../shared/ids.ts';
import type { App } from '../app.ts';
import { realTab } from '../local/testing/two-stages.ts';
import { testApp } from '../sessions/testing/app-fixture.ts';
import { grid, ROWS, run, runPlan, sql } from './testing/rows-grid.ts';

beforeAll(loadHashes);

/** Rows of side 0 by their key; each row of the partition meets them. Both have k BIGINT and v BIGINT. */
const PRODUCTS = `import { BATCH, Batch, Output, SIDE } from 'muster';
export { muster1_abi, muster1_alloc, muster1_free } from 'muster';
const others = new Map<i64, i64[]>();
export function muster1_products(event: i32, schema: usize, array: usize): i32 {
  if (event != BATCH && event != SIDE) return 0;
  const rows = new Batch(schema, array), k = rows.column('k'), v = rows.column('v');
  if (event == SIDE) {
    for (let row = 0; row < rows.length; row++) {
      if (!others.has(k.get<i64>(row))) others.set(k.get<i64>(row), []);
      others.get(k.get<i64>(row)).push(v.get<i64>(row));
    }
    return 0;
  }
  const out = new Output(), key = out.add('k', 'l'), product = out.add('product', 'l');
  for (let row = 0; row < rows.length; row++) {
    if (!others.has(k.get<i64>(row))) continue;
    const list = others.get(k.get<i64>(row));
    for (let i = 0; i < list.length; i++) {
      key.push<i64>(k.get<i64>(row));
      product.push<i64>(v.get<i64>(row) * list[i]);
    }
  }
  out.emit();
  return 0;
}
`;

const SCRIPT = `
export const words = ({ line }) => line.split(' ').map((word) => ({ word }));
export const isLong = ({ word }) => word.length > 3;
export const total = {
  zero: () => ({ rows: 0, sum: 0 }),
  add: (state, { v }) => ({ rows: state.rows + 1, sum: state.sum + Number(v) }),
  merge: (a, b) => ({ rows: a.rows + b.rows, sum: a.sum + b.sum }),
  finish: ({ rows, sum }) => ({ rows, sum }),
};
`;
const script = (name: string) => ({ kind: 'script', source: SCRIPT, function: name });

const EXAMPLES = new URL('../../guest/assemblyscript/examples/', import.meta.url);
const example = async (file: string): Promise<string> =>
  (await readFile(new URL(file, EXAMPLES), 'utf8')).replaceAll('../index', 'muster');

async function compiled(app: App, source: string, name: string): Promise<object> {
  const response = await app.inject({ method: 'POST', url: '/v1/modules', payload: { source, language: 'assemblyscript' } });
  expect(response.statusCode, response.body).toBe(201);
  return { kind: 'batch', module: response.json<{ digest: string }>().digest, function: name };
}

/** How many workers succeeded with a task of a stage of the job. */
function workersOf(app: App, jobId: string, stage = 0): number {
  const ends = app.grid.scheduler.story(jobId).filter((line) => line.what === 'attemptEnded' && line.detail?.how === 'succeeded');
  return new Set(ends.filter(({ detail }) => detail?.stage === stage).map(({ detail }) => detail?.workerId)).size;
}

test('scripts: words, a keyed aggregate over two workers, and a chain of queries and guests in one task', async () => {
  const app = await grid();
  const column = (name: string, type: string) => ({ name, type });
  const words = {
    lines: sql('SELECT line FROM rows'),
    words: { kind: 'guest', operation: 'flatMap', input: 'lines', code: script('words'), schema: [column('word', 'VARCHAR')] },
  };
  const split = "(SELECT unnest(string_split(line, ' ')) AS word FROM rows)";

  const counted = await runPlan(app, { ...words, out: sql('SELECT word, count(*) FROM words GROUP BY ALL ORDER BY ALL') });
  expect(counted.rows).toEqual((await run(app, { sql: `SELECT word, count(*) FROM ${split} GROUP BY ALL ORDER BY ALL` })).rows);
  expect(counted.rows).toHaveLength(1501);
  expect(workersOf(app, counted.jobId)).toBe(2);

  const totals = await runPlan(app, {
    totals: {
      kind: 'aggregate',
      input: 'rows',
      keys: ['g'],
      code: script('total'),
      schema: [column('g', 'BIGINT'), column('rows', 'BIGINT'), column('sum', 'DOUBLE')],
    },
    out: sql('SELECT * FROM totals ORDER BY g'),
  });
  expect(totals.rows).toEqual(
    (await run(app, { sql: 'SELECT g, count(*), sum(v)::DOUBLE FROM rows GROUP BY g ORDER BY g' })).rows,
  );
  expect(workersOf(app, totals.jobId)).toBe(2);

  const chain = await runPlan(app, {
    ...words,
    upper: sql("SELECT upper(word) AS word FROM words WHERE word LIKE '%7'"),
    long: { kind: 'guest', operation: 'filter', input: 'upper', code: script('isLong') },
    out: sql('SELECT count(*), min(word), max(word) FROM long'),
  });
  const same = `SELECT count(*), min(upper(word)), max(upper(word)) FROM ${split} WHERE word LIKE '%7' AND length(word) > 3`;
  expect(chain.rows).toEqual((await run(app, { sql: same })).rows);
  const plan = (await app.inject(`/v1/jobs/${chain.jobId}/plan`)).json();
  expect(plan.stages).toHaveLength(2);
  expect(plan.stages[0].fragments[0].steps.map((step: { kind: string }) => step.kind)).toEqual(['guest', 'guest', 'sql']);
}, 90_000);

test('modules: a map over a dataset, a keyed aggregate and a cogroup that joins', async () => {
  const app = await grid();
  const squares = await runPlan(app, {
    x: sql('SELECT v::DOUBLE AS x FROM rows'),
    squares: {
      kind: 'guest',
      operation: 'map',
      input: 'x',
      code: await compiled(app, await example('map.ts'), 'square'),
      schema: [
        { name: 'x', type: 'DOUBLE' },
        { name: 'square', type: 'DOUBLE' },
      ],
    },
    out: sql('SELECT sum(x), sum(square), count(*) FROM squares'),
  });
  expect(squares.rows).toEqual((await run(app, { sql: 'SELECT sum(v)::DOUBLE, sum(v * v)::DOUBLE, count(*) FROM rows' })).rows);

  const schema = [
    { name: 'key', type: 'VARCHAR' },
    { name: 'count', type: 'BIGINT' },
  ];
  const counts = await runPlan(app, {
    keyed: sql("SELECT 'g' || g AS key FROM rows"),
    counts: {
      kind: 'aggregate',
      input: 'keyed',
      keys: ['key'],
      code: await compiled(app, await example('count-by-key.ts'), 'count'),
      state: schema,
      schema,
    },
    out: sql('SELECT * FROM counts ORDER BY key'),
  });
  expect(counts.rows).toEqual((await run(app, { sql: "SELECT 'g' || g AS key, count(*) FROM rows GROUP BY 1 ORDER BY 1" })).rows);

  const joined = await runPlan(app, {
    a: sql('SELECT g AS k, v FROM rows WHERE id % 50 = 0'),
    b: sql('SELECT g AS k, v FROM rows WHERE id % 70 = 0'),
    products: {
      kind: 'cogroup',
      input: 'a',
      other: 'b',
      keys: ['k'],
      code: await compiled(app, PRODUCTS, 'products'),
      schema: [
        { name: 'k', type: 'BIGINT' },
        { name: 'product', type: 'BIGINT' },
      ],
    },
    out: sql('SELECT k, sum(product), count(*) FROM products GROUP BY k ORDER BY k'),
  });
  const join = `WITH a AS (SELECT g AS k, v FROM rows WHERE id % 50 = 0), b AS (SELECT g AS k, v FROM rows WHERE id % 70 = 0)
    SELECT k, sum(a.v * b.v), count(*) FROM a JOIN b USING (k) GROUP BY k ORDER BY k`;
  expect(joined.rows).toEqual((await run(app, { sql: join })).rows);
  expect(joined.rows.length).toBeGreaterThan(900);
}, 90_000);

test('few rows, repartitioned, are worked on by both tabs; the same rows come out of fewer partitions', async () => {
  const app = await grid();
  const square = 'export const square = ({ n }) => ({ n: n * n });';
  const { jobId, rows } = await runPlan(app, {
    numbers: sql('SELECT range AS n FROM range(40)'),
    spread: { kind: 'repartition', input: 'numbers', partitions: 40 },
    squares: {
      kind: 'guest',
      operation: 'map',
      input: 'spread',
      code: { kind: 'script', source: square, function: 'square' },
      schema: [{ name: 'n', type: 'BIGINT' }],
    },
    fewer: { kind: 'coalesce', input: 'squares', partitions: 3 },
  });
  expect(rows.map(([n]) => n)).toEqual(Array.from({ length: 40 }, (_, i) => i * i));
  expect(app.grid.scheduler.job(jobId as JobId)?.stages.map((stage) => stage.tasks)).toEqual([1, 40, 3]);
  expect(workersOf(app, jobId, 1)).toBe(2);

  const places = await runPlan(app, {
    numbered: { kind: 'zipWithIndex', input: 'rows' },
    half: { kind: 'sample', input: 'numbered', fraction: 0.5 },
    out: sql('SELECT count(*), count(DISTINCT index), sum((index <> id)::INTEGER), min(index), max(index) FROM half'),
  });
  const [count, distinct, wrong, least, most] = places.rows[0]?.map(Number) ?? [];
  expect(Math.abs((count ?? 0) - ROWS / 2)).toBeLessThan(1000);
  expect([distinct, wrong]).toEqual([count, 0]);
  expect([(least ?? 0) < 100, (most ?? 0) > ROWS - 100]).toEqual([true, true]);
}, 90_000);

test('SQL calls guests: in FROM, over a query, and as aggregates beside others', async () => {
  const app = await grid();
  const functions = {
    words: { kind: 'table', code: script('words'), schema: [{ name: 'word', type: 'VARCHAR' }] },
    squares: {
      kind: 'aggregate',
      args: ['v', 'weight'],
      code: {
        kind: 'script',
        function: 'squares',
        source: `export const squares = {
          zero: () => 0,
          add: (state, { v, weight }) => state + Number(v) * Number(v) * weight,
          merge: (a, b) => a + b,
          finish: (squares) => ({ squares }),
        };`,
      },
      returns: { name: 'squares', type: 'DOUBLE' },
    },
  };
  const third = '(SELECT line FROM rows WHERE id % 3 = 0)';
  const guests = await run(app, {
    sql: `SELECT word, count(*) AS n FROM words(${third}) w WHERE word > 'w5' GROUP BY word ORDER BY ALL`,
    functions,
  });
  const plain = `SELECT word, count(*) AS n FROM (SELECT unnest(string_split(line, ' ')) AS word FROM ${third})`;
  expect(guests.rows).toEqual((await run(app, { sql: `${plain} WHERE word > 'w5' GROUP BY word ORDER BY ALL` })).rows);
  expect(guests.rows.length).toBeGreaterThan(100);

  const grouped = (value: string): string =>
    `SELECT CASE WHEN g < 900 THEN g % 10 END AS k, ${value} AS s, count(*), max(v) FROM rows GROUP BY k HAVING ${value} > 0 ORDER BY k`;
  const own = await run(app, { sql: grouped('squares(v, 0.5)'), functions });
  expect(own.rows).toEqual((await run(app, { sql: grouped('sum(v * v * 0.5::DOUBLE)') })).rows);
  expect(own.rows).toHaveLength(11);
  const all = await run(app, { sql: 'SELECT squares(v, 2) FROM rows', functions });
  expect(all.rows).toEqual((await run(app, { sql: 'SELECT sum(v * v * 2)::DOUBLE FROM rows' })).rows);
}, 90_000);

test('what a guest does wrong is told with its relation and its function, also where several share a task', async () => {
  const { app, url } = await testApp({ realPlanner: true });
  await realTab(url);
  const source = "export const same = (row) => row; export const words = () => { throw new Error('not today'); };";
  const calling = (input: string, name: string) => {
    const code = { kind: 'script', source, function: name };
    return { kind: 'guest', operation: 'map', input, code, schema: [{ name: 'x', type: 'BIGINT' }] };
  };
  const failed = async (work: object): Promise<object> => {
    const submitted = await app.inject({ method: 'POST', url: '/v1/jobs', payload: work });
    const { jobId } = submitted.json<{ jobId: string }>();
    const result = await app.inject(`/v1/jobs/${jobId}/result?wait=60`);
    expect(result.json()).toMatchObject({ status: 422, detail: expect.stringContaining('not today') });
    const { error } = (await app.inject(`/v1/jobs/${jobId}`)).json<{ error: { function: string } }>();
    const { function: _, ...told } = error;
    expect(result.json()).toMatchObject(told);
    return error;
  };
  const relations = [
    { name: 'one', relation: sql('SELECT 1 AS x') },
    { name: 'kept', relation: calling('one', 'same') },
    { name: 'wrong', relation: calling('kept', 'words') },
    { name: 'after', relation: calling('wrong', 'same') },
  ];
  expect(await failed({ plan: { relations, result: 'after' } })).toMatchObject({
    code: 'guest-script',
    title: 'words (JavaScript) failed in the relation wrong',
    relation: 'wrong',
    function: 'words',
    stage: 0,
  });
  const functions = { wrong: { kind: 'table', code: calling('', 'words').code, schema: [{ name: 'x', type: 'BIGINT' }] } };
  expect(await failed({ sql: 'SELECT x FROM wrong((SELECT 1 AS x))', functions })).toMatchObject({
    title: 'words (JavaScript) failed in the relation wrong()',
  });
}, 60_000);
