/** A tab that comes back: to the same coordinator or another, after a short break, a reload or a sleep. */
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { digestOf, digestOfList, loadHashes } from '../../shared/hash.ts';
import { LIMITS } from '../../shared/limits.ts';
import { inventoryMessages } from './announcements.ts';
import type { DataPeer, SessionPeer } from './testing/fake-coordinator.ts';
import { success } from './testing/fake-slot.ts';
import { blockId, type Harness, leaseOf, openHarness, taskOf } from './testing/harness.ts';

let h: Harness;

beforeAll(async () => {
  await loadHashes();
  digest = digestOfList([digestOf(output)]);
});
beforeEach(async () => {
  h = await openHarness();
});
afterEach(() => h.close());

/** Too large to ride along in a report. */
const output = new Uint8Array(100_000).map((_, i) => i % 249);
let digest = '';
const line = (id: number) => ({ blockId: blockId(id), digest });

async function make(session: SessionPeer, id: number): Promise<void> {
  session.tell(leaseOf(`a${id}`, 0, taskOf([], { blockId: blockId(id) })));
  await session.inbox.next('attemptSucceeded', (m) => m.blockId === blockId(id));
}

async function inventory(session: SessionPeer): Promise<readonly { blockId: string; digest: string }[]> {
  const { message } = await session.inbox.next('inventory');
  expect(message.last).toBe(true);
  return message.blocks;
}

async function serves(data: DataPeer, id: number): Promise<boolean> {
  const fetchId = `c${id}`;
  data.tell({
    type: 'fetch',
    fetchId,
    slices: [{ blockId: blockId(id), bucket: 0, digest: digestOf(output) }],
    creditBytes: 1 << 20,
  });
  await data.inbox.next('done', (m) => m.fetchId === fetchId);
  return data.inbox.all.some((r) => r.message.type === 'piece' && r.message.fetchId === fetchId);
}

test('a lost connection costs no block: it is announced, and served again', async () => {
  h.slots.behaviour = () => success([output.slice()], [{ residentKey: 'k', ordinals: [1] }]);
  await h.link.start();
  const first = await h.coordinator.admit();
  expect(await inventory(first.session)).toEqual([]);
  expect((await first.session.inbox.next('storeChanged')).message).toMatchObject({ outputBytes: 0 });
  await make(first.session, 1);
  await make(first.session, 2);
  first.session.socket.terminate();

  const { session, data } = await h.coordinator.admit();
  expect(session.inbox.all[0]?.message).toMatchObject({ type: 'hello', workerId: 'w-1', storeId: 'store-1' });
  expect((await session.inbox.next('residentsChanged')).message.changes).toEqual([{ slot: 0, residentKey: 'k', ordinals: [1] }]);
  expect(await inventory(session)).toEqual([line(1), line(2)]);
  expect((await session.inbox.next('storeChanged')).message.outputBytes).toBeGreaterThan(200_000);
  expect(await serves(data, 1)).toBe(true);
  // What the coordinator does not want is dropped.
  session.tell({ type: 'dropBlocks', blockIds: [blockId(2)] });
  session.tell({ type: 'cancelAttempt', attemptId: 'none', why: 'so that the drop has been done' });
  expect(await serves(data, 2)).toBe(false);
});

test('a reload costs no block either; another coordinator does not get to see them', async () => {
  h.slots.behaviour = () => success([output.slice()]);
  await h.link.start();
  await make((await h.coordinator.admit()).session, 1);
  await h.close();

  h = await openHarness({ store: h.store });
  await h.link.start();
  const back = await h.coordinator.admit();
  expect(await inventory(back.session)).toEqual([line(1)]);
  expect(await serves(back.data, 1)).toBe(true);
  back.session.socket.terminate();

  const other = await h.coordinator.admit('store-of-another');
  expect(await inventory(other.session)).toEqual([]);
  expect(await serves(other.data, 1)).toBe(false);
});

test('nothing is dropped before the welcome', async () => {
  h.slots.behaviour = () => success([output.slice()]);
  await h.link.start();
  await make((await h.coordinator.admit()).session, 1);
  await h.close();
  h = await openHarness({ store: h.store });
  await h.link.start();
  await (await h.coordinator.nextSession()).inbox.next('hello');
  await h.close();
  expect((await h.store.load()).map((m) => m.id)).toEqual([blockId(1)]);
});

