import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { digestOf, loadHashes } from '../../shared/hash.ts';
import { CLOSE } from '../../shared/protocol/version.ts';
import { success } from './testing/fake-slot.ts';
import { blockId, chunkInput, type Harness, leaseOf, openHarness, sliceOf, taskOf } from './testing/harness.ts';

let h: Harness;

beforeAll(loadHashes);
beforeEach(async () => {
  h = await openHarness();
});
afterEach(() => h.close());

const bytesOf = (size: number, seed: number): Uint8Array<ArrayBuffer> => new Uint8Array(size).map((_, i) => (i * seed) % 251);

test('joins, runs a lease on its slot and reports a small output inline', async () => {
  await h.link.start();
  const { session } = await h.coordinator.admit();
  session.tell(leaseOf('a1', 0, taskOf([])));
  const { message, payload } = await session.inbox.next('attemptSucceeded');
  expect(message).toMatchObject({ attemptId: 'a1', blockId: blockId(0xabc), buckets: [{ rows: 3, bytes: 3 }] });
  expect(message.inline).toEqual([
    { blockId: blockId(0xabc), bucket: 0, digest: message.buckets[0]?.digest, offset: 0, length: 3 },
  ]);
  expect([...payload]).toEqual([1, 2, 3]);
  expect(h.snapshot().contribution.tasks).toBe(1);
  // The coordinator has a copy now: here it stays in memory.
  expect(h.snapshot().storedBytes).toBeGreaterThan(0);
  expect(await h.store.load()).toEqual([]);
});

test('an attempt is told to have started once it runs for a while; the report of a short one says it all', async () => {
  h.slots.behaviour = (task, slot) => (task.attemptId === 'long' ? slot.untilCancelled() : success([new Uint8Array(1)]));
  await h.link.start();
  const { session } = await h.coordinator.admit();
  session.tell(leaseOf('short', 0, taskOf([])));
  session.tell(leaseOf('long', 0, taskOf([])));
  expect((await session.inbox.next('attemptStarted')).message).toEqual({ type: 'attemptStarted', attemptId: 'long', slot: 0 });
  expect(session.inbox.all.map((r) => r.message.type).filter((type) => type.startsWith('attempt'))).toEqual([
    'attemptSucceeded',
    'attemptStarted',
  ]);
});

test('inline inputs go to the slot without a fetch', async () => {
  await h.link.start();
  const { session, data } = await h.coordinator.admit();
  const bytes = bytesOf(100, 7);
  const slice = sliceOf(5, bytes);
  const lease = leaseOf('a1', 0, taskOf([{ kind: 'slices', columns: [], slices: [slice] }]));
  session.tell({ ...lease, inline: [{ blockId: slice.blockId, bucket: 0, digest: slice.digest, offset: 0, length: 100 }] }, [
    bytes,
  ]);
  await session.inbox.next('attemptSucceeded');
  const input = h.slots.started[0]?.tasks[0]?.inputs[0];
  expect(input?.kind === 'slices' && input.slices.map((s) => [...s.bytes])).toEqual([[...bytes]]);
  expect(data.inbox.all.some((r) => r.message.type === 'fetch')).toBe(false);
});

