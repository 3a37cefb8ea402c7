/** Every route's good and bad answers, over real rooms but with scripted workers. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import { LIMITS } from '../../shared/limits.ts';
import { type TestApp, tempDir, testApp } from '../sessions/testing/app-fixture.ts';
import { int32Stream } from '../sessions/testing/arrow-bytes.ts';
import { FakeWorker } from '../sessions/testing/fake-worker.ts';

beforeAll(loadHashes);

const CSV = 'a,b\n1,x\n2,y\n';

interface Form {
  readonly payload: Buffer;
  readonly headers: { readonly 'content-type': string };
}

/** A multipart body of the parts in order; a part with a file name is a file. */
function form(...parts: readonly (readonly [name: string, value: string, fileName?: string])[]): Form {
  const boundary = 'test-boundary';
  const lines = parts.map(([name, value, fileName]) => {
    const file = fileName === undefined ? '' : `; filename="${fileName}"\r\ncontent-type: application/octet-stream`;
    return `--${boundary}\r\ncontent-disposition: form-data; name="${name}"${file}\r\n\r\n${value}\r\n`;
  });
  const payload = Buffer.from(`${lines.join('')}--${boundary}--\r\n`);
  return { payload, headers: { 'content-type': `multipart/form-data; boundary=${boundary}` } };
}

async function finished({ app, url }: TestApp, sql = 'chain 1'): Promise<string> {
  const worker = await FakeWorker.join(url);
  const { jobId } = (await app.inject({ method: 'POST', url: '/v1/jobs', payload: { sql } })).json();
  worker.succeed((await worker.lease()).message, int32Stream([[1, 2]]), 2);
  await app.inject(`/v1/jobs/${jobId}/result?wait=20`);
  worker.socket.terminate();
  return jobId;
}

describe('datasets', () => {
  test('an upload becomes a dataset; the same bytes again are no new one; other bytes conflict; deleting it', async () => {
    const { app } = await testApp();
    const upload = (body: string) =>
      app.inject({ method: 'POST', url: '/v1/datasets', ...form(['name', 'Rows'], ['file', body, 'rows.csv']) });
    const made = await upload(CSV);
    expect(made.statusCode, made.body).toBe(201);
    expect(made.json()).toMatchObject({
      name: 'Rows',
      schema: [
        { name: 'a', type: 'BIGINT' },
        { name: 'b', type: 'VARCHAR' },
      ],
      rows: 2,
      partitions: 1,
      state: 'ready',
      owner: 'local',
    });
    expect((await upload(CSV)).statusCode).toBe(200);
    expect((await upload('a\n3\n')).json()).toMatchObject({ status: 409, code: 'dataset-exists' });
    expect((await app.inject('/v1/datasets')).json()).toMatchObject({ datasets: [{ name: 'Rows' }] });
    expect((await app.inject('/v1/datasets/rows')).statusCode).toBe(200);
    expect((await app.inject({ method: 'DELETE', url: '/v1/datasets/rows' })).statusCode).toBe(204);
    expect((await app.inject('/v1/datasets/rows')).json()).toMatchObject({ status: 404, code: 'dataset-not-found' });
  });

  test('a path is read for the admin, must be absolute, and what the admin owns others may not delete', async () => {
    const { app, dataDir, adminToken } = await testApp();
    const path = join(dataDir, 'rows.csv');
    await writeFile(path, CSV);
    const headers = { authorization: `Bearer ${adminToken}` };
    const register = (body: object) => app.inject({ method: 'POST', url: '/v1/datasets', headers, payload: body });
    expect((await register({ name: 'r', path })).statusCode).toBe(201);
    expect((await register({ name: 'r', path: 'rows.csv' })).json()).toMatchObject({ status: 400, code: 'path-not-absolute' });
    expect((await register({ name: 'r', path, mode: 'fast' })).json()).toMatchObject({ code: 'invalid-request' });
    expect((await app.inject({ method: 'DELETE', url: '/v1/datasets/r' })).json()).toMatchObject({ code: 'forbidden' });
  });

  test.each([
    ['no name', form(['file', CSV, 'x.csv']), 'upload-order'],
    ['name after the file', form(['file', CSV, 'x.csv'], ['name', 'x']), 'upload-order'],
    ['no file', form(['name', 'x']), 'upload-no-file'],
    ['unknown field', form(['name', 'x'], ['owner', 'me'], ['file', CSV, 'x.csv']), 'upload-field'],
    ['name twice', form(['name', 'x'], ['name', 'y'], ['file', CSV, 'x.csv']), 'upload-field'],
    ['unknown format', form(['name', 'x'], ['format', 'xls'], ['file', CSV, 'x.csv']), 'unknown-format'],
    ['file under another name', form(['name', 'x'], ['data', CSV, 'x.csv']), 'upload-field'],
  ])('a form with %s is refused', async (_what, body, code) => {
    const { app } = await testApp();
    const response = await app.inject({ method: 'POST', url: '/v1/datasets', ...body });
    expect(response.json()).toMatchObject({ status: 400, code });
  });

  test('an upload over the limit: 413; a full disk: 507', async () => {
    const small = await testApp({ limits: { uploadBytes: 8 } });
    const body = form(['name', 'x'], ['file', CSV, 'x.csv']);
    const large = await small.app.inject({ method: 'POST', url: '/v1/datasets', ...body });
    expect(large.json()).toMatchObject({ status: 413, code: 'upload-too-large' });
    const createUpload = () =>
      new Writable({
        write(_chunk, _encoding, done) {
          done(Object.assign(new Error('no space'), { code: 'ENOSPC' }));
        },
      });
    const full = await testApp({ parts: { createUpload } });
    const response = await full.app.inject({ method: 'POST', url: '/v1/datasets', ...body });
    expect(response.json()).toMatchObject({ status: 507, code: 'disk-full' });
  });
});

