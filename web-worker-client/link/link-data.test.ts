/** The link's data side beside a coordinator: broken sockets, shared fetches, limits. */
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { digestOf, loadHashes } from '../../shared/hash.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { Slice } from '../../shared/plan/task.ts';
import type { DataMessage } from '../../shared/protocol/data.ts';
import type { DataPeer } from './testing/fake-coordinator.ts';
import { NO_COSTS, success } from './testing/fake-slot.ts';
import { blockId, chunkInput, type Harness, leaseOf, openHarness, sliceOf, taskOf } from './testing/harness.ts';

let h: Harness;

beforeAll(loadHashes);
beforeEach(async () => {
  h = await openHarness({ slots: 2 });
});
afterEach(() => h.close());

const bytes = new Uint8Array(5000).map((_, i) => i % 7);
const bytes0 = new Uint8Array(0);
const slices = (slice: Slice) => taskOf([{ kind: 'slices', columns: [], slices: [slice] }]);

function answer(data: DataPeer, fetch: Extract<DataMessage, { type: 'fetch' }>): void {
  fetch.slices.forEach((_, index) => {
    const header = { type: 'piece', fetchId: fetch.fetchId, index, offset: 0, total: 5000, codec: 'raw', rawBytes: 5000 };
    data.sendBinary(header, [bytes]);
  });
  data.tell({ type: 'done', fetchId: fetch.fetchId });
}

test('two slots that want one slice fetch it once', async () => {
  await h.link.start();
  const { session, data } = await h.coordinator.admit();
  const slice = sliceOf(3, bytes);
  session.tell(leaseOf('a1', 0, slices(slice)));
  session.tell(leaseOf('a2', 1, slices(slice)));
  answer(data, (await data.inbox.next('fetch')).message);
  const first = await session.inbox.next('attemptSucceeded', (m) => m.attemptId === 'a1');
  const second = await session.inbox.next('attemptSucceeded', (m) => m.attemptId === 'a2');
  expect(first.message.costs.fetchedBytes).toBe(5000);
  expect(second.message.costs).toMatchObject({ fetchedBytes: 0, cachedBytes: 5000 });
  expect(h.slots.started.map((s) => s.tasks[0]?.inputs[0]?.kind === 'slices' && s.tasks[0].inputs[0].slices[0]?.bytes)).toEqual([
    bytes,
    bytes,
  ]);
});

test('when the first of two is cancelled in mid-fetch, the second fetches for itself', async () => {
  await h.link.start();
  const { session, data } = await h.coordinator.admit();
  const slice = sliceOf(3, bytes);
  session.tell(leaseOf('a1', 0, slices(slice)));
  session.tell(leaseOf('a2', 1, slices(slice)));
  const { message: fetch } = await data.inbox.next('fetch');
  session.tell({ type: 'cancelAttempt', attemptId: 'a1', why: 'cancelled' });
  await data.inbox.next('abort', (m) => m.fetchId === fetch.fetchId);
  answer(data, (await data.inbox.next('fetch')).message);
  await session.inbox.next('attemptSucceeded', (m) => m.attemptId === 'a2');
});

test('a broken data socket is opened again, and what was lost is asked for again', async () => {
  await h.link.start();
  const { session, data } = await h.coordinator.admit();
  session.tell(leaseOf('a1', 0, slices(sliceOf(3, bytes))));
  await data.inbox.next('fetch');
  data.socket.terminate();
  const again = await h.coordinator.nextData();
  expect((await again.inbox.next('hello')).message).toMatchObject({ role: 'data', sessionId: 's-1' });
  again.tell({ type: 'ready' });
  answer(again, (await again.inbox.next('fetch')).message);
  await session.inbox.next('attemptSucceeded');
});

test('a piece over the limit closes the data socket with 4400, and only that', async () => {
  await h.link.start();
  const { session, data } = await h.coordinator.admit();
  session.tell(leaseOf('a1', 0, slices(sliceOf(3, bytes))));
  const { message: fetch } = await data.inbox.next('fetch');
  const header = { type: 'piece', fetchId: fetch.fetchId, index: 0, offset: 0, total: 5000, codec: 'raw', rawBytes: 5000 };
  data.sendBinary(header, [new Uint8Array(LIMITS.pieceBytes + 1)]);
  expect(await data.closed).toBe(4400);
  const again = await h.coordinator.nextData();
  await again.inbox.next('hello');
  again.tell({ type: 'ready' });
  answer(again, (await again.inbox.next('fetch')).message);
  await session.inbox.next('attemptSucceeded');
});

