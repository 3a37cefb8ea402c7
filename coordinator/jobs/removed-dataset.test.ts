/** A dataset is removed while jobs read it: its chunks stay until the last of them is over; a job never meets half a dataset. */
import { beforeAll, expect, test } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import type { JobId } from '../../shared/ids.ts';
import type { Slice } from '../../shared/plan/task.ts';
import type { CoordinatorMessage } from '../../shared/protocol/session.ts';
import type { App } from '../app.ts';
import { type TestApp, type TestAppOptions, testApp } from '../sessions/testing/app-fixture.ts';
import { int32Stream } from '../sessions/testing/arrow-bytes.ts';
import { FakeWorker } from '../sessions/testing/fake-worker.ts';
import { chainPlan } from '../sessions/testing/plans.ts';
import type { PlannerPort } from './ports.ts';

beforeAll(loadHashes);

const CSV = 'a,b\n1,x\n2,y\n';

async function appWithRows(options: TestAppOptions = {}): Promise<TestApp> {
  const fixture = await testApp({ realPlanner: true, ...options });
  await upload(fixture, 'rows', CSV);
  return fixture;
}

async function upload({ url }: TestApp, name: string, csv: string): Promise<void> {
  const form = new FormData();
  form.append('name', name);
  form.append('file', new Blob([csv]), 'rows.csv');
  const response = await fetch(`${url}/v1/datasets`, { method: 'POST', body: form });
  expect(response.status, await response.text()).toBe(201);
}

const remove = async (app: App): Promise<void> => {
  expect((await app.inject({ method: 'DELETE', url: '/v1/datasets/rows' })).statusCode).toBe(204);
};
const post = async (app: App, sql: string): Promise<string> => {
  const response = await app.inject({ method: 'POST', url: '/v1/jobs', payload: { sql } });
  expect(response.statusCode, response.body).toBe(202);
  return response.json<{ jobId: string }>().jobId;
};
const chunkBytes = (app: App): number => app.grid.blocks.usage().chunkBytes;

function chunkOf(lease: Extract<CoordinatorMessage, { type: 'lease' }>): Pick<Slice, 'blockId' | 'bucket' | 'digest'> {
  for (const input of lease.task.inputs) {
    const slice = input.kind === 'chunks' ? input.run.columns[0]?.slices[0] : undefined;
    if (slice) return { blockId: slice.blockId, bucket: slice.bucket, digest: slice.digest } as Slice;
  }
  throw new Error('the task reads no chunk');
}

test('a job that runs when its dataset is removed reads on and finishes; then the chunks go', async () => {
  const fixture = await appWithRows();
  const { app, url } = fixture;
  const worker = await FakeWorker.join(url);
  const data = await worker.data(url);
  const jobId = await post(app, 'SELECT a FROM rows');
  const { message: lease } = await worker.lease();
  await remove(app);
  expect((await app.inject('/v1/datasets')).json()).toEqual({ datasets: [] });
  expect((await app.inject({ method: 'POST', url: '/v1/jobs', payload: { sql: 'SELECT a FROM rows' } })).json()).toMatchObject({
    code: 'sql-unknown-table',
  });
  data.say({ type: 'fetch', fetchId: 'f', slices: [chunkOf(lease)], creditBytes: 1 << 20 });
  expect((await data.next<{ type: string; last: boolean }>('piece')).payload?.byteLength).toBeGreaterThan(0);
  worker.succeed(lease, int32Stream([[1, 2]]), 2);
  await app.grid.jobs.settled(jobId as JobId, 20_000);
  expect((await app.inject(`/v1/jobs/${jobId}`)).json()).toMatchObject({ state: 'successful' });
  await expect.poll(() => chunkBytes(app)).toBe(0);
});

test('the last of several jobs keeps the chunks, cancelled ones let go; the same bytes under the name again are there to stay', async () => {
  const fixture = await appWithRows();
  const { app } = fixture;
  const full = chunkBytes(app);
  const [first, second] = [await post(app, 'SELECT a FROM rows'), await post(app, 'SELECT b FROM rows')];
  await remove(app);
  await app.inject({ method: 'DELETE', url: `/v1/jobs/${first}` });
  await app.inject(`/v1/jobs/${first}/result?wait=5`);
  expect(chunkBytes(app)).toBe(full);
  await upload(fixture, 'rows', CSV);
  await app.inject({ method: 'DELETE', url: `/v1/jobs/${second}` });
  await app.inject(`/v1/jobs/${second}/result?wait=5`);
  expect(chunkBytes(app)).toBe(full);
  await remove(app);
  expect(chunkBytes(app)).toBe(0);
});

test('removed while the query is planned: the query fails at once and says so', async () => {
  let began = (): void => undefined;
  const planning = new Promise<void>((resolve) => {
    began = resolve;
  });
  let go = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    go = resolve;
  });
  const planner: PlannerPort = {
    async plan({ datasets }) {
      began();
      await held;
      const [rows] = datasets;
      if (!rows) throw new Error('no dataset');
      return { ok: true, plan: { ...chainPlan(1, 'held'), datasets: [{ name: rows.name, version: rows.version }] }, planMs: 1 };
    },
    close: () => undefined,
  };
  const { app } = await appWithRows({ parts: { planner } });
  const posting = app.inject({ method: 'POST', url: '/v1/jobs', payload: { sql: 'SELECT a FROM rows' } });
  // inject() sends nothing before it is awaited.
  const posted = posting.then((response) => response);
  await planning;
  await remove(app);
  go();
  expect((await posted).json()).toMatchObject({
    status: 409,
    code: 'dataset-removed',
    detail: expect.stringContaining('rows'),
    hint: expect.stringContaining('again'),
  });
  expect((await app.inject('/v1/jobs')).json()).toEqual({ jobs: [] });
});

test('removed, and the coordinator restarts before the job ended: the job fails and says so', async () => {
  const { app, dataDir } = await appWithRows();
  const jobId = await post(app, 'SELECT a FROM rows');
  await remove(app);
  await app.close();
  const again = await testApp({ realPlanner: true, dataDir });
  expect((await again.app.inject(`/v1/jobs/${jobId}`)).json()).toMatchObject({
    state: 'failed',
    error: { code: 'dataset-removed', detail: expect.stringContaining('rows'), hint: expect.stringContaining('Register') },
  });
  expect(chunkBytes(again.app)).toBe(0);
});
