/** From POST to the result through real sockets, with a scripted worker. */
import { beforeAll, expect, test } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import { testApp } from './testing/app-fixture.ts';
import { int32Stream } from './testing/arrow-bytes.ts';
import { FakeWorker } from './testing/fake-worker.ts';

beforeAll(loadHashes);

test('a job goes from POST to a lease, an inline result and JSON, and the result survives a restart', async () => {
  const { app, url, dataDir } = await testApp();
  const worker = await FakeWorker.join(url);
  const posted = await app.inject({ method: 'POST', url: '/v1/jobs', payload: { sql: 'chain 1 first', name: 'the answer' } });
  expect(posted.statusCode, posted.body).toBe(202);
  const { jobId } = posted.json<{ jobId: string }>();
  const running = await app.inject(`/v1/jobs/${jobId}/result`);
  expect(running.json()).toMatchObject({ status: 409, code: 'job-running' });
  const { message: lease } = await worker.lease();
  expect(lease.task.steps).toEqual([{ kind: 'sql', sql: 'SELECT 42 AS c0' }]);
  worker.started(lease);
  worker.succeed(lease, int32Stream([[42]]), 1);
  const result = await app.inject(`/v1/jobs/${jobId}/result?wait=20`);
  expect(result.statusCode, result.body).toBe(200);
  const answer = { columns: [{ name: 'answer', type: 'INTEGER' }], rows: [[42]] };
  expect(result.json()).toEqual(answer);
  expect((await app.inject(`/v1/jobs/${jobId}`)).json()).toMatchObject({
    jobId,
    name: 'the answer',
    owner: 'local',
    state: 'successful',
    progress: 1,
    counters: { tasksPlanned: 1, attempts: 1 },
  });
  await app.close();

  const again = await testApp({ dataDir });
  expect((await again.app.inject(`/v1/jobs/${jobId}/result`)).json()).toEqual(answer);
  expect((await again.app.inject('/v1/jobs')).json()).toMatchObject({ jobs: [{ jobId, state: 'successful' }] });
});

test('an accepted job that was not finished is run by the next coordinator', async () => {
  const { app, dataDir } = await testApp();
  const { jobId } = (await app.inject({ method: 'POST', url: '/v1/jobs', payload: { sql: 'chain 1 later' } })).json();
  await app.close();

  const again = await testApp({ dataDir });
  expect((await again.app.inject(`/v1/jobs/${jobId}`)).json()).toMatchObject({ jobId, state: 'waiting' });
  const worker = await FakeWorker.join(again.url);
  const { message: lease } = await worker.lease();
  worker.succeed(lease, int32Stream([[42]]), 1);
  expect((await again.app.inject(`/v1/jobs/${jobId}/result?wait=20`)).json()).toMatchObject({ rows: [[42]] });
});

test('small outputs of one stage ride along in the lease of the next', async () => {
  const { app, url } = await testApp();
  const worker = await FakeWorker.join(url);
  const { jobId } = (await app.inject({ method: 'POST', url: '/v1/jobs', payload: { sql: 'chain 2 inline' } })).json();
  const first = (await worker.lease()).message;
  const stream = int32Stream([[7, 8]]);
  worker.succeed(first, stream, 2);
  const second = await worker.lease();
  expect(second.message.inline).toHaveLength(1);
  expect(Buffer.from(stream).equals(second.payload ?? Buffer.alloc(0))).toBe(true);
  worker.succeed(second.message, stream, 2);
  expect((await app.inject(`/v1/jobs/${jobId}/result?wait=20&format=csv`)).body).toBe('answer\n7\n8\n');
});
