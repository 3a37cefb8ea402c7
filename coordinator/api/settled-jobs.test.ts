/** A job looks the same from outside while it runs, once it settled and after a restart. */
import { beforeAll, expect, test } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import type { PlannerPort } from '../jobs/ports.ts';
import { testApp } from '../sessions/testing/app-fixture.ts';
import { int32Stream } from '../sessions/testing/arrow-bytes.ts';
import { FakeWorker } from '../sessions/testing/fake-worker.ts';
import { chainPlan } from '../sessions/testing/plans.ts';

beforeAll(loadHashes);

const FALLBACKS = [{ scope: 'query', operator: 'ASOF', why: 'it runs in one task' }] as const;
const planner: PlannerPort = {
  plan: async ({ sql }) => ({ ok: true, plan: { ...chainPlan(1, sql), fallbacks: FALLBACKS }, planMs: 12.5 }),
  close: () => undefined,
};

test('planMs, fallbacks and counters stay with a job', async () => {
  const { app, url, dataDir } = await testApp({ parts: { planner } });
  const look = async (from: typeof app, id: string) => (await from.inject(`/v1/jobs/${id}`)).json();
  const worker = await FakeWorker.join(url);
  const { jobId } = (await app.inject({ method: 'POST', url: '/v1/jobs', payload: { sql: 'q' } })).json();
  const lease = (await worker.lease()).message;
  const live = await look(app, jobId);
  expect(live).toMatchObject({ state: 'running', planMs: 12.5, fallbacks: FALLBACKS, counters: { attempts: 1 } });
  worker.succeed(lease, int32Stream([[1]]), 1);
  expect((await app.inject(`/v1/jobs/${jobId}/result?wait=20`)).statusCode).toBe(200);
  const settled = await look(app, jobId);
  expect(settled).toMatchObject({ state: 'successful', planMs: 12.5, fallbacks: FALLBACKS });
  expect(settled.counters).toMatchObject({ tasksPlanned: 1, attempts: 1, ended: { succeeded: 1 } });
  const { settledAtMs, expiresAtMs, ...rest } = settled;
  expect(Object.keys(rest).sort()).toEqual(Object.keys(live).sort());
  expect(expiresAtMs).toBeGreaterThanOrEqual(settledAtMs);
  await app.close();

  const again = await testApp({ dataDir, parts: { planner } });
  expect(await look(again.app, jobId)).toEqual(settled);
});

test('the plan can be read at any moment, also while a job that settled is being written down', async () => {
  const { app, url } = await testApp({ parts: { planner } });
  const worker = await FakeWorker.join(url);
  const { jobId } = (await app.inject({ method: 'POST', url: '/v1/jobs', payload: { sql: 'q' } })).json();
  const plan = async () => (await app.inject(`/v1/jobs/${jobId}/plan`)).json();
  const live = await plan();
  expect(live.stages).toHaveLength(1);
  worker.succeed((await worker.lease()).message, int32Stream([[1]]), 1);
  await app.inject(`/v1/jobs/${jobId}/result?wait=20`);
  expect(await plan()).toEqual(live);
});