describe('jobs', () => {
  test.each([
    ['no sql', {}],
    ['unknown field', { sql: 'chain 1', plans: {} }],
    ['params are not there yet', { sql: 'chain 1', params: [] }],
    ['unknown option', { sql: 'chain 1', options: { fast: true } }],
    ['weight of nothing', { sql: 'chain 1', options: { weight: 0 } }],
    ['empty sql', { sql: '' }],
  ])('bad input is a 400 problem: %s', async (_what, payload) => {
    const { app } = await testApp();
    const response = await app.inject({ method: 'POST', url: '/v1/jobs', payload });
    expect(response.json()).toMatchObject({ status: 400, code: 'invalid-request' });
  });

  test("the planner's errors come through with position and hint; its crash is a 500", async () => {
    const { app } = await testApp();
    const post = async (sql: string) => (await app.inject({ method: 'POST', url: '/v1/jobs', payload: { sql } })).json();
    expect(await post('SELEKT')).toMatchObject({ status: 400, code: 'sql-syntax', position: 0, hint: 'chain N' });
    expect(await post('crash')).toMatchObject({ status: 500, code: 'planner-crash' });
    expect(await post('x'.repeat(LIMITS.sqlBytes + 1))).toMatchObject({ status: 413, code: 'sql-too-long' });
  });

  test('more jobs than may wait: 429', async () => {
    for (const [name, code] of [
      ['jobsQueued', 'too-many-jobs'],
      ['jobsQueuedPerAuthor', 'too-many-jobs-of-author'],
    ] as const) {
      const { app } = await testApp({ limits: { [name]: 1 } });
      const post = () => app.inject({ method: 'POST', url: '/v1/jobs', payload: { sql: 'chain 1' } });
      expect((await post()).statusCode).toBe(202);
      expect((await post()).json()).toMatchObject({ status: 429, code });
    }
  });

  test('jobs come in pages, newest first, each once, also when jobs come and go meanwhile', async () => {
    const { app } = await testApp({ limits: { jobsKept: 3 } });
    const post = async (tag: number): Promise<string> =>
      (await app.inject({ method: 'POST', url: '/v1/jobs', payload: { sql: `chain 1 ${tag}` } })).json().jobId;
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.unshift(await post(i));
    const page = async (query: string) => {
      const { jobs, next, ...problem } = (await app.inject(`/v1/jobs?${query}`)).json();
      return { ids: jobs?.map((job: { jobId: string }) => job.jobId), next, ...problem };
    };
    expect(await page('')).toEqual({ ids, next: undefined });
    const first = await page('limit=2');
    expect(first.ids).toEqual(ids.slice(0, 2));
    await post(5);
    const second = await page(`limit=2&cursor=${first.next}`);
    expect(second.ids).toEqual(ids.slice(2, 4));
    expect(await page(`limit=2&cursor=${second.next}`)).toEqual({ ids: ids.slice(4), next: undefined });
    for (const id of ids) {
      await app.inject({ method: 'DELETE', url: `/v1/jobs/${id}` });
      await app.inject(`/v1/jobs/${id}/result?wait=5`);
    }
    // The job that the cursor names is forgotten, and with it all that are older.
    await app.grid.jobs.sweep();
    expect(await page(`limit=2&cursor=${second.next}`)).toEqual({ ids: [], next: undefined });
    for (const query of [`limit=${LIMITS.jobsPerPage + 1}`, 'limit=0', 'limit=x', 'cursor=', 'cursor=first', 'page=2']) {
      expect(await page(query), query).toMatchObject({ status: 400, code: 'invalid-request' });
    }
  });

  test('state, plan, cancel, and a cancelled result', async () => {
    const { app } = await testApp();
    const posted = await app.inject({ method: 'POST', url: '/v1/jobs', payload: { sql: 'chain 2 plan', name: 'n' } });
    const { jobId } = posted.json();
    expect(posted.headers.location).toBe(`/v1/jobs/${jobId}`);
    expect((await app.inject(`/v1/jobs/${jobId}`)).json()).toMatchObject({ state: 'waiting', waitingFor: expect.any(String) });
    expect((await app.inject(`/v1/jobs/${jobId}/plan`)).json()).toMatchObject({
      logical: { op: 'values' },
      stages: [{ index: 0, operators: ['values'], fragments: [{ sql: 'SELECT 42 AS c0' }] }, { index: 1 }],
      fallbacks: [],
      chunks: { total: 0, needed: 0 },
    });
    expect((await app.inject({ method: 'DELETE', url: `/v1/jobs/${jobId}` })).statusCode).toBe(204);
    const result = await app.inject(`/v1/jobs/${jobId}/result?wait=5`);
    expect(result.json()).toMatchObject({ status: 409, code: 'job-cancelled' });
    expect((await app.inject(`/v1/jobs/${jobId}/plan`)).json()).toMatchObject({ stages: [{}, {}] });
  });

  test('a failed job answers 422 with its own error', async () => {
    const { app, url } = await testApp();
    const worker = await FakeWorker.join(url);
    const { jobId } = (await app.inject({ method: 'POST', url: '/v1/jobs', payload: { sql: 'chain 1 bad' } })).json();
    const failure = { reason: 'author', code: 'sql-conversion', message: 'Could not convert', hint: 'TRY_CAST' };
    worker.fail((await worker.lease()).message, failure);
    const result = await app.inject(`/v1/jobs/${jobId}/result?wait=20`);
    expect(result.json()).toMatchObject({ status: 422, code: 'sql-conversion', stage: 0, hint: 'TRY_CAST' });
    expect((await app.inject(`/v1/jobs/${jobId}`)).json()).toMatchObject({ state: 'failed', error: { stage: 0 } });
  });
});