test('the next attempt of a slot fetches while the first runs, and not what that one brings along', async () => {
  let finish: () => void = () => undefined;
  const running = new Promise<void>((resolve) => {
    finish = resolve;
  });
  h.slots.behaviour = async (task) => {
    if (task.attemptId === 'a1') await running;
    return success([new Uint8Array(4)]);
  };
  await h.link.start();
  const { session, data } = await h.coordinator.admit();
  const [shared, extra] = [sliceOf(3, bytes), sliceOf(4, bytes)];
  session.tell(leaseOf('a1', 0, taskOf([chunkInput('k', [{ ordinal: 0, slices: [shared] }])])));
  answer(data, (await data.inbox.next('fetch')).message);
  await session.inbox.next('attemptStarted', (m) => m.attemptId === 'a1');
  const both = [
    { ordinal: 0, slices: [shared] },
    { ordinal: 1, slices: [extra] },
  ];
  session.tell(leaseOf('a2', 0, taskOf([chunkInput('k', both)])));
  const { message: fetch } = await data.inbox.next('fetch');
  expect(fetch.slices.map((s) => s.blockId)).toEqual([extra.blockId]);
  answer(data, fetch);
  finish();
  await session.inbox.next('attemptSucceeded', (m) => m.attemptId === 'a2');
});

test('tables that the coordinator releases go from their slot, and are fetched again when they are read again', async () => {
  const residents = [{ residentKey: 'kept/k', ordinals: [0] }];
  h.slots.behaviour = ({ inputs: [input] }) =>
    success([new Uint8Array(4)], input?.kind === 'slices' && input.slices.length > 0 ? residents : []);
  await h.link.start();
  const { session, data } = await h.coordinator.admit();
  const column = { type: 'INTEGER', wire: 'INTEGER' };
  const kept = taskOf([{ kind: 'slices', columns: [column], slices: [sliceOf(3, bytes)], residentKey: 'kept/k' }]);
  session.tell(leaseOf('a1', 0, kept));
  answer(data, (await data.inbox.next('fetch')).message);
  await session.inbox.next('attemptSucceeded');
  session.tell({ type: 'dropResidents', slot: 0, residentKeys: ['kept/k'] });
  expect((await session.inbox.next('residentsChanged')).message.changes).toEqual([
    { slot: 0, residentKey: 'kept/k', ordinals: [] },
  ]);
  expect(h.slots.started.map(({ dropped }) => dropped)).toContainEqual(['kept/k']);
  session.tell(leaseOf('a2', 0, kept));
  const { message } = await session.inbox.next('attemptSucceeded');
  expect([message.attemptId, message.residents]).toEqual(['a2', [{ slot: 0, ...residents[0] }]]);
});

test('slices that stay loaded are fetched once for their slot, and again when it lacks them', async () => {
  const residents = [{ residentKey: 'kept/k', ordinals: [0] }];
  h.slots.behaviour = ({ attemptId, inputs: [input] }) => {
    const isGiven = input?.kind === 'slices' && input.slices.length > 0;
    if (attemptId === 'a3' && !isGiven) {
      return { kind: 'lacking', inputs: [{ input: 0, ordinals: [0] }], residents: [], costs: NO_COSTS };
    }
    return success([new Uint8Array(4)], isGiven ? residents : []);
  };
  await h.link.start();
  const { session, data } = await h.coordinator.admit();
  const column = { type: 'INTEGER', wire: 'INTEGER' };
  const kept = taskOf([{ kind: 'slices', columns: [column], slices: [sliceOf(3, bytes)], residentKey: 'kept/k' }]);
  const costsOf = async (attemptId: string) => {
    const { message } = await session.inbox.next('attemptSucceeded', (m) => m.attemptId === attemptId);
    return { moved: message.costs.fetchedBytes + message.costs.cachedBytes, residents: message.residents };
  };
  session.tell(leaseOf('a1', 0, kept));
  answer(data, (await data.inbox.next('fetch')).message);
  expect(await costsOf('a1')).toEqual({ moved: 5000, residents: [{ slot: 0, ...residents[0] }] });
  session.tell(leaseOf('a2', 0, kept));
  expect(await costsOf('a2')).toEqual({ moved: 0, residents: [] });
  session.tell(leaseOf('a3', 0, kept));
  expect(await costsOf('a3')).toMatchObject({ moved: 5000 });
  session.tell(leaseOf('a4', 1, kept));
  expect(await costsOf('a4')).toEqual({ moved: 5000, residents: [{ slot: 1, ...residents[0] }] });
});

