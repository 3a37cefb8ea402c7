/** The data socket: what a worker may fetch, from whom it comes, and what happens when a holder fails. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { digestOf, loadHashes } from '../../shared/hash.ts';
import { LIMITS } from '../../shared/limits.ts';
import { CLOSE } from '../../shared/protocol/version.ts';
import { testApp } from '../sessions/testing/app-fixture.ts';
import { int32Stream } from '../sessions/testing/arrow-bytes.ts';
import { TestClock } from '../sessions/testing/clock.ts';
import { FakeWorker, type TestSocket } from '../sessions/testing/fake-worker.ts';
import { UpstreamFetch } from './relay-upstream.ts';
import { BIG, type Fetch, fetchIt, type Piece, readAll, scene, sendPieces, serve, type Wanted } from './testing/scene.ts';

beforeAll(loadHashes);

test('a slice streams from the tab that holds it, byte for byte', async () => {
  const { app, holderData, consumerData, wanted } = await scene();
  fetchIt(consumerData, [wanted]);
  const asked = (await holderData.next<Fetch>('fetch')).message;
  expect(asked.slices).toEqual([wanted]);
  const served = serve(holderData, asked, BIG);
  const { bytes, failed } = await readAll(consumerData);
  await served;
  expect(failed).toEqual([]);
  expect(digestOf(bytes)).toBe(wanted.digest);
  expect(app.grid.relay.totals().relayedBytes).toBe(BIG.byteLength);
});

test('a consumer with little credit gets little, and no more before it gives some', async () => {
  const { holderData, consumerData, wanted } = await scene();
  fetchIt(consumerData, [wanted], 1000);
  const asked = (await holderData.next<Fetch>('fetch')).message;
  const served = serve(holderData, asked, BIG);
  const { payload } = await consumerData.next<Piece>('piece');
  expect(payload?.byteLength).toBe(1000);
  consumerData.say({ type: 'credit', fetchId: 'f1', bytes: BIG.byteLength });
  const { bytes } = await readAll(consumerData);
  await served;
  expect(bytes.byteLength).toBe(BIG.byteLength - 1000);
});

test('a holder is never given more credit than a few pieces, however much the consumer allows', async () => {
  const { holderData, consumerData, wanted } = await scene();
  fetchIt(consumerData, [wanted], 1e9);
  expect((await holderData.next<Fetch>('fetch')).message.creditBytes).toBeLessThanOrEqual(4 * LIMITS.pieceBytes);
});

test('only slices of a live lease are served, and only under their accepted digest', async () => {
  const { app, url, consumer, consumerData, lease, wanted } = await scene();
  const stranger = await FakeWorker.join(url);
  const strangerData = await stranger.data(url);
  fetchIt(strangerData, [wanted]);
  expect((await readAll(strangerData)).failed).toMatchObject([{ index: 0, why: 'refused' }]);
  fetchIt(consumerData, [{ ...wanted, digest: 'a'.repeat(64) }]);
  expect((await readAll(consumerData)).failed).toMatchObject([{ index: 0, why: 'missing' }]);
  const story = app.grid.scheduler.workers().find((worker) => worker.workerId === consumer.welcome.workerId);
  expect(story?.current[0]?.title).toBe(lease.task.title);
});

test('bytes of another digest never complete: the last piece is held back and the slice is corrupt', async () => {
  const { holderData, consumerData, wanted } = await scene();
  fetchIt(consumerData, [wanted]);
  const asked = (await holderData.next<Fetch>('fetch')).message;
  const spoiled = BIG.slice();
  spoiled[100_000] = (spoiled[100_000] ?? 0) ^ 1;
  const served = serve(holderData, asked, spoiled);
  const { bytes, failed } = await readAll(consumerData);
  await served;
  expect(failed).toMatchObject([{ index: 0, why: 'corrupt' }]);
  expect(bytes.byteLength).toBeLessThan(BIG.byteLength);
});

test('a holder that goes in mid-transfer leaves a missing slice, and lineage makes it again', async () => {
  const { app, holder, holderData, consumer, consumerData, lease, wanted, jobId } = await scene();
  fetchIt(consumerData, [wanted]);
  const asked = (await holderData.next<Fetch>('fetch')).message;
  sendPieces(holderData, asked.fetchId, BIG, 0, LIMITS.pieceBytes);
  await consumerData.next('piece');
  holder.socket.terminate();
  const { failed } = await readAll(consumerData);
  expect(failed).toMatchObject([{ index: 0, why: 'missing' }]);
  const slices = [{ blockId: wanted.blockId, bucket: 0, why: 'missing' }];
  consumer.fail(lease, { reason: 'input', code: 'slice-missing', message: 'gone', slices });
  const again = (await consumer.lease()).message;
  expect(again.task.blockId).toBe(wanted.blockId);
  const small = int32Stream([[5]]);
  consumer.succeed(again, small, 1);
  consumer.succeed((await consumer.lease()).message, small, 1);
  expect((await app.inject(`/v1/jobs/${jobId}/result?wait=20`)).json()).toMatchObject({ rows: [[5]] });
  const { counters } = (await app.inject(`/v1/jobs/${jobId}`)).json();
  expect(counters).toMatchObject({ tasksPlanned: 2, recomputes: 1, attempts: 4 });
});

test('a holder that says it lacks the block is believed', async () => {
  const { app, holderData, consumerData, wanted } = await scene();
  fetchIt(consumerData, [wanted]);
  const asked = (await holderData.next<Fetch>('fetch')).message;
  holderData.say({ type: 'sliceFailed', fetchId: asked.fetchId, index: 0, why: 'missing' });
  expect((await readAll(consumerData)).failed).toMatchObject([{ why: 'missing' }]);
  expect(app.grid.scheduler.holders(wanted.blockId as never).sessions).toEqual([]);
});

test('a holder that sends nothing is given up after the idle time', async () => {
  const clock = new TestClock();
  const { holderData, consumerData, wanted } = await scene({ clock, limits: { transferIdleMs: 500 } });
  fetchIt(consumerData, [wanted]);
  const { fetchId } = (await holderData.next<Fetch>('fetch')).message;
  // Its part of the idle time, so that another holder could still be asked.
  clock.advance(300);
  expect((await readAll(consumerData)).failed).toMatchObject([{ index: 0, why: 'missing' }]);
  expect((await holderData.next<{ type: string; fetchId: string }>('abort')).message.fetchId).toBe(fetchId);
});

test('a holder that breaks the rules of order loses its sockets', async () => {
  const { holder, holderData, consumerData, wanted } = await scene();
  fetchIt(consumerData, [wanted], 1);
  const asked = (await holderData.next<Fetch>('fetch')).message;
  sendPieces(holderData, asked.fetchId, BIG, LIMITS.pieceBytes, 2 * LIMITS.pieceBytes);
  expect((await holderData.closed).code).toBe(CLOSE.badMessage);
  expect((await holder.closed).code).toBe(CLOSE.badMessage);
});

test('a holder may not have more under way than its credit', () => {
  const credits: number[] = [];
  const deps = {
    clock: new TestClock(),
    idleMs: 1,
    sendCredit: (bytes: number) => credits.push(bytes),
    release: () => undefined,
  };
  const fetch = new UpstreamFetch(1, 1000, false, deps);
  const piece = (offset: number, bytes: number): void =>
    fetch.arrived({
      kind: 'piece',
      header: { type: 'piece', fetchId: 'c1', index: 0, offset, total: 5000, codec: 'raw', rawBytes: 5000 },
      payload: new Uint8Array(bytes),
    });
  piece(0, 800);
  // Credit comes back in lumps of a quarter.
  fetch.consumed(200);
  expect(credits).toEqual([]);
  fetch.consumed(600);
  expect(credits).toEqual([800]);
  piece(800, 1000);
  expect(() => piece(1800, 1)).toThrow('more than the credit');
});

test.each([
  [
    'more fetches than the limit',
    (socket: TestSocket, slice: Wanted) => {
      for (let i = 0; i <= LIMITS.fetchesPerSocket; i++) {
        socket.say({ type: 'fetch', fetchId: `f${i}`, slices: [slice], creditBytes: 1 });
      }
    },
  ],
  [
    'one fetchId twice',
    (socket: TestSocket, slice: Wanted) => {
      for (let i = 0; i < 2; i++) socket.say({ type: 'fetch', fetchId: 'f', slices: [slice], creditBytes: 1 });
    },
  ],
  [
    'more slices than the limit',
    (socket: TestSocket, slice: Wanted) => {
      fetchIt(
        socket,
        Array.from({ length: LIMITS.slicesPerFetch + 1 }, () => slice),
      );
    },
  ],
  ['a fetch of nothing', (socket: TestSocket) => fetchIt(socket, [])],
  ['a second hello', (socket: TestSocket) => socket.say({ type: 'ready' })],
  ['a frame over the limit', (socket: TestSocket) => socket.socket.send(Buffer.alloc(LIMITS.pieceBytes + 8192))],
])('a consumer that breaks the rules loses its sockets: %s', async (_what, act) => {
  const { consumer, consumerData, wanted } = await scene();
  act(consumerData, wanted);
  expect((await consumerData.closed).code).toBe(CLOSE.badMessage);
  expect((await consumer.closed).code).toBe(CLOSE.badMessage);
});

test('source chunks come from the coordinator as they are stored', async () => {
  const { app, url, dataDir, adminToken } = await testApp({ realPlanner: true });
  const path = join(dataDir, 'rows.csv');
  await writeFile(path, `n\n${Array.from({ length: 5000 }, (_, i) => i).join('\n')}\n`);
  const headers = { authorization: `Bearer ${adminToken}` };
  await app.inject({ method: 'POST', url: '/v1/datasets', headers, payload: { name: 'rows', path } });
  const worker = await FakeWorker.join(url);
  const data = await worker.data(url);
  await app.inject({ method: 'POST', url: '/v1/jobs', payload: { sql: 'SELECT sum(n) FROM rows WHERE n > 1' } });
  const input = (await worker.lease()).message.task.inputs[0];
  const slice = input?.kind === 'chunks' ? input.run.columns[0]?.slices[0] : undefined;
  if (!slice) throw new Error('no chunk is read');
  const { blockId, bucket, digest } = slice;
  fetchIt(data, [{ blockId, bucket, digest }]);
  const { message } = await data.next<Piece & { readonly codec: string; readonly rawBytes: number }>('piece');
  expect(message).toMatchObject({ codec: 'zstd', rawBytes: slice.bytes });
});

test('a result that only a tab holds is collected before the job is done', async () => {
  const { app, url } = await testApp();
  const worker = await FakeWorker.join(url);
  const data = await worker.data(url);
  const { jobId } = (await app.inject({ method: 'POST', url: '/v1/jobs', payload: { sql: 'chain 1 big' } })).json();
  worker.succeed((await worker.lease()).message, BIG, 1_300_000, { inline: false });
  const asked = (await data.next<Fetch>('fetch')).message;
  await serve(data, asked, BIG);
  const result = await app.inject(`/v1/jobs/${jobId}/result?wait=20&format=csv`);
  expect(result.body.split('\n')).toHaveLength(1_300_002);
  worker.socket.terminate();
  expect((await app.inject(`/v1/jobs/${jobId}/result?format=csv`)).statusCode).toBe(200);
});
