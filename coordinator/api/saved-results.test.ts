/** Results as datasets: the same rows, who owns them, and what is refused. */
import { beforeAll, expect, test } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import type { App } from '../app.ts';
import { realTab } from '../local/testing/two-stages.ts';
import { testApp } from '../sessions/testing/app-fixture.ts';

beforeAll(loadHashes);

const TYPES = `SELECT i AS n, i * 0.5 AS half, 'row ' || i AS words, DATE '2024-01-01' + i::INTEGER AS day,
  TIMESTAMP '2024-01-01 12:00:00.123456' AS at, CASE WHEN i % 3 = 0 THEN NULL ELSE i::DECIMAL(12,2) END AS price, [i, i + 1] AS list,
  {'a': i, 'b': 'x'} AS struct, i % 2 = 0 AS even, sum(i) OVER () AS huge, ''::BLOB AS nothing
  FROM range(200) r(i) ORDER BY i`;

async function submit(app: App, sql: string): Promise<string> {
  const submitted = await app.inject({ method: 'POST', url: '/v1/jobs', payload: { sql } });
  expect(submitted.statusCode, submitted.body).toBe(202);
  return submitted.json<{ jobId: string }>().jobId;
}

async function rowsOf(app: App, sql: string): Promise<readonly unknown[]> {
  const result = await app.inject(`/v1/jobs/${await submit(app, sql)}/result?wait=60`);
  expect(result.statusCode, result.body).toBe(200);
  return result.json<{ rows: unknown[] }>().rows;
}

const save = (app: App, jobId: string, name: string, wait = 60, headers: Record<string, string> = {}) =>
  app.inject({ method: 'POST', url: `/v1/jobs/${jobId}/dataset?wait=${wait}`, payload: { name }, headers });

test('a saved result is scanned by later jobs, row for row, and belongs to who saved it', async () => {
  const { app, url } = await testApp({ realPlanner: true });
  await realTab(url);
  const jobId = await submit(app, TYPES);
  const saved = await save(app, jobId, 'saved');
  expect(saved.statusCode, saved.body).toBe(201);
  const dataset = saved.json<{ schema: { name: string; type: string }[] }>();
  expect(dataset).toMatchObject({ name: 'saved', rows: 200, owner: 'local', state: 'ready', partitions: 1 });
  expect(dataset.schema.map(({ type }) => type)).toEqual([
    'BIGINT',
    'DECIMAL(21,1)',
    'VARCHAR',
    'DATE',
    'TIMESTAMP',
    'DECIMAL(12,2)',
    'BIGINT[]',
    'STRUCT("a" BIGINT, "b" VARCHAR)',
    'BOOLEAN',
    'DECIMAL(38,0)',
    'BLOB',
  ]);
  expect(await rowsOf(app, 'SELECT * REPLACE (huge::HUGEINT AS huge) FROM saved ORDER BY n')).toEqual(await rowsOf(app, TYPES));
  expect((await save(app, jobId, 'saved')).statusCode).toBe(200);
  const ben = { authorization: `Bearer ${await app.grid.tokens.issue('author', 'ben')}` };
  expect((await save(app, jobId, 'mine', 0, ben)).statusCode).toBe(404);
  expect((await app.inject({ method: 'DELETE', url: '/v1/datasets/saved', headers: ben })).statusCode).toBe(403);
  const other = await save(app, await submit(app, 'SELECT 1 AS n'), 'saved');
  expect(other.json()).toMatchObject({ status: 409, code: 'dataset-exists' });
}, 60_000);

test('a result that is not there or is too large is refused in words; doubled names get numbers', async () => {
  const { app, url } = await testApp({ realPlanner: true, limits: { uploadBytes: 50_000 } });
  const waiting = await submit(app, 'SELECT i FROM range(100000) r(i)');
  expect((await save(app, waiting, 'early', 0)).json()).toMatchObject({ status: 409, code: 'job-running' });
  await realTab(url);
  expect((await save(app, waiting, 'large')).json()).toMatchObject({ status: 413, code: 'result-too-large' });
  expect((await save(app, 'job-none', 'x')).statusCode).toBe(404);
  const doubled = await submit(app, 'SELECT 1 AS a, 2 AS a');
  expect((await save(app, doubled, 'doubled')).json()).toMatchObject({ schema: [{ name: 'a' }, { name: 'a_1' }] });
  const failed = await submit(app, "SELECT error('no') FROM range(3)");
  expect((await save(app, failed, 'failed')).json()).toMatchObject({ status: 422 });
  expect((await save(app, doubled, 'a'.repeat(500))).statusCode).toBe(400);
  expect((await app.inject('/v1/datasets')).json()).toMatchObject({ datasets: [{ name: 'doubled' }] });
}, 60_000);
