/** GET /v1/cache over a real coordinator: a dataset's chunks as a tab fetches and loads them, and who sees which job's blocks. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import type { CacheJson } from '../../shared/rest/cache.ts';
import { type TestApp, testApp } from '../sessions/testing/app-fixture.ts';
import { int32Stream } from '../sessions/testing/arrow-bytes.ts';
import { FakeWorker } from '../sessions/testing/fake-worker.ts';

beforeAll(loadHashes);

async function cacheOf({ app }: TestApp, token?: string): Promise<CacheJson> {
  const response = await app.inject({ url: '/v1/cache', ...(token && { headers: { authorization: `Bearer ${token}` } }) });
  expect(response.statusCode).toBe(200);
  return response.json<CacheJson>();
}

test('a dataset is on the coordinator, then also in the tab that fetched and loaded it', async () => {
  const fixture = await testApp({ realPlanner: true });
  const { app, url, dataDir, adminToken } = fixture;
  const path = join(dataDir, 'rows.csv');
  await writeFile(path, `n,m\n${Array.from({ length: 5000 }, (_, i) => `${i},${i * 7}`).join('\n')}\n`);
  const headers = { authorization: `Bearer ${adminToken}` };
  await app.inject({ method: 'POST', url: '/v1/datasets', headers, payload: { name: 'rows', path } });
  const before = await cacheOf(fixture);
  expect(before.datasets).toMatchObject([{ name: 'rows', total: { blocks: 2 }, tabs: [] }]);
  expect(before.coordinator.chunks).toEqual({ blocks: 2, bytes: expect.any(Number) });
  const worker = await FakeWorker.join(url, { name: 'desk 7' });
  const data = await worker.data(url);
  await app.inject({ method: 'POST', url: '/v1/jobs', payload: { sql: 'SELECT sum(n) FROM rows WHERE n > 1' } });
  const lease = (await worker.lease()).message;
  const input = lease.task.inputs[0];
  const column = input?.kind === 'chunks' ? input.run.columns[0] : undefined;
  const slice = column?.slices[0];
  if (input?.kind !== 'chunks' || !column || !slice) throw new Error('no chunk is read');
  const { blockId, bucket, digest, bytes } = slice;
  data.say({ type: 'fetch', fetchId: 'f1', slices: [{ blockId, bucket, digest }], creditBytes: 1e6 });
  await data.next('done');
  const changes = [{ slot: 0, residentKey: input.run.residentKey, ordinals: [column.ordinal] }];
  worker.say({ type: 'residentsChanged', changes });
  worker.say({ type: 'heartbeat', seq: 1, running: [lease.attemptId] });
  await worker.next('heartbeatSeen');
  const part = { blocks: 1, bytes };
  expect((await cacheOf(fixture)).datasets[0]?.tabs).toEqual([
    { workerId: worker.welcome.workerId, name: 'desk 7', loaded: part, fetched: part },
  ]);
});

test('jobs are shown to those who may see them; to others they are one sum', async () => {
  const fixture = await testApp();
  const { app, url, adminToken } = fixture;
  const ada = await app.grid.tokens.issue('author', 'ada');
  const ben = await app.grid.tokens.issue('author', 'ben');
  const worker = await FakeWorker.join(url);
  const headers = { authorization: `Bearer ${ada}` };
  const { jobId } = (await app.inject({ method: 'POST', url: '/v1/jobs', headers, payload: { sql: 'chain 2 cache' } })).json<{
    jobId: string;
  }>();
  const stream = int32Stream([Array.from({ length: 50_000 }, (_, i) => i)]);
  worker.succeed((await worker.lease()).message, stream, 50_000, { inline: false });
  await worker.lease();
  const mine = { blocks: 1, bytes: stream.byteLength };
  const seen = await cacheOf(fixture, ada);
  expect(seen.jobs).toEqual([
    {
      jobId,
      total: mine,
      coordinator: { blocks: 0, bytes: 0 },
      stores: [{ workerIds: [worker.welcome.workerId], ...mine }],
    },
  ]);
  expect((await cacheOf(fixture, adminToken)).jobs).toHaveLength(1);
  const foreign = await cacheOf(fixture, ben);
  expect(foreign.jobs).toEqual([]);
  expect(foreign.others).toEqual(mine);
});