test('what is lacking is fetched once, kept, and not asked for while it is resident', async () => {
  h.slots.behaviour = () => success([new Uint8Array(8)], [{ residentKey: 'v/0-0', ordinals: [2] }]);
  await h.link.start();
  const { session, data } = await h.coordinator.admit();
  const bytes = bytesOf(3_000_000, 3);
  const slice = sliceOf(5, bytes);
  const task = taskOf([chunkInput('v/0-0', [{ ordinal: 2, slices: [slice] }])]);
  session.tell(leaseOf('a1', 0, task));
  const { message: fetch } = await data.inbox.next('fetch');
  expect(fetch.slices).toEqual([{ blockId: slice.blockId, bucket: 0, digest: slice.digest }]);
  for (let offset = 0; offset < bytes.byteLength; offset += 1_000_000) {
    const header = {
      type: 'piece',
      fetchId: fetch.fetchId,
      index: 0,
      offset,
      total: bytes.byteLength,
      codec: 'raw',
      rawBytes: bytes.byteLength,
    };
    data.sendBinary(header, [bytes.subarray(offset, offset + 1_000_000)]);
  }
  data.tell({ type: 'done', fetchId: fetch.fetchId });
  const first = await session.inbox.next('attemptSucceeded');
  expect(first.message.costs).toMatchObject({ fetchedBytes: 3_000_000, fetchedSlices: 1, cachedBytes: 0 });
  expect(first.message.residents).toEqual([{ slot: 0, residentKey: 'v/0-0', ordinals: [2] }]);

  session.tell(leaseOf('a2', 0, task));
  const second = await session.inbox.next('attemptSucceeded');
  expect(second.message.costs).toMatchObject({ fetchedBytes: 0, cachedBytes: 0 });
  expect(h.slots.started[0]?.tasks[1]?.inputs).toEqual([{ kind: 'chunks', columns: [] }]);

  // The slot forgot it: it comes from this tab's own cache.
  h.slots.behaviour = (task_) =>
    task_.inputs[0]?.kind === 'chunks' && task_.inputs[0].columns.length > 0
      ? success([new Uint8Array(8)])
      : {
          kind: 'lacking',
          inputs: [{ input: 0, ordinals: [2] }],
          residents: [{ residentKey: 'v/0-0', ordinals: [] }],
          costs: success([]).costs,
        };
  session.tell(leaseOf('a3', 0, task));
  const third = await session.inbox.next('attemptSucceeded');
  expect(third.message.costs).toMatchObject({ fetchedBytes: 0, cachedBytes: 3_000_000 });
  expect(data.inbox.all.filter((r) => r.message.type === 'fetch')).toHaveLength(1);
});

test('a large output stays here and is served, also while paused', async () => {
  const output = bytesOf(2_500_000, 11);
  h.slots.behaviour = () => success([output.slice()]);
  await h.link.start();
  const { session, data } = await h.coordinator.admit();
  session.tell(leaseOf('a1', 0, taskOf([])));
  const { message, payload } = await session.inbox.next('attemptSucceeded');
  expect(message.inline).toBeUndefined();
  expect(payload.byteLength).toBe(0);
  expect((await h.store.load()).map((m) => m.id)).toEqual([blockId(0xabc)]);
  h.link.pause();
  expect((await session.inbox.next('traitsChanged')).message.traits.paused).toBe(true);

  data.tell({
    type: 'fetch',
    fetchId: 'c1',
    slices: [{ blockId: blockId(0xabc), bucket: 0, digest: digestOf(output) }],
    creditBytes: 1_500_000,
  });
  const got: Uint8Array[] = [(await data.inbox.next('piece')).payload, (await data.inbox.next('piece')).payload];
  expect(got.map((p) => p.byteLength)).toEqual([1_048_576, 451_424]);
  data.tell({ type: 'credit', fetchId: 'c1', bytes: 2_000_000 });
  got.push((await data.inbox.next('piece')).payload);
  await data.inbox.next('done');
  expect(digestOf(Buffer.concat(got))).toBe(digestOf(output));
});

test('pause hands the running attempt back at once and takes no more', async () => {
  h.slots.behaviour = (_, slot) => slot.untilCancelled();
  await h.link.start();
  const { session } = await h.coordinator.admit();
  session.tell(leaseOf('a1', 0, taskOf([])));
  await session.inbox.next('attemptStarted');
  h.link.pause();
  expect((await session.inbox.next('attemptFailed')).message.failure.reason).toBe('released');
  session.tell(leaseOf('a2', 0, taskOf([])));
  expect((await session.inbox.next('attemptFailed', (m) => m.attemptId === 'a2')).message.failure.reason).toBe('released');
  expect(h.snapshot().state).toBe('paused');
  h.slots.behaviour = () => success([new Uint8Array(1)]);
  h.link.resume();
  session.tell(leaseOf('a3', 0, taskOf([])));
  await session.inbox.next('attemptSucceeded', (m) => m.attemptId === 'a3');
  expect(session.inbox.all.filter((r) => r.message.type === 'attemptFailed')).toHaveLength(2);
});