test('a column chunk that was fetched once outlives the session', async () => {
  await h.link.start();
  const { session, data } = await h.coordinator.admit();
  const task = taskOf([chunkInput('k', [{ ordinal: 0, slices: [sliceOf(3, bytes)] }])]);
  session.tell(leaseOf('a1', 0, task));
  answer(data, (await data.inbox.next('fetch')).message);
  await session.inbox.next('attemptSucceeded');
  await h.close();

  h = await openHarness({ store: h.store });
  await h.link.start();
  const next = await h.coordinator.admit();
  expect(next.session.inbox.all[0]?.message).toMatchObject({ type: 'hello', storeId: 'store-1' });
  next.session.tell(leaseOf('b1', 0, task));
  expect((await next.session.inbox.next('attemptSucceeded')).message.costs).toMatchObject({
    fetchedBytes: 0,
    cachedBytes: expect.any(Number),
  });
});

test('buckets of many blocks are fetched in one request while the slot computes, and reach it in the order of the task', async () => {
  let finish: () => void = () => undefined;
  const running = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const own = [1, 2, 3].map((fill) => new Uint8Array(40_000).fill(fill));
  h.slots.behaviour = async (task) => {
    if (task.attemptId === 'busy') await running;
    return success(task.attemptId === 'split' ? own : [new Uint8Array(4)]);
  };
  await h.link.start();
  const { session, data } = await h.coordinator.admit();
  const here = blockId(0x111);
  session.tell(leaseOf('split', 0, taskOf([], { blockId: here })));
  await session.inbox.next('attemptSucceeded', (m) => m.attemptId === 'split');
  session.tell(leaseOf('busy', 0, taskOf([])));
  await session.inbox.next('attemptStarted', (m) => m.attemptId === 'busy');

  // Two buckets, each of three blocks; the one in the middle was made here.
  const made = (block: number, bucket: number): Uint8Array => new Uint8Array(5000).fill(10 * block + bucket);
  const wanted = [1, 2].flatMap((bucket) =>
    [1, 2, 3].map((block): { readonly slice: Slice; readonly bytes: Uint8Array } => {
      const bytes = block === 2 ? (own[bucket] ?? bytes0) : made(block, bucket);
      const id = block === 2 ? here : blockId(block);
      return { bytes, slice: { blockId: id, bucket, digest: digestOf(bytes), bytes: bytes.byteLength } };
    }),
  );
  session.tell(leaseOf('next', 0, taskOf([{ kind: 'slices', columns: [], slices: wanted.map((w) => w.slice) }])));
  const { message: fetch } = await data.inbox.next('fetch');
  const remote = wanted.filter((w) => w.slice.blockId !== here);
  expect(fetch.slices).toEqual(remote.map(({ slice: { bytes: _, ...name } }) => name));
  // Holders differ in speed: what comes last was asked for first.
  for (const index of [3, 2, 1, 0]) {
    const header = { type: 'piece', fetchId: fetch.fetchId, index, offset: 0, total: 5000, codec: 'raw', rawBytes: 5000 };
    data.sendBinary(header, [remote[index]?.bytes ?? bytes0]);
  }
  data.tell({ type: 'done', fetchId: fetch.fetchId });
  await expect.poll(() => h.snapshot().current.map((task) => task.phase)).toEqual(['computing', 'waiting']);
  const ran = h.slots.started.find((slot) => slot.index === 0)?.tasks ?? [];
  expect(ran.map((task) => task.attemptId)).toEqual(['split', 'busy']);
  finish();
  const { message } = await session.inbox.next('attemptSucceeded', (m) => m.attemptId === 'next');
  expect(message.costs).toMatchObject({ fetchedSlices: 4, fetchedBytes: 20_000, cachedBytes: 80_000 });
  const [input] = ran[2]?.inputs ?? [];
  expect(input?.kind === 'slices' && input.slices.map((s) => s.bytes[0])).toEqual([11, 2, 31, 12, 3, 32]);
});
