/** Limits of the coordinator that no other test exceeds; shared/limits.test.ts lists where each limit's test is. */
import { EventEmitter } from 'node:events';
import { resolve } from 'node:path';
import { PassThrough } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { WebSocket } from 'ws';
import type { Accumulators } from '../shared/guest/accumulators.ts';
import { digestOf, digestOfList, loadHashes, sha256Hex } from '../shared/hash.ts';
import type { BlockId } from '../shared/ids.ts';
import { LIMITS } from '../shared/limits.ts';
import type { TaskSpec } from '../shared/plan/task.ts';
import { CLOSE } from '../shared/protocol/version.ts';
import { FlowPool } from './blocks/relay-pool.ts';
import { SpillFiles } from './blocks/spill-files.ts';
import { Planner } from './planner/planner.ts';
import { packLease } from './sessions/inline.ts';
import { tempDir, testApp } from './sessions/testing/app-fixture.ts';
import { TestClock } from './sessions/testing/clock.ts';
import { FakeWorker, HELLO } from './sessions/testing/fake-worker.ts';

beforeAll(loadHashes);

function csvForm(name: string, csv: string): FormData {
  const form = new FormData();
  form.append('name', name);
  form.append('file', new Blob([csv]), `${name}.csv`);
  return form;
}

interface Answer {
  readonly status?: number;
  readonly detail?: string;
}

const upload = async (url: string, name: string, csv: string): Promise<Answer> =>
  (await fetch(`${url}/v1/datasets`, { method: 'POST', body: csvForm(name, csv) })).json() as Promise<Answer>;

/** As much of a socket as a session touches: frames go in by `hear`, and how it was closed is kept. */
class FakeSocket extends EventEmitter {
  readonly OPEN = 1;
  readonly CLOSED = 3;
  readyState = 1;
  readonly isPaused = false;
  bufferedAmount = 0;
  closedWith: { readonly code: number; readonly reason: string } | undefined;

  hear(message: unknown): void {
    this.emit('message', Buffer.from(JSON.stringify(message)), false);
  }
  send(): void {}
  terminate(): void {}
  close(code: number, reason: string): void {
    this.readyState = 3;
    this.closedWith = { code, reason };
    this.emit('close');
  }
}

test('workers: one tab too many is turned away with 4429, those that are here stay', async () => {
  const { app } = await testApp({ clock: new TestClock() });
  const raw = { socket: new PassThrough() };
  const request = { headers: { host: 'localhost' }, ip: '127.0.0.1', raw } as unknown as FastifyRequest;
  const join = (): FakeSocket => {
    const socket = new FakeSocket();
    app.grid.sessions.accept(socket as unknown as WebSocket, request);
    socket.hear(HELLO);
    return socket;
  };
  const sockets = Array.from({ length: LIMITS.workers }, join);
  const refused = join();
  expect(refused.closedWith).toMatchObject({ code: CLOSE.full, reason: expect.stringContaining(`${LIMITS.workers} tabs`) });
  expect(sockets.filter((socket) => socket.closedWith)).toEqual([]);
  sockets[0]?.close(1000, 'leaving');
  expect(join().closedWith).toBeUndefined();
}, 60_000);

describe('messages of a session', () => {
  test('bucketsPerBlock: a report with one bucket too many closes the session', async () => {
    const { app, url } = await testApp();
    const worker = await FakeWorker.join(url);
    await app.inject({ method: 'POST', url: '/v1/jobs', payload: { sql: 'chain 1 buckets' } });
    const { message: lease } = await worker.lease();
    const digest = digestOf(new Uint8Array());
    const buckets = Array.from({ length: LIMITS.bucketsPerBlock + 1 }, () => ({ rows: 0, bytes: 0, digest }));
    const say = worker.say.bind(worker);
    worker.say = (report) => say({ ...(report as object), buckets, digest: digestOfList(buckets.map((b) => b.digest)) });
    worker.succeed(lease, new Uint8Array(), 0, { inline: false });
    expect((await worker.closed).code).toBe(CLOSE.badMessage);
    expect(app.grid.scheduler.workers()).toEqual([]);
  });

  /** How a session ends that reports these. */
  async function reportOf(accumulators: Accumulators) {
    const { app, url } = await testApp();
    const worker = await FakeWorker.join(url);
    await app.inject({ method: 'POST', url: '/v1/jobs', payload: { sql: 'chain 1 buckets' } });
    const { message: lease } = await worker.lease();
    const say = worker.say.bind(worker);
    worker.say = (report) => say({ ...(report as object), accumulators });
    worker.succeed(lease, new Uint8Array(), 0, { inline: false });
    return worker.closed;
  }

  test('accumulatorsPerTask: a report with one too many closes the session', async () => {
    const names = Array.from({ length: LIMITS.accumulatorsPerTask + 1 }, (_, i) => [`n${i}`, 1] as const);
    const { code, reason } = await reportOf(Object.fromEntries(names));
    expect([code, reason]).toEqual([CLOSE.badMessage, expect.stringContaining('at most 64')]);
  });

  test('accumulatorNameBytes: a report with a longer name closes the session', async () => {
    const { code, reason } = await reportOf({ ['é'.repeat(LIMITS.accumulatorNameBytes / 2 + 1)]: 1 });
    expect([code, reason]).toEqual([CLOSE.badMessage, expect.stringContaining('has 66 bytes')]);
  });

  test('accumulators that the block’s digest does not cover close the session', async () => {
    const { code, reason } = await reportOf({ rows: 1 });
    expect([code, reason]).toEqual([CLOSE.badMessage, expect.stringContaining('the block digest is not that of its buckets')]);
  });

  test('inventoryLines: an inventory with one line too many closes the session', async () => {
    const { url } = await testApp();
    const worker = await FakeWorker.join(url);
    const line = { blockId: sha256Hex('block'), digest: sha256Hex('digest') };
    const blocks = Array.from({ length: LIMITS.inventoryLines + 1 }, () => line);
    worker.say({ type: 'inventory', blocks, last: true });
    expect((await worker.closed).code).toBe(CLOSE.badMessage);
  });
});