test('a slot that does not stop is ended by force, and its tables are told as lost', async () => {
  h.slots.behaviour = (task) =>
    task.attemptId === 'a1' ? success([new Uint8Array(1)], [{ residentKey: 'k', ordinals: [0] }]) : new Promise(() => undefined);
  await h.link.start();
  const { session } = await h.coordinator.admit();
  session.tell(leaseOf('a1', 0, taskOf([])));
  await session.inbox.next('attemptSucceeded');
  session.tell(leaseOf('a2', 0, taskOf([])));
  await session.inbox.next('attemptStarted', (m) => m.attemptId === 'a2');
  session.tell({ type: 'cancelAttempt', attemptId: 'a2', why: 'the job was cancelled' });
  const { message } = await session.inbox.next('attemptFailed');
  expect(message).toMatchObject({ attemptId: 'a2', failure: { reason: 'released', message: 'the job was cancelled' } });
  expect(h.slots.started[0]?.terminated).toBe(true);
  expect((await session.inbox.next('residentsChanged')).message.changes).toEqual([{ slot: 0, residentKey: 'k', ordinals: [] }]);
});

test('a missing slice is reported as input, by name', async () => {
  await h.link.start();
  const { session, data } = await h.coordinator.admit();
  const slice = sliceOf(9, bytesOf(50, 5));
  session.tell(leaseOf('a1', 0, taskOf([{ kind: 'slices', columns: [], slices: [slice] }])));
  const { message: fetch } = await data.inbox.next('fetch');
  data.tell({ type: 'sliceFailed', fetchId: fetch.fetchId, index: 0, why: 'missing' });
  data.tell({ type: 'done', fetchId: fetch.fetchId });
  const { message } = await session.inbox.next('attemptFailed');
  expect(message.failure).toMatchObject({ reason: 'input', slices: [{ blockId: slice.blockId, bucket: 0, why: 'missing' }] });
});

test('a corrupt copy is thrown away and fetched once more before the block is blamed', async () => {
  const slice = sliceOf(9, bytesOf(50, 5));
  const corrupt = { blockId: slice.blockId, bucket: 0, why: 'corrupt' as const };
  let runs = 0;
  h.slots.behaviour = () => {
    runs += 1;
    return {
      kind: 'failed',
      failure: { reason: 'input', code: 'slice-corrupt', message: 'wrong digest', slices: [corrupt] },
      broken: false,
      residents: [],
      costs: success([]).costs,
    };
  };
  await h.link.start();
  const { session, data } = await h.coordinator.admit();
  session.tell(leaseOf('a1', 0, taskOf([{ kind: 'slices', columns: [], slices: [slice] }])));
  for (let i = 0; i < 2; i += 1) {
    const { message: fetch } = await data.inbox.next('fetch');
    data.sendBinary({ type: 'piece', fetchId: fetch.fetchId, index: 0, offset: 0, total: 50, codec: 'raw', rawBytes: 50 }, [
      bytesOf(50, 6),
    ]);
    data.tell({ type: 'done', fetchId: fetch.fetchId });
  }
  expect((await session.inbox.next('attemptFailed')).message.failure.slices).toEqual([corrupt]);
  expect(runs).toBe(2);
});

