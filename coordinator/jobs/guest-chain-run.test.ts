/** Guests of each kind among queries, from REST to their rows on two real tabs; SQL alone says what must come out. */
import { readFile } from 'node:fs/promises';
import { beforeAll, expect, test } from 'vitest';
import { CAT, wat } from '../../shared/guest/testing/wat.ts';
import { loadHashes } from '../../shared/hash.ts';
import type { App } from '../app.ts';
import { grid, run, runPlan, sql } from './testing/rows-grid.ts';

beforeAll(loadHashes);

const SOURCE = `
  export const twice = ({ n }) => ({ n: n * 2n });
  export const big = ({ big }) => ({ big: big * 2n });
  export const even = ({ n }) => n % 4n === 0n;
  export const words = ({ line }) => line.split(' ').map((word) => ({ word }));
`;
const script = (name: string) => ({ kind: 'script', source: SOURCE, function: name });
const column = (name: string, type: string) => ({ name, type });
const guest = (operation: string, input: string, code: object, ...schema: object[]) => ({
  kind: 'guest',
  operation,
  input,
  code,
  ...(schema.length > 0 && { schema }),
});

async function uploaded(app: App, payload: object | Buffer, headers: Record<string, string>): Promise<string> {
  const response = await app.inject({ method: 'POST', url: '/v1/modules', payload, headers });
  expect(response.statusCode, response.body).toBe(201);
  return response.json<{ digest: string }>().digest;
}

const program = async (app: App) => ({
  kind: 'stream',
  module: await uploaded(app, Buffer.from(wat(CAT)), { 'content-type': 'application/wasm' }),
  input: 'tsv',
  output: 'tsv',
});

async function typesModule(app: App, name: string): Promise<object> {
  const file = new URL('../../guest/assemblyscript/test-guests/types.ts', import.meta.url);
  const source = (await readFile(file, 'utf8')).replaceAll('../index', 'muster');
  return { kind: 'batch', module: await uploaded(app, { source, language: 'assemblyscript' }, {}), function: name };
}

/** Of each stage, of each of its branches: the kinds of its steps. */
async function stepsOf(app: App, jobId: string): Promise<string[][]> {
  const { stages } = (await app.inject(`/v1/jobs/${jobId}/plan`)).json();
  const kinds = ({ steps }: { steps: { kind: string }[] }): string => steps.map(({ kind }) => kind).join(' ');
  return stages.map(({ fragments }: { fragments: { steps: { kind: string }[] }[] }) => fragments.map(kinds));
}

test('query, guest, query, guest is one task, also in each branch of a union', async () => {
  const app = await grid();
  const chain = await runPlan(app, {
    a: sql('SELECT v AS n FROM rows WHERE id % 2 = 0'),
    a2: guest('map', 'a', script('twice'), column('n', 'BIGINT')),
    b: sql('SELECT n + 2 AS n FROM a2 WHERE n > 100'),
    b2: guest('filter', 'b', script('even')),
  });
  const first = 'SELECT 2 * v + 2 AS n FROM rows WHERE id % 2 = 0 AND 2 * v > 100 AND (2 * v + 2) % 4 = 0';
  const sorted = (rows: readonly (readonly unknown[])[]) => rows.map(([n]) => Number(n)).sort((x, y) => x - y);
  expect(sorted(chain.rows)).toEqual(sorted((await run(app, { sql: first })).rows));
  expect(await stepsOf(app, chain.jobId)).toEqual([['guest guest']]);

  const code = await program(app);
  const union = await runPlan(app, {
    a: sql('SELECT v AS n FROM rows WHERE id % 2 = 0'),
    a2: guest('map', 'a', script('twice'), column('n', 'BIGINT')),
    c: sql("SELECT 'k' || g AS key, v::VARCHAR AS value FROM rows WHERE id % 5 = 0"),
    c2: guest('mapPartitions', 'c', code, column('key', 'VARCHAR'), column('value', 'VARCHAR')),
    both: sql("SELECT n + 2 AS n FROM a2 WHERE n > 100 UNION ALL SELECT value::BIGINT FROM c2 WHERE key <> 'k3'"),
    even: guest('filter', 'both', script('even')),
    out: sql('SELECT count(*), sum(n)::BIGINT, max(n) FROM even'),
  });
  const second = 'SELECT v FROM rows WHERE id % 5 = 0 AND g <> 3 AND v % 4 = 0';
  const same = await run(app, { sql: `SELECT count(*), sum(n)::BIGINT, max(n) FROM (${first} UNION ALL ${second})` });
  expect(union.rows).toEqual(same.rows);
  expect(await stepsOf(app, union.jobId)).toEqual([['guest guest sql', 'guest guest sql'], ['sql']]);
}, 90_000);