test('inlineLeaseBytes: what a lease cannot carry is left to be fetched, in the order of the inputs', async () => {
  const stream = new Uint8Array(LIMITS.inlineBlockBytes);
  const digest = digestOf(stream);
  const fits = LIMITS.inlineLeaseBytes / LIMITS.inlineBlockBytes;
  const slices = Array.from({ length: fits + 3 }, (_, i) => {
    const blockId = sha256Hex(`block ${i}`) as BlockId;
    return { blockId, bucket: 0, digest, bytes: stream.byteLength };
  });
  const column = { type: 'INTEGER', wire: 'INTEGER' };
  const task: TaskSpec = {
    blockId: sha256Hex('output') as BlockId,
    steps: [],
    inputs: [{ kind: 'slices', columns: [column], slices }],
    output: { columns: [column], partitioning: { kind: 'single' } },
    title: 'all of them',
    maxRunMs: LIMITS.maxRunMs,
    minRunMs: 0,
  };
  const { message, parts } = await packLease(
    { attemptId: 'a-1', slot: 0, task },
    {
      has: () => true,
      readSlice: async () => ({ codec: 'raw', bytes: stream, rawBytes: stream.byteLength, digest }),
      putInline: async () => undefined,
    },
  );
  expect(parts.reduce((sum, part) => sum + part.byteLength, 0)).toBe(LIMITS.inlineLeaseBytes);
  expect(message.inline?.map(({ blockId }) => blockId)).toEqual(slices.slice(0, fits).map(({ blockId }) => blockId));
  expect(message.task.inputs).toEqual(task.inputs);
});

test('jobsKept: the oldest settled jobs are forgotten at the next sweep, live ones never', async () => {
  const clock = new TestClock();
  const { app } = await testApp({ clock, limits: { jobsKept: 2 } });
  const post = async (tag: string): Promise<string> =>
    (await app.inject({ method: 'POST', url: '/v1/jobs', payload: { sql: `chain 1 ${tag}` } })).json().jobId;
  const ids = [];
  for (const tag of ['live', 'a', 'b', 'c', 'd']) ids.push(await post(tag));
  const [live, ...ended] = ids;
  for (const id of ended) {
    await app.inject({ method: 'DELETE', url: `/v1/jobs/${id}` });
    await app.inject(`/v1/jobs/${id}/result?wait=5`);
  }
  await app.grid.jobs.sweep();
  const { jobs } = (await app.inject('/v1/jobs')).json();
  expect(jobs.map((job: { jobId: string }) => job.jobId)).toEqual([ids[4], ids[3], live]);
  expect((await app.inject(`/v1/jobs/${ended[0]}`)).json()).toMatchObject({
    status: 404,
    hint: expect.stringMatching(/forgotten/),
  });
});

