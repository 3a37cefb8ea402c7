/** Tabs that come back, tabs of one profile, and tabs that leave. */

import { beforeAll, expect, test } from 'vitest';
import { digestOf, digestOfList, loadHashes } from '../../shared/hash.ts';
import type { BlockId, SessionId } from '../../shared/ids.ts';
import { NO_COSTS } from '../../shared/plan/task.ts';
import { CLOSE } from '../../shared/protocol/version.ts';
import { HandOvers } from './hand-overs.ts';
import { Lacking } from './lacking.ts';
import { testApp } from './testing/app-fixture.ts';
import { int32Stream } from './testing/arrow-bytes.ts';
import { TestClock } from './testing/clock.ts';
import { FakeWorker, HELLO, type TestSocket } from './testing/fake-worker.ts';

beforeAll(loadHashes);

interface Fetch {
  readonly type: 'fetch';
  readonly fetchId: string;
  readonly slices: readonly { readonly blockId: string }[];
}

/** Answers the next fetch with the stream; returns the blocks that it asked for. */
async function serve(data: TestSocket, stream: Uint8Array): Promise<readonly string[]> {
  const { fetchId, slices } = (await data.next<Fetch>('fetch')).message;
  const total = stream.byteLength;
  data.say({ type: 'piece', fetchId, index: 0, offset: 0, total, codec: 'raw', rawBytes: total }, [stream]);
  data.say({ type: 'done', fetchId });
  return slices.map((slice) => slice.blockId);
}

/** A chain whose first stage's output is in the first worker's store alone, and the second is to be leased to nobody yet. */
async function soleCopy(tag: string) {
  const held = new Map<string, () => void>();
  const grid = await testApp({
    breakpoints: {
      beforeLease: ({ stage }) => (stage === 0 ? Promise.resolve() : new Promise((go) => held.set(`stage ${stage}`, go))),
    },
  });
  const worker = await FakeWorker.join(grid.url);
  const data = await worker.data(grid.url);
  const { jobId } = (await grid.app.inject({ method: 'POST', url: '/v1/jobs', payload: { sql: `chain 2 ${tag}` } })).json();
  const { message: lease } = await worker.lease();
  const stream = int32Stream([[42]]);
  worker.succeed(lease, stream, 1, { inline: false });
  await expect.poll(() => held.size).toBe(1);
  const blockId = lease.task.blockId as BlockId;
  return { ...grid, worker, data, jobId, blockId, stream, release: () => held.get('stage 1')?.() };
}

test('a returning tab gets its first lease when it has told what it holds, a new one at once', async () => {
  const { app, url } = await testApp();
  await app.inject({ method: 'POST', url: '/v1/jobs', payload: { sql: 'chain 1 returning' } });
  const { storeId } = await FakeWorker.join(url).then(async (first) => {
    await first.lease();
    first.socket.close();
    return first.welcome;
  });
  const back = await FakeWorker.join(url, { storeId });
  back.say({ type: 'heartbeat', seq: 1, running: [] });
  expect((await back.next()).message.type).toBe('heartbeatSeen');
  back.say({ type: 'inventory', blocks: [{ blockId: 'a'.repeat(64), digest: 'b'.repeat(64) }], last: false });
  back.say({ type: 'heartbeat', seq: 2, running: [] });
  expect((await back.next()).message.type).toBe('heartbeatSeen');
  back.say({ type: 'inventory', blocks: [], last: true });
  // Nobody knows that block, also at the end.
  expect((await back.next()).message).toMatchObject({ type: 'dropBlocks', blockIds: ['a'.repeat(64)] });
  await back.lease();
});

test('a returning tab that says nothing of what it holds works all the same', async () => {
  const clock = new TestClock();
  const { app, url } = await testApp({ clock });
  await app.inject({ method: 'POST', url: '/v1/jobs', payload: { sql: 'chain 1 quiet' } });
  const { storeId } = (await FakeWorker.join(url)).welcome;
  const back = await FakeWorker.join(url, { storeId });
  clock.advance(2_000);
  await expect.poll(() => app.grid.scheduler.workers().map((w) => w.state)).not.toContain('paused');
  back.say({ type: 'traitsChanged', traits: { slots: 0, visibility: 'hidden', paused: true, share: 1, memoryPerSlotBytes: 1 } });
  await expect.poll(() => app.grid.scheduler.workers().map((w) => w.state)).toContain('paused');
});

test('a tab that leaves with nothing to hand over is closed at once', async () => {
  const { url } = await testApp();
  const worker = await FakeWorker.join(url);
  worker.say({ type: 'leaving' });
  expect((await worker.closed).code).toBe(CLOSE.leaving);
});

