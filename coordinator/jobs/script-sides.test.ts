/** Scripts that see other relations, from REST to their rows on two real tabs; SQL alone says what must come out. */
import { beforeAll, expect, test } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import { grid, run, runPlan, sql } from './testing/rows-grid.ts';

beforeAll(loadHashes);

test('scripts: a side, and a cogroup of both', async () => {
  const app = await grid();
  const source = `export const named = ({ g, v }, ctx) => ({ g, v, name: ctx.side(0)[Number(g)].name });
    export const products = ({ k }, left, right, ctx) => {
      ctx.add('keys', 1);
      const sum = (rows) => rows.reduce((total, row) => total + row.v, 0n);
      return [{ k, product: sum(left) * sum(right), rows: left.length + right.length }];
    };`;
  const code = (name: string) => ({ kind: 'script', source, function: name });
  const column = (name: string, type: string) => ({ name, type });
  const looked = await runPlan(app, {
    names: sql("SELECT 'name ' || range AS name FROM range(997) ORDER BY range"),
    named: {
      kind: 'guest',
      operation: 'map',
      input: 'rows',
      sides: ['names'],
      code: code('named'),
      schema: [column('g', 'BIGINT'), column('v', 'BIGINT'), column('name', 'VARCHAR')],
    },
    out: sql('SELECT name, sum(v) FROM named GROUP BY name ORDER BY name'),
  });
  expect(looked.rows).toEqual((await run(app, { sql: "SELECT 'name ' || g, sum(v) FROM rows GROUP BY 1 ORDER BY 1" })).rows);

  const a = 'SELECT g AS k, v FROM rows WHERE id % 50 = 0';
  // The key has another type here.
  const b = 'SELECT (g * 2)::INTEGER AS k, v FROM rows WHERE id % 70 = 0';
  const both = await runPlan(app, {
    a: sql(a),
    b: sql(b),
    met: {
      kind: 'cogroup',
      input: 'a',
      other: 'b',
      keys: ['k'],
      code: code('products'),
      schema: [column('k', 'BIGINT'), column('product', 'BIGINT'), column('rows', 'BIGINT')],
    },
    out: sql('SELECT * FROM met ORDER BY k'),
  });
  const sums = (of: string) => `(SELECT k, sum(v) AS v, count(*) AS n FROM (${of}) GROUP BY k)`;
  const same = `SELECT coalesce(a.k, b.k), coalesce(a.v, 0) * coalesce(b.v, 0), coalesce(a.n, 0) + coalesce(b.n, 0)
    FROM ${sums(a)} a FULL JOIN ${sums(b)} b ON a.k = b.k ORDER BY 1`;
  expect(both.rows.map((row) => row.map(Number))).toEqual((await run(app, { sql: same })).rows.map((row) => row.map(Number)));
  expect(both.rows.length).toBeGreaterThan(1000);
  expect((await app.inject(`/v1/jobs/${both.jobId}`)).json()).toMatchObject({ accumulators: { keys: both.rows.length } });
}, 90_000);
