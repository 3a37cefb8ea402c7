/** Results that begin while their job runs, over real HTTP: in order, complete, or visibly broken off. */
import { get, type IncomingMessage } from 'node:http';
import { connect as dial } from 'node:net';
import { beforeAll, expect, test, vi } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import type { JobId } from '../../shared/ids.ts';
import type { CoordinatorMessage } from '../../shared/protocol/session.ts';
import { type TestApp, testApp } from '../sessions/testing/app-fixture.ts';
import { int32Stream } from '../sessions/testing/arrow-bytes.ts';
import { FakeWorker } from '../sessions/testing/fake-worker.ts';

beforeAll(loadHashes);

type Lease = Extract<CoordinatorMessage, { type: 'lease' }>;

const FAILURE = { reason: 'author', code: 'sql-conversion', message: 'Could not convert', hint: 'TRY_CAST' };
const FORMATS = ['json', 'ndjson', 'csv', 'arrow'] as const;

interface Running extends TestApp {
  readonly jobId: string;
  readonly worker: FakeWorker;
  /** Of the parts of the result, in their order. */
  readonly leases: readonly Lease[];
  readonly resultUrl: string;
}

/** A job with a result of `parts` parts, all of them leased and none made. */
async function running(parts: number): Promise<Running> {
  const fixture = await testApp();
  const { app, url } = fixture;
  const traits = { slots: parts, visibility: 'headless', paused: false, share: 1, memoryPerSlotBytes: 1 << 28 } as const;
  const worker = await FakeWorker.join(url, { traits });
  const { jobId } = (await app.inject({ method: 'POST', url: '/v1/jobs', payload: { sql: `union ${parts} early` } })).json();
  const leases: Lease[] = [];
  for (let i = 0; i < parts; i++) leases.push((await worker.lease()).message);
  return { ...fixture, jobId, worker, leases, resultUrl: `${url}/v1/jobs/${jobId}/result` };
}

/** Part `i` is made: rows `10 * i` and the next one. */
async function make({ app, jobId, worker, leases }: Running, i: number): Promise<void> {
  worker.succeed(leases[i] as Lease, int32Stream([[10 * i, 10 * i + 1]]), 2);
  const isOver = (): boolean => app.grid.scheduler.job(jobId as JobId)?.state === 'successful';
  await vi.waitFor(() => expect(isOver() || app.grid.scheduler.resultPart(jobId as JobId, i)).toBeTruthy());
}

async function textOf(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) pieces.push(piece.value);
  return Buffer.concat(pieces).toString('latin1');
}

/** The bytes of a first answer and how it ended. */
function rawGet(url: string): Promise<{ readonly head: IncomingMessage; readonly end: Promise<'complete' | 'aborted'> }> {
  return new Promise((resolve, reject) => {
    get(url, (head) => {
      const end = new Promise<'complete' | 'aborted'>((ended) => {
        head.on('error', () => undefined);
        head.on('close', () => ended(head.complete ? 'complete' : 'aborted'));
      });
      resolve({ head, end });
    }).on('error', reject);
  });
}

test.each(FORMATS)('%s begins with the first part and is at the end what a finished result is', async (format) => {
  const job = await running(3);
  const asked = fetch(`${job.resultUrl}?format=${format}&wait=20&early=true`);
  await make(job, 1);
  await make(job, 0);
  const response = await asked;
  expect(response.status).toBe(200);
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const first = await reader.read();
  expect(first.value?.length).toBeGreaterThan(0);
  expect((await job.app.inject(`/v1/jobs/${job.jobId}`)).json().state).toBe('running');
  await make(job, 2);
  const text = Buffer.from(first.value ?? []).toString('latin1') + (await textOf(reader));
  const finished = await fetch(`${job.resultUrl}?format=${format}`);
  expect(text).toBe(Buffer.from(await finished.arrayBuffer()).toString('latin1'));
  if (format === 'csv') expect(text).toBe('answer\n0\n1\n10\n11\n20\n21\n');
});

test('it begins with nothing but the first part, only when asked to, and only within the wait', async () => {
  const job = await running(3);
  const answer = async (query: string) => (await job.app.inject(`/v1/jobs/${job.jobId}/result?${query}`)).json();
  await make(job, 1);
  expect(await answer('wait=0.02&early=true')).toMatchObject({ status: 409, code: 'job-running' });
  await make(job, 0);
  for (const query of ['wait=0.02', 'early=true', 'wait=0.02&early=false', 'wait=0.02&early=true&format=parquet']) {
    expect(await answer(query), query).toMatchObject({ status: 409, code: 'job-running' });
  }
});

test('over HTTP/1.0, where the end of the connection is the end of the body, it does not begin early', async () => {
  const job = await running(2);
  await make(job, 0);
  const { hostname, port } = new URL(job.url);
  const socket = dial(Number(port), hostname);
  socket.write(`GET /v1/jobs/${job.jobId}/result?wait=0.02&early=true HTTP/1.0\r\nhost: ${hostname}:${port}\r\n\r\n`);
  let text = '';
  for await (const piece of socket) text += piece;
  expect(text).toMatch(/^HTTP\/1\.1 409/);
});

test.each(FORMATS)('%s of a job that fails then is broken off, and the job says why', async (format) => {
  const job = await running(2);
  await make(job, 0);
  const { head, end } = await rawGet(`${job.resultUrl}?format=${format}&wait=20&early=true`);
  expect([head.statusCode, head.headers['transfer-encoding']]).toEqual([200, 'chunked']);
  head.resume();
  const response = await fetch(`${job.resultUrl}?format=${format}&wait=20&early=true`);
  job.worker.fail(job.leases[1] as Lease, FAILURE);
  await expect(response.arrayBuffer()).rejects.toThrow('terminated');
  expect(await end).toBe('aborted');
  const { state, error } = (await job.app.inject(`/v1/jobs/${job.jobId}`)).json();
  expect([state, error]).toMatchObject(['failed', { code: 'sql-conversion', stage: 0, hint: 'TRY_CAST' }]);
});

test('a job that is cancelled breaks its result off too', async () => {
  const job = await running(2);
  await make(job, 0);
  const { end, head } = await rawGet(`${job.resultUrl}?wait=20&early=true`);
  head.resume();
  await job.app.inject({ method: 'DELETE', url: `/v1/jobs/${job.jobId}` });
  expect(await end).toBe('aborted');
});

test('a reader that goes away leaves nothing behind, and the job goes on', async () => {
  const job = await running(2);
  await make(job, 0);
  const stop = new AbortController();
  const response = await fetch(`${job.resultUrl}?format=csv&wait=20&early=true`, { signal: stop.signal });
  expect(response.status).toBe(200);
  stop.abort();
  await make(job, 1);
  expect((await job.app.inject(`/v1/jobs/${job.jobId}/result?format=csv&wait=20`)).body).toBe('answer\n0\n1\n10\n11\n');
});

test('many readers of one job all get the whole result, also one that comes late', async () => {
  const job = await running(3);
  const ask = async (): Promise<{ readonly rows: unknown }> =>
    (await fetch(`${job.resultUrl}?wait=20&early=true`)).json() as Promise<{ readonly rows: unknown }>;
  const early = [ask(), ask()];
  await make(job, 0);
  early.push(ask());
  await make(job, 1);
  await make(job, 2);
  const rows = [[0], [1], [10], [11], [20], [21]];
  for (const result of await Promise.all([...early, ask()])) expect(result.rows).toEqual(rows);
});