test('a tab that leaves is closed when the coordinator has copied what only it has', async () => {
  const { app, url, worker, data, jobId, blockId, stream, release } = await soleCopy('hand over');
  worker.say({ type: 'leaving' });
  expect(await serve(data, stream)).toEqual([blockId]);
  expect(await worker.closed).toMatchObject({ code: CLOSE.leaving, reason: expect.stringContaining('hand over') });
  release();
  const other = await FakeWorker.join(url);
  release();
  const { message: lease } = await other.lease();
  expect(lease.task.title).toBe('stage 1');
  other.succeed(lease, stream, 1);
  expect((await app.inject(`/v1/jobs/${jobId}/result?wait=20`)).json()).toMatchObject({ rows: [[42]] });
});

test('what one tab of a profile lacks, another may serve', async () => {
  const { app, url } = await testApp();
  const sibling = await FakeWorker.join(url, { traits: { ...HELLO.traits, paused: true } });
  const maker = await FakeWorker.join(url, { storeId: sibling.welcome.storeId });
  maker.say({ type: 'inventory', blocks: [], last: true });
  const [siblingData, data] = [await sibling.data(url), await maker.data(url)];
  const { jobId } = (await app.inject({ method: 'POST', url: '/v1/jobs', payload: { sql: 'chain 1 profile' } })).json();
  const stream = int32Stream([[42]]);
  maker.succeed((await maker.lease()).message, stream, 1, { inline: false });
  // The result is copied to the coordinator; it can't know which of the two has it in memory.
  const { fetchId } = (await siblingData.next<Fetch>('fetch')).message;
  siblingData.say({ type: 'sliceFailed', fetchId, index: 0, why: 'missing' });
  siblingData.say({ type: 'done', fetchId });
  await serve(data, stream);
  expect((await app.inject(`/v1/jobs/${jobId}/result?wait=20`)).json()).toMatchObject({ rows: [[42]] });
  expect((await app.inject(`/v1/jobs/${jobId}`)).json()).toMatchObject({ counters: { attempts: 1 } });
});

test('a store lacks a block when all its sessions do; those who may have it are asked first', () => {
  const lacking = new Lacking();
  const [a, b, c] = ['a', 'b', 'c'] as unknown as [SessionId, SessionId, SessionId];
  const block = 'x' as BlockId;
  expect(lacking.note(block, a, [a])).toBe(true);
  expect(lacking.note(block, a, [a, b])).toBe(false);
  expect(lacking.inOrder(block, [a, b, c])).toEqual([b, c, a]);
  expect(lacking.note(block, b, [a, b])).toBe(true);
  expect(lacking.inOrder(block, [a, b])).toEqual([a, b]);
  lacking.note(block, a, [a, b]);
  lacking.gone(a);
  expect(lacking.inOrder(block, [a, b])).toEqual([a, b]);
});

test('a leaving tab waits for its last copy, also for one that is asked for again', () => {
  const done: SessionId[] = [];
  const handOvers = new HandOvers((id) => done.push(id));
  const [a, b] = ['a', 'b'] as unknown as [SessionId, SessionId];
  const [x, y] = ['x', 'y'] as unknown as [BlockId, BlockId];
  handOvers.leaves(b);
  expect(done).toEqual([b]);
  handOvers.began(x, [a, b]);
  handOvers.began(y, [a]);
  handOvers.leaves(a);
  handOvers.ended(y, () => undefined);
  handOvers.ended(x, () => handOvers.began(x, [a]));
  expect(done).toEqual([b]);
  handOvers.ended(x, () => undefined);
  expect(done).toEqual([b, a]);
});

test('blocks may be dropped in every tab of a profile', async () => {
  const { app, url } = await testApp();
  const first = await FakeWorker.join(url);
  const { storeId } = first.welcome;
  const second = await FakeWorker.join(url, { storeId });
  second.say({ type: 'inventory', blocks: [], last: true });
  const { jobId } = (await app.inject({ method: 'POST', url: '/v1/jobs', payload: { sql: 'chain 1 dropped' } })).json();
  const reader = await Promise.race([first.lease(), second.lease()].map((p, i) => p.then(({ message }) => ({ message, i }))));
  const stream = int32Stream([[1]]);
  const digest = digestOf(stream);
  const maker = reader.i === 0 ? first : second;
  maker.succeed(reader.message, stream, 1);
  await app.inject(`/v1/jobs/${jobId}/result?wait=20`);
  // A late report of something else under the same name is refused.
  maker.say({
    type: 'attemptSucceeded',
    attemptId: 'unknown',
    blockId: 'd'.repeat(64),
    digest: digestOfList([digest]),
    buckets: [{ rows: 1, bytes: stream.byteLength, digest }],
    costs: NO_COSTS,
    residents: [],
  });
  const drops = await Promise.all([first, second].map((tab) => tab.next<{ type: string; blockIds: string[] }>('dropBlocks')));
  expect(drops.map(({ message }) => message.blockIds)).toEqual([['d'.repeat(64)], ['d'.repeat(64)]]);
});