test('a broken slot is started anew for the next attempt', async () => {
  h.slots.behaviour = (task) =>
    task.attemptId === 'a1'
      ? {
          kind: 'failed',
          failure: { reason: 'resource', code: 'engine-trap', message: 'trapped' },
          broken: true,
          residents: [],
          costs: success([]).costs,
        }
      : success([new Uint8Array(1)]);
  await h.link.start();
  const { session } = await h.coordinator.admit();
  session.tell(leaseOf('a1', 0, taskOf([])));
  expect((await session.inbox.next('attemptFailed')).message.failure.code).toBe('engine-trap');
  session.tell(leaseOf('a2', 0, taskOf([])));
  await session.inbox.next('attemptSucceeded');
  expect(h.slots.started).toHaveLength(2);
  expect(h.slots.started[0]?.terminated).toBe(true);
});

test('a task past maxRunMs ends as deadline', async () => {
  h.slots.behaviour = (_, slot) => slot.untilCancelled();
  await h.link.start();
  const { session } = await h.coordinator.admit();
  session.tell(leaseOf('a1', 0, taskOf([], { maxRunMs: 20 })));
  expect((await session.inbox.next('attemptFailed')).message.failure.reason).toBe('deadline');
});

test('closed for good on another protocol version, with words', async () => {
  await h.link.start();
  const session = await h.coordinator.nextSession();
  session.socket.close(4426, 'version');
  expect(await h.link.stopped).toMatch(/reload/);
  expect(h.snapshot().state).toBe('left');
});

test('a message that breaks the protocol closes the socket with 4400', async () => {
  await h.link.start();
  const { session } = await h.coordinator.admit();
  session.sendText({ type: 'lease', attemptId: 7 });
  expect(await session.closed).toBe(4400);
});

test('leaving says so, then closes', async () => {
  await h.link.start();
  const { session } = await h.coordinator.admit();
  const gone = h.link.leave({ deleteBlocks: true, handOver: true });
  await session.inbox.next('leaving');
  expect(await session.closed).toBe(1000);
  await gone;
});

test('what the volunteer does shows at once', async () => {
  h.slots.behaviour = (_, slot) => slot.untilCancelled();
  await h.link.start();
  const { session } = await h.coordinator.admit();
  session.tell(leaseOf('a1', 0, taskOf([])));
  await session.inbox.next('attemptStarted');
  const last = () => h.told.at(-1);
  h.link.finishThenPause();
  expect(last()?.state).toBe('draining');
  h.link.resume();
  expect(last()?.state).toBe('working');
  h.link.pause();
  expect(last()?.state).toBe('paused');
  h.link.changeTraits({ share: 0.3 });
  expect(last()?.traits.share).toBe(0.3);
  const gone = h.link.leave({ deleteBlocks: false, handOver: true });
  expect(last()?.state).toBe('draining');
  await gone;
  expect(last()?.state).toBe('left');
});

test('later leases of a session may name a run that an earlier one told; one that names another ends the session', async () => {
  h.slots.behaviour = () => success([new Uint8Array(8)], [{ residentKey: 'v/0-0', ordinals: [2] }]);
  await h.link.start();
  const { session } = await h.coordinator.admit();
  const inputs = [chunkInput('v/0-0', [{ ordinal: 2, slices: [] }])];
  const lease = leaseOf('a1', 0, taskOf(inputs));
  const naming = (attemptId: string, told: number) => ({
    ...lease,
    attemptId,
    task: { ...lease.task, inputs: [{ kind: 'told' as const, told }] },
  });
  session.tell({ ...lease, task: { ...lease.task, inputs: [{ ...lease.task.inputs[0], told: 3 }] } } as typeof lease);
  await session.inbox.next('attemptSucceeded');
  session.tell(naming('a2', 3));
  await session.inbox.next('attemptSucceeded');
  expect(h.slots.started[0]?.tasks.map((task) => task.spec.inputs)).toEqual([[{ ...inputs[0], told: 3 }], inputs]);
  session.tell(naming('a3', 4));
  expect(await session.closed).toBe(CLOSE.badMessage);
});