describe('datasets', () => {
  test('datasetsMax: one dataset too many is refused, and there is room again once one is deleted', async () => {
    const { app, url } = await testApp({ limits: { datasetsMax: 2 } });
    for (const name of ['a', 'b'])
      expect(await upload(url, name, `n\n${name.charCodeAt(0)}\n`)).toMatchObject({ state: 'ready' });
    expect(await upload(url, 'c', 'n\n3\n')).toMatchObject({ status: 409, code: 'datasets-full', hint: expect.any(String) });
    expect((await app.inject({ method: 'DELETE', url: '/v1/datasets/a' })).statusCode).toBe(204);
    expect(await upload(url, 'c', 'n\n3\n')).toMatchObject({ state: 'ready' });
  });

  test('datasetColumns: a file with one column too many is refused, with the number', async () => {
    const { url } = await testApp();
    const header = Array.from({ length: LIMITS.datasetColumns + 1 }, (_, i) => `c${i}`).join(',');
    const problem = await upload(url, 'wide', `${header}\n${header.replace(/c/g, '')}\n`);
    expect(problem).toMatchObject({ status: 400, code: 'bad-file', hint: expect.any(String) });
    expect(problem.detail).toContain(`${LIMITS.datasetColumns + 1} columns`);
  });

  test('datasetNameChars: a name one character too long is refused, by path and by upload', async () => {
    const { app, url, adminToken } = await testApp();
    const name = 'n'.repeat(LIMITS.datasetNameChars + 1);
    expect(await upload(url, name, 'n\n1\n')).toMatchObject({ status: 400 });
    const headers = { authorization: `Bearer ${adminToken}` };
    const registered = await app.inject({ method: 'POST', url: '/v1/datasets', headers, payload: { name, path: '/x.csv' } });
    expect(registered.statusCode).toBe(400);
  });
});

test('plannerMemoryBytes: a query that needs more to be planned fails with that reason, and the next one is planned', async () => {
  const childEntry = resolve(import.meta.dirname, '../dist/node/planner-child.js');
  const planner = await Planner.start({ childEntry, memoryLimitBytes: 64 * 1024 * 1024 });
  onTestFinished(() => planner.close());
  const plan = (sql: string) => planner.plan({ sql, datasets: [], nowMs: 0 });
  const long = `SELECT ${Array.from({ length: 60_000 }, (_, i) => i % 10).join(',')}`;
  expect(await plan(long)).toMatchObject({ ok: false, error: { detail: expect.stringMatching(/memory/i) } });
  expect(await plan('SELECT 1 AS one')).toMatchObject({ ok: true });
});

describe('pieces that slow readers leave', () => {
  const PIECE = 1000;

  /** A pool with room for about two pieces, and one slice on its way to a reader that takes nothing yet. */
  async function slowReader(capBytes: number) {
    const dir = await tempDir();
    const clock = new TestClock();
    const said: unknown[] = [];
    const spill = new SpillFiles({ dir: async () => dir, capBytes });
    const pool = new FlowPool({ clock, spill, memoryBytes: 3 * PIECE, log: (error) => said.push(error) });
    const slice = { blockId: sha256Hex('slow') as BlockId, bucket: 0, digest: digestOf(new Uint8Array()), bytes: 8 * PIECE };
    const reader = pool.open(slice, () => undefined);
    let added = 0;
    const add = (): Promise<void> | undefined => pool.add(reader.flow, new Uint8Array(PIECE).fill(added++));
    const read = async (): Promise<number | undefined> => {
      const bytes = await reader.take()?.bytes;
      reader.release();
      return bytes?.byteLength === PIECE ? bytes[0] : undefined;
    };
    return { pool, clock, add, read, said };
  }

  test('relayMemoryBytes: what is beyond goes to disk once its reader is late, and is read from there', async () => {
    const { pool, clock, add, read, said } = await slowReader(1e6);
    expect([add(), add()]).toEqual([undefined, undefined]);
    const room = add();
    expect(room).toBeInstanceOf(Promise);
    expect(pool.usage.diskBytes).toBe(0);
    clock.advance(1_000);
    await room;
    for (let i = 3; i < 8; i++) await add();
    expect(pool.usage.memoryBytes).toBeLessThanOrEqual(3 * PIECE);
    expect(pool.usage.diskBytes).toBeGreaterThanOrEqual(5 * PIECE);
    for (let i = 0; i < 8; i++) expect(await read()).toBe(i);
    expect(said).toEqual([]);
  });

  test('relayDiskBytes: what is beyond waits for its reader, which is said once', async () => {
    const { pool, clock, add, read, said } = await slowReader(2 * PIECE);
    expect([add(), add()]).toEqual([undefined, undefined]);
    const states: string[] = [];
    const push = (index: number): Promise<void> => Promise.resolve(add()).then(() => void states.push(`${index} has room`));
    const third = push(2);
    clock.advance(1_000);
    await third;
    await push(3);
    expect(pool.usage.diskBytes).toBe(2 * PIECE);
    const fifth = push(4);
    await expect.poll(() => said).toMatchObject([{ code: 'disk-full' }]);
    expect(states).toEqual(['2 has room', '3 has room']);
    expect(pool.usage.diskBytes).toBe(2 * PIECE);
    for (let i = 0; i < 3; i++) expect(await read()).toBe(i);
    await fifth;
    for (let i = 3; i < 5; i++) expect(await read()).toBe(i);
    expect(said).toHaveLength(1);
  });
});