test('a table function over a common table expression, and one over what another made', async () => {
  const app = await grid();
  const functions = {
    words: { kind: 'table', code: script('words'), schema: [column('word', 'VARCHAR')] },
    cat: {
      kind: 'table',
      operation: 'mapPartitions',
      code: await program(app),
      schema: [column('key', 'VARCHAR'), column('value', 'VARCHAR')],
    },
  };
  const third = 'SELECT id, line FROM rows WHERE id % 3 = 0';
  const query = (words: string): string => `WITH third AS (${third}), spoken AS (${words})
    SELECT word, count(*) AS n FROM spoken WHERE word <> 'w7' GROUP BY word ORDER BY ALL`;
  const guests = query(`SELECT key AS word FROM cat((SELECT word, 'x' AS value FROM words((SELECT line FROM third)) w))`);
  const plain = query("SELECT unnest(string_split(line, ' ')) AS word FROM third");
  const own = await run(app, { sql: guests, functions });
  expect(own.rows).toEqual((await run(app, { sql: plain })).rows);
  expect(own.rows.length).toBeGreaterThan(1000);
  expect((await stepsOf(app, own.jobId))[0]).toEqual(['guest guest sql']);
}, 90_000);

test('a program reads a side as a file, in every task', async () => {
  const app = await grid();
  const open = `(drop (call $open (i32.const 3) (i32.const 0) (i32.const 16) (i32.const 1) (i32.const 0) (i64.const 2) (i64.const 2) (i32.const 0) (i32.const 20)))`;
  const source = CAT.replace(
    '(memory',
    `(import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32))) (memory`,
  )
    .replace('1 1)', '1 1) (data (i32.const 16) "0")')
    .replace('(loop', `${open} (loop`)
    .replace('$read (i32.const 0)', '$read (i32.load (i32.const 20))');
  const module = await uploaded(app, Buffer.from(wat(source)), { 'content-type': 'application/wasm' });
  const { rows } = await runPlan(app, {
    names: sql("SELECT 'n' || range AS key, range AS value FROM range(3)"),
    turns: { kind: 'repartition', input: 'rows', partitions: 4 },
    copies: {
      ...guest('mapPartitions', 'turns', { kind: 'stream', module, input: 'tsv', output: 'tsv' }),
      sides: ['names'],
      schema: [column('key', 'VARCHAR'), column('value', 'VARCHAR')],
    },
    out: sql('SELECT key, value, count(*) FROM copies GROUP BY ALL ORDER BY ALL'),
  });
  expect(rows.map((row) => row.map(String))).toEqual([
    ['n0', '0', '4'],
    ['n1', '1', '4'],
    ['n2', '2', '4'],
  ]);
}, 90_000);

test('HUGEINT and DECIMAL(38,0): a module, a script and a program have every digit', async () => {
  const app = await grid();
  const [module, copy] = [await typesModule(app, 'twice'), await program(app)];
  for (const type of ['HUGEINT', 'DECIMAL(38,0)']) {
    const bigs = `SELECT CASE WHEN id % 11 > 0 THEN (v - 500)::${type} * 12345678901234567890123456789 END::${type} AS big FROM rows`;
    const summed = (from: string): string =>
      `SELECT count(*), count(big), min(big), max(big), sum(big % 1000000007)::VARCHAR FROM ${from}`;
    const doubled = (from: string): string => `SELECT (big * 2)::${type} AS big FROM ${from}`;
    const same = await run(app, { sql: summed(`(${doubled(`(${bigs})`)})`) });
    const nulls = { bigs: sql(bigs) };
    const through = await runPlan(app, {
      ...nulls,
      twice: guest('map', 'bigs', module, column('big', type)),
      out: sql(summed('twice')),
    });
    expect([type, through.rows]).toEqual([type, same.rows]);
    if (type !== 'HUGEINT') continue;
    const text = await runPlan(app, {
      ...nulls,
      texts: sql("SELECT 'k' AS key, big FROM bigs"),
      copied: guest('mapPartitions', 'texts', copy, column('key', 'VARCHAR'), column('value', 'VARCHAR')),
      read: sql(`SELECT (nullif(value, '')::${type} * 2)::${type} AS big FROM copied`),
      out: sql(summed('read')),
    });
    expect([type, text.rows]).toEqual([type, same.rows]);
    const scripted = await runPlan(app, {
      some: sql(`${bigs} WHERE id % 11 > 0`),
      twice: guest('map', 'some', script('big'), column('big', type)),
      out: sql(summed('twice')),
    });
    const some = await run(app, { sql: summed(`(${doubled(`(${bigs} WHERE id % 11 > 0)`)})`) });
    expect(scripted.rows).toEqual(some.rows);
  }
}, 90_000);