describe('results', () => {
  test('every format', async () => {
    const fixture = await testApp();
    const jobId = await finished(fixture);
    const get = (format: string) => fixture.app.inject(`/v1/jobs/${jobId}/result?format=${format}`);
    expect((await get('json')).json()).toEqual({ columns: [{ name: 'answer', type: 'INTEGER' }], rows: [[1], [2]] });
    expect((await get('ndjson')).body).toBe('{"answer":1}\n{"answer":2}\n');
    expect((await get('csv')).body).toBe('answer\n1\n2\n');
    expect((await get('arrow')).headers['content-type']).toBe('application/vnd.apache.arrow.stream');
    const parquet = await get('parquet');
    expect(parquet.rawPayload.subarray(0, 4).toString()).toBe('PAR1');
    expect((await get('xml')).json()).toMatchObject({ status: 400, code: 'invalid-request' });
  });

  test('wait has a limit', async () => {
    const { app } = await testApp();
    const { jobId } = (await app.inject({ method: 'POST', url: '/v1/jobs', payload: { sql: 'chain 1 wait' } })).json();
    const over = await app.inject(`/v1/jobs/${jobId}/result?wait=${LIMITS.resultWaitSeconds + 1}`);
    expect(over.json()).toMatchObject({ status: 400 });
  });

  test('still running after the wait: 409', async () => {
    const { app } = await testApp();
    const { jobId } = (await app.inject({ method: 'POST', url: '/v1/jobs', payload: { sql: 'chain 1 wait' } })).json();
    const response = await app.inject(`/v1/jobs/${jobId}/result?wait=0.02`);
    expect(response.json()).toMatchObject({ status: 409, code: 'job-running' });
  });

  test('past its time to live a result is gone: 410, also after a restart', async () => {
    const fixture = await testApp({ limits: { resultTtlMs: 0 } });
    const jobId = await finished(fixture);
    const gone = { status: 410, code: 'result-expired' };
    expect((await fixture.app.inject(`/v1/jobs/${jobId}/result`)).json()).toMatchObject(gone);
    await fixture.app.close();
    const again = await testApp({ dataDir: fixture.dataDir });
    expect((await again.app.inject(`/v1/jobs/${jobId}/result`)).json()).toMatchObject(gone);
  });
});

