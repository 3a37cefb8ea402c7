/** What a worker may say, when, and what happens when it says something else. */
import { beforeAll, expect, test } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import { LIMITS } from '../../shared/limits.ts';
import { encodeFrame } from '../../shared/protocol/frames.ts';
import { CLOSE } from '../../shared/protocol/version.ts';
import { testApp } from './testing/app-fixture.ts';
import { int32Stream } from './testing/arrow-bytes.ts';
import { TestClock } from './testing/clock.ts';
import { FakeWorker, HELLO, TestSocket } from './testing/fake-worker.ts';

beforeAll(loadHashes);

const sessionUrl = (url: string): string => `${url.replace('http', 'ws')}/v1/session`;

test('another protocol version is told to reload, whatever else its hello has', async () => {
  const { url } = await testApp();
  const socket = await new TestSocket(sessionUrl(url)).open();
  socket.say({ type: 'hello', protocol: 2, somethingNew: true });
  expect(await socket.closed).toMatchObject({ code: CLOSE.version, reason: expect.stringContaining('reload') });
});

test.each([
  ['no JSON', 'hello'],
  ['no hello', JSON.stringify({ type: 'heartbeat', seq: 0, running: [] })],
  ['unknown field', JSON.stringify({ ...HELLO, admin: true })],
  ['missing field', JSON.stringify({ ...HELLO, traits: undefined })],
  ['out of range', JSON.stringify({ ...HELLO, traits: { ...HELLO.traits, slots: LIMITS.slotsPerWorker + 1 } })],
  ['too long', JSON.stringify({ ...HELLO, name: 'x'.repeat(LIMITS.sessionFrameBytes) })],
])('a bad hello is refused with 4400: %s', async (_what, frame) => {
  const { app, url } = await testApp();
  const socket = await new TestSocket(sessionUrl(url)).open();
  socket.socket.send(frame);
  expect((await socket.closed).code).toBe(CLOSE.badMessage);
  expect(app.grid.scheduler.workers()).toEqual([]);
});

test('no hello within the time: closed', async () => {
  const clock = new TestClock();
  const { url, app } = await testApp({ clock });
  const socket = await new TestSocket(sessionUrl(url)).open();
  // The server's side of the socket stands once it has answered another request of ours.
  await app.inject('/healthz');
  clock.advance(LIMITS.helloMs);
  expect(await socket.closed).toMatchObject({ code: CLOSE.badMessage, reason: expect.stringContaining('hello') });
});

const GARBAGE: readonly (readonly [string, (worker: FakeWorker) => void])[] = [
  ['text that is no JSON', (worker) => worker.socket.send('{')],
  ['an unknown type', (worker) => worker.say({ type: 'becomeAdmin' })],
  ['a second hello', (worker) => worker.say(HELLO)],
  ['a field too many', (worker) => worker.say({ type: 'leaving', why: 'bored' })],
  ['a wrong type', (worker) => worker.say({ type: 'heartbeat', seq: 'one', running: [] })],
  ['a negative number', (worker) => worker.say({ type: 'heartbeat', seq: -1, running: [] })],
  ['a text frame over the limit', (worker) => worker.socket.send(`"${'x'.repeat(LIMITS.sessionFrameBytes)}"`)],
  ['a binary frame without header', (worker) => worker.socket.send(Buffer.from([1, 2]))],
  ['a header longer than its frame', (worker) => worker.socket.send(Buffer.from([0, 1, 0, 0, 123]))],
  ['a payload where none belongs', (worker) => worker.socket.send(encodeFrame({ type: 'leaving', x: 1 }, [Buffer.alloc(8)]))],
];

test.each(GARBAGE)('a protocol violation closes that session with 4400 and no other: %s', async (_what, act) => {
  const { app, url } = await testApp();
  const [bad, good] = [await FakeWorker.join(url), await FakeWorker.join(url)];
  act(bad);
  expect((await bad.closed).code).toBe(CLOSE.badMessage);
  good.say({ type: 'heartbeat', seq: 7, running: [] });
  expect((await good.next<{ type: string; seq: number }>('heartbeatSeen')).message.seq).toBe(7);
  expect(app.grid.scheduler.workers().map((worker) => worker.workerId)).toEqual([good.welcome.workerId]);
});

test('a frame over what the socket takes ends the session', async () => {
  const { app, url } = await testApp();
  const worker = await FakeWorker.join(url);
  worker.socket.send(Buffer.alloc(LIMITS.sessionBinaryFrameBytes + 1));
  expect((await worker.closed).code).toBe(1009);
  expect(app.grid.scheduler.workers()).toEqual([]);
});

