/** The coordinator's disk as jobs meet it: full, over its cap, damaged, and emptied when results have had their time. */
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test, vi } from 'vitest';
import { digestOf, loadHashes } from '../../shared/hash.ts';
import type { BlockId, Digest } from '../../shared/ids.ts';
import { type TestApp, testApp } from '../sessions/testing/app-fixture.ts';
import { TestClock } from '../sessions/testing/clock.ts';
import { FakeWorker, type TestSocket } from '../sessions/testing/fake-worker.ts';
import { testDisk } from './testing/disk.ts';
import { BIG, type Fetch, fetchIt, readAll, scene, sendPieces, serve } from './testing/scene.ts';

beforeAll(loadHashes);

interface Running extends TestApp {
  readonly jobId: string;
  readonly worker: FakeWorker;
  readonly data: TestSocket;
}

/** A job whose result is large and lies in one tab. */
async function largeResult(options: Parameters<typeof testApp>[0]): Promise<Running> {
  const fixture = await testApp(options);
  const { app, url } = fixture;
  const worker = await FakeWorker.join(url);
  const data = await worker.data(url);
  const { jobId } = (await app.inject({ method: 'POST', url: '/v1/jobs', payload: { sql: 'chain 1 disk' } })).json();
  worker.succeed((await worker.lease()).message, BIG, 1_300_000, { inline: false });
  return { ...fixture, jobId, worker, data };
}

const whysOf = ({ app }: TestApp): string[] =>
  app.grid.scheduler
    .storiesSince(0)
    .lines.filter(({ what }) => what === 'collectFailed')
    .map(({ why }) => why);

test('a disk that is full while a result is copied: said in words, nothing left behind, and done once there is room', async () => {
  const disk = testDisk(true);
  const running = await largeResult({ parts: { createFile: disk.create } });
  const { app, dataDir, jobId, data } = running;
  const { fetchId, creditBytes } = (await data.next<Fetch>('fetch')).message;
  sendPieces(data, fetchId, BIG, 0, creditBytes);
  // The tab need not send the rest.
  await data.next('abort');
  await vi.waitFor(() => expect(whysOf(running)[0]).toContain('No space is left on the disk'));
  expect(disk.refused).toBeGreaterThan(0);
  disk.full = false;
  // The tab still has it: it is copied again, not made again.
  await serve(data, (await data.next<Fetch>('fetch')).message, BIG);
  const result = await app.inject(`/v1/jobs/${jobId}/result?wait=20&format=csv`);
  expect([result.statusCode, result.body.length > 1_300_000]).toEqual([200, true]);
  expect(await readdir(join(dataDir, 'blocks/outputs/incoming'))).toEqual([]);
});

test('over the cap of the coordinator’s disk a copy fails at once, with the figures', async () => {
  const running = await largeResult({ limits: { coordinatorDiskBytes: 1_000_000 } });
  await vi.waitFor(() => expect(whysOf(running)[0]).toContain('coordinator disk cap: it keeps at most 1000000 bytes'));
});

test('a damaged copy on the coordinator is given up, and the slice comes from the tab that has it', async () => {
  const { app, dataDir, holderData, consumerData, wanted } = await scene();
  const { blocks } = app.grid;
  const blockId = wanted.blockId as BlockId;
  const info = { rows: 1_300_000, bytes: BIG.byteLength, digest: wanted.digest as Digest };
  const writer = await blocks.receive(blockId, [info]);
  await writer.write(0, 0, BIG);
  await writer.finish();
  await writeFile(join(dataDir, 'blocks/outputs', blockId.slice(0, 2), blockId), 'rubbish');
  fetchIt(consumerData, [wanted]);
  const served = serve(holderData, (await holderData.next<Fetch>('fetch')).message, BIG);
  const { bytes, failed } = await readAll(consumerData);
  await served;
  expect(failed).toEqual([]);
  expect(digestOf(bytes)).toBe(wanted.digest);
  await vi.waitFor(() => expect(blocks.has(blockId)).toBe(false));
});

test('a reader that takes nothing while memory and disk are full: the transfer ends within its deadline, and the tab may stop', async () => {
  const clock = new TestClock();
  const { app, holderData, consumerData, wanted } = await scene({
    clock,
    limits: { transferIdleMs: 500, relayMemoryBytes: 1_000_000 },
    parts: { createFile: testDisk(true).create },
  });
  fetchIt(consumerData, [wanted], 1);
  const { fetchId, creditBytes } = (await holderData.next<Fetch>('fetch')).message;
  sendPieces(holderData, fetchId, BIG, 0, creditBytes);
  await consumerData.next('piece');
  await vi.waitFor(() => expect(app.grid.relay.totals().memoryBytes).toBeGreaterThan(1_000_000));
  // First the tab that serves is let go, then the reader is.
  clock.advance(300);
  await holderData.next('abort');
  clock.advance(200);
  expect((await consumerData.next<{ type: string; why: string }>('sliceFailed')).message.why).toBe('timeout');
  await consumerData.next('done');
  await vi.waitFor(() => expect(app.grid.relay.totals()).toMatchObject({ memoryBytes: 0, diskBytes: 0, fetches: 0 }));
});

test('a large block of the coordinator’s own passes piece by piece', async () => {
  const { app, consumerData, wanted } = await scene();
  const { blocks, relay } = app.grid;
  const writer = await blocks.receive(wanted.blockId as BlockId, [
    { rows: 1_300_000, bytes: BIG.byteLength, digest: wanted.digest as Digest },
  ]);
  await writer.write(0, 0, BIG);
  await writer.finish();
  fetchIt(consumerData, [wanted]);
  const { bytes, failed } = await readAll(consumerData);
  expect(failed).toEqual([]);
  expect(digestOf(bytes)).toBe(wanted.digest);
  expect(relay.totals()).toMatchObject({ servedBytes: BIG.byteLength, relayedBytes: 0 });
});

test('when a result’s time to live ends, its files go', async () => {
  const running = await largeResult({ limits: { resultTtlMs: 0 } });
  const { app, dataDir, jobId, data } = running;
  const outputs = join(dataDir, 'blocks/outputs');
  await serve(data, (await data.next<Fetch>('fetch')).message, BIG);
  await app.inject(`/v1/jobs/${jobId}/result?wait=20`);
  await app.grid.jobs.sweep();
  const files = async (): Promise<string[]> =>
    (await readdir(outputs, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map(({ name }) => name);
  expect(await files()).toHaveLength(1);
  // The core keeps the block for reuse; it goes with what else nobody needs, at the latest at the next start.
  await app.close();
  await testApp({ dataDir });
  expect(await files()).toEqual([]);
});