describe('the rest', () => {
  test('unknown routes 404, known ones with another method 405, other content types 415, no JSON 400', async () => {
    const { app } = await testApp();
    expect((await app.inject('/v1/nothing')).json()).toMatchObject({ status: 404, code: 'route-not-found' });
    for (const absent of ['/notebook', '/projector']) {
      expect((await app.inject(absent)).statusCode, absent).toBe(404);
    }
    const put = await app.inject({ method: 'PUT', url: '/v1/jobs/x' });
    expect(put.json()).toMatchObject({ status: 405, code: 'method-not-allowed' });
    expect(put.headers.allow).toContain('DELETE');
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
      const headers = { 'content-type': type };
      const response = await app.inject({ method: 'POST', url: '/v1/jobs', headers, payload: '{"sql":"chain 1"}' });
      expect(response.json(), type).toMatchObject({ status: 415, code: 'content-type' });
    }
    const headers = { 'content-type': 'application/json' };
    const broken = await app.inject({ method: 'POST', url: '/v1/jobs', headers, payload: '{"sql":' });
    expect(broken.json()).toMatchObject({ status: 400, code: 'not-json' });
    const large = await app.inject({ method: 'POST', url: '/v1/jobs', payload: { sql: 'x'.repeat(LIMITS.jsonBodyBytes) } });
    expect(large.json()).toMatchObject({ status: 413 });
  });

  test('openapi.json lists what there is and nothing else', async () => {
    const { app } = await testApp();
    const { openapi, paths } = (await app.inject('/openapi.json')).json();
    expect(openapi).toBe('3.1.0');
    expect(Object.keys(paths).sort()).toEqual([
      '/healthz',
      '/metrics',
      '/v1/cache',
      '/v1/cache/find',
      '/v1/cache/{id}',
      '/v1/datasets',
      '/v1/datasets/{name}',
      '/v1/events',
      '/v1/jobs',
      '/v1/jobs/{id}',
      '/v1/jobs/{id}/dataset',
      '/v1/jobs/{id}/plan',
      '/v1/jobs/{id}/result',
      '/v1/modules',
      '/v1/modules/{digest}',
      '/v1/workers',
      '/v1/workers/{id}/close',
      '/v1/workers/{id}/drain',
    ]);
  });

  test('metrics fold the stories', async () => {
    const fixture = await testApp();
    await finished(fixture);
    const { body, headers } = await fixture.app.inject('/metrics');
    expect(headers['content-type']).toContain('version=0.0.4');
    expect(body).toContain('muster_transitions_total{what="attemptLeased"} 1');
    expect(body).toContain('muster_jobs{state="successful"} 1');
  });

  test('workers are listed without their session ids', async () => {
    const { app, url } = await testApp();
    const worker = await FakeWorker.join(url, { name: 'desk 7' });
    const { workers } = (await app.inject('/v1/workers')).json();
    expect(workers).toMatchObject([{ workerId: worker.welcome.workerId, name: 'desk 7', state: 'idle', slots: 1 }]);
    expect(workers[0]).not.toHaveProperty('sessionId');
    expect(worker.welcome.storeId).not.toBe(workers[0].storeId);
  });

  test('tokens and files of the data directory', async () => {
    const { dataDir, adminToken, app } = await testApp();
    await app.close();
    expect((await testApp({ dataDir })).adminToken).toBe(adminToken);
    const other = await tempDir();
    const given = await testApp({ dataDir: other, adminToken: 'chosen-by-hand' });
    expect(given.adminToken).toBe('chosen-by-hand');
    await given.app.close();
    const changed = await testApp({ dataDir: other, adminToken: 'chosen-anew' });
    const old = { authorization: 'Bearer chosen-by-hand' };
    expect((await changed.app.inject({ url: '/v1/jobs', headers: old })).statusCode).toBe(401);
  });
});