test.each([
  ['bytes of another digest', (stream: Uint8Array) => ({ bytes: Uint8Array.from(stream, (b, i) => (i === 20 ? b ^ 1 : b)) })],
  ['a block digest that is not its buckets', () => ({ report: { digest: 'f'.repeat(64) } })],
  ['an inline block over the limit', () => ({ bytes: new Uint8Array(LIMITS.inlineBlockBytes + 1) })],
  ['another block than the lease', () => ({ report: { blockId: 'e'.repeat(64) } })],
])('a report with %s closes the session, and another worker runs the task', async (_what, spoil) => {
  const { app, url } = await testApp();
  const liar = await FakeWorker.join(url);
  const { jobId } = (await app.inject({ method: 'POST', url: '/v1/jobs', payload: { sql: 'chain 1 spoiled' } })).json();
  const { message: lease } = await liar.lease();
  const stream = int32Stream([[1]]);
  const { bytes, report } = { bytes: stream, report: {}, ...spoil(stream) };
  const frames: unknown[] = [];
  const parts: (readonly Uint8Array[] | undefined)[] = [];
  const say = liar.say.bind(liar);
  liar.say = (message, with_) => {
    frames.push(message);
    parts.push(with_);
  };
  liar.succeed(lease, stream, 1);
  say({ ...(frames[0] as object), ...report }, [bytes]);
  expect((await liar.closed).code).toBe(CLOSE.badMessage);
  const honest = await FakeWorker.join(url);
  honest.succeed((await honest.lease()).message, stream, 1);
  const result = await app.inject(`/v1/jobs/${jobId}/result?wait=20`);
  expect(result.json()).toMatchObject({ rows: [[1]] });
});

test('a session that says nothing is lost, closed with 4408, and its task goes to another', async () => {
  const clock = new TestClock();
  const { app, url } = await testApp({ clock });
  const silent = await FakeWorker.join(url);
  await app.inject({ method: 'POST', url: '/v1/jobs', payload: { sql: 'chain 1 silent' } });
  await silent.lease();
  clock.advance(LIMITS.sessionSilenceMs);
  expect((await silent.closed).code).toBe(CLOSE.silent);
  const other = await FakeWorker.join(url);
  expect((await other.lease()).message.task.title).toBe('stage 0');
});

test('the same tab coming back takes the place of its old session; another profile cannot', async () => {
  const { app, url } = await testApp();
  const old = await FakeWorker.join(url);
  const { workerId, storeId } = old.welcome;
  const stranger = await FakeWorker.join(url, { workerId });
  expect(stranger.welcome.workerId).not.toBe(workerId);
  const forged = await FakeWorker.join(url, { workerId, storeId: `${storeId.split('.')[0]}.AAAA` });
  expect(forged.welcome.workerId).not.toBe(workerId);
  expect(forged.welcome.storeId).not.toBe(storeId);
  const back = await FakeWorker.join(url, { workerId, storeId });
  expect(back.welcome).toMatchObject({ workerId, storeId });
  expect((await old.closed).code).toBe(CLOSE.duplicate);
  expect(app.grid.scheduler.workers()).toHaveLength(3);
});

test('a store keeps its signed id across restarts of the coordinator', async () => {
  const first = await testApp();
  const { storeId } = (await FakeWorker.join(first.url)).welcome;
  await first.app.close();
  const again = await testApp({ dataDir: first.dataDir });
  expect((await FakeWorker.join(again.url, { storeId })).welcome.storeId).toBe(storeId);
});

test('breakpoints hold a lease back and see a success', async () => {
  const seen: string[] = [];
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { app, url } = await testApp({
    breakpoints: {
      beforeLease: async ({ stage }) => {
        seen.push(`before ${stage}`);
        if (stage === 1) await held;
      },
      afterAccept: async ({ stage, inline }) => {
        seen.push(`accepted ${stage} ${inline}`);
      },
    },
  });
  const worker = await FakeWorker.join(url);
  await app.inject({ method: 'POST', url: '/v1/jobs', payload: { sql: 'chain 2 held' } });
  worker.succeed((await worker.lease()).message, int32Stream([[1]]), 1);
  // The core leases stage 1 while it accepts stage 0; the message waits.
  worker.say({ type: 'heartbeat', seq: 1, running: [] });
  release();
  expect((await worker.lease()).message.task.title).toBe('stage 1');
  expect(seen).toEqual(['before 0', 'before 1', 'accepted 0 true']);
});

test('a worker without tasks that the admin drains is told to go, and one may be closed at once', async () => {
  const { app, url, adminToken } = await testApp();
  let worker = await FakeWorker.join(url);
  const act = async (verb: string) =>
    (
      await app.inject({
        method: 'POST',
        url: `/v1/workers/${worker.welcome.workerId}/${verb}`,
        headers: { authorization: `Bearer ${adminToken}` },
      })
    ).statusCode;
  expect(await act('drain')).toBe(204);
  await worker.next('drain');
  expect((await worker.closed).code).toBe(CLOSE.dismissed);
  expect(await act('close')).toBe(404);
  worker = await FakeWorker.join(url);
  expect((await app.inject('/v1/workers')).json()).toMatchObject({ workers: [{ state: 'idle', mode: 'headless' }] });
  expect(await act('close')).toBe(204);
  expect((await worker.closed).code).toBe(CLOSE.dismissed);
});