test('what ran while the connection was lost is told late, before the inventory that lists it', async () => {
  let finish: () => void = () => undefined;
  const running = new Promise<void>((resolve) => {
    finish = resolve;
  });
  h.slots.behaviour = async () => {
    await running;
    return success([output.slice()]);
  };
  await h.link.start();
  const first = await h.coordinator.admit();
  first.session.tell(leaseOf('a1', 0, taskOf([], { blockId: blockId(1) })));
  await first.session.inbox.next('attemptStarted');
  first.session.socket.terminate();
  const session = await h.coordinator.nextSession();
  await session.inbox.next('hello');
  finish();
  // The slot is done; only then the coordinator answers.
  await expect.poll(() => h.snapshot().current).toEqual([]);
  session.tell({ type: 'welcome', workerId: 'w-1', sessionId: 's', storeId: 'store-1', dataKey: 'k', heartbeatMs: 2000 });
  const { message } = await session.inbox.next('attemptSucceeded');
  expect(message).toMatchObject({ attemptId: 'a1', blockId: blockId(1), digest });
  expect(message.inline).toBeUndefined();
  expect(await inventory(session)).toEqual([line(1)]);
});

test('a task leased again after a short break is not run again', async () => {
  let finish: () => void = () => undefined;
  const running = new Promise<void>((resolve) => {
    finish = resolve;
  });
  h.slots.behaviour = async () => {
    await running;
    return success([new Uint8Array(5)], [{ residentKey: 'k', ordinals: [0] }]);
  };
  await h.link.start();
  const first = await h.coordinator.admit();
  const task = taskOf([], { blockId: blockId(1) });
  first.session.tell(leaseOf('a1', 0, task));
  await first.session.inbox.next('attemptStarted');
  first.session.socket.terminate();
  const { session } = await h.coordinator.admit();
  session.tell(leaseOf('a2', 0, task));
  await expect.poll(() => h.snapshot().current.length).toBe(2);
  finish();
  const { message, payload } = await session.inbox.next('attemptSucceeded');
  expect(message).toMatchObject({ attemptId: 'a2', costs: { computeMs: 2 } });
  expect(payload.byteLength).toBe(5);
  expect((await session.inbox.next('residentsChanged')).message.changes).toHaveLength(1);
  expect(h.slots.started[0]?.tasks).toHaveLength(1);
});

test('a duplicated tab asks for a name of its own', async () => {
  await h.close();
  const held = new Set(['muster-worker-w-7']);
  const claim = async (name: string): Promise<boolean> => {
    const free = !held.has(name);
    held.add(name);
    return free;
  };
  h = await openHarness({ workerId: 'w-7', claim });
  await h.link.start();
  await h.coordinator.admit();
  expect(h.snapshot().workerId).toBe('w-1');
  expect([...held]).toEqual(['muster-worker-w-7', 'muster-worker-w-1']);
});

test('a tab whose name was taken comes back under a new one', async () => {
  await h.link.start();
  const first = await h.coordinator.admit();
  first.session.socket.close(4409, 'duplicate');
  const session = await h.coordinator.nextSession();
  const { message } = await session.inbox.next('hello');
  expect(message.workerId).toBeUndefined();
  expect(message.storeId).toBe('store-1');
});

test('a leaving tab serves until the coordinator has what it needs', async () => {
  h.slots.behaviour = (task, slot) => (task.attemptId === 'a2' ? slot.untilCancelled() : success([output.slice()]));
  await h.link.start();
  const { session, data } = await h.coordinator.admit();
  session.closesLeaving = false;
  await make(session, 1);
  session.tell(leaseOf('a2', 0, taskOf([])));
  await session.inbox.next('attemptStarted');
  const gone = h.link.leave({ deleteBlocks: true, handOver: true });
  await session.inbox.next('leaving');
  expect(h.snapshot().state).toBe('draining');
  expect(await serves(data, 1)).toBe(true);
  session.socket.close(1000, 'nothing left');
  await gone;
  expect(h.snapshot().state).toBe('left');
  expect(await h.store.load()).toEqual([]);
});

test('a page that is frozen hands back what runs; one that hears of it late goes on', async () => {
  h.slots.behaviour = (_, slot) => slot.untilCancelled();
  await h.link.start();
  const { session } = await h.coordinator.admit();
  session.tell(leaseOf('a1', 0, taskOf([])));
  await session.inbox.next('attemptStarted');
  // The platform's wall clock stands at 0.
  h.link.freeze(-60_000);
  expect(h.snapshot().state).toBe('working');
  h.link.freeze(0);
  expect((await session.inbox.next('attemptFailed')).message.failure.reason).toBe('released');
  expect((await session.inbox.next('traitsChanged')).message.traits.paused).toBe(true);
  h.link.thaw();
  expect((await session.inbox.next('traitsChanged')).message.traits.paused).toBe(false);
});

test('a long inventory comes in parts, an empty one in one', () => {
  const held = Array.from({ length: LIMITS.inventoryLines + 1 }, (_, i) => ({ id: blockId(i), digest }));
  const parts = inventoryMessages(held).map((m) => m.type === 'inventory' && [m.blocks.length, m.last]);
  expect(parts).toEqual([
    [LIMITS.inventoryLines, false],
    [1, true],
  ]);
  expect(inventoryMessages([])).toEqual([{ type: 'inventory', blocks: [], last: true }]);
});
