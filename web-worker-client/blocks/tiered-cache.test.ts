import { describe, expect, test } from 'vitest';
import { FakeClock } from '../link/testing/fake-clock.ts';
import type { BlockMeta } from './block-cache.ts';
import type { BlockStore, StoreListener } from './block-store.ts';
import { MemoryStore } from './memory-store.ts';
import { runBlockCacheTests } from './testing/cache-suite.ts';
import { TieredCache, type TieredCacheOptions } from './tiered-cache.ts';

describe('memory store', () => {
  runBlockCacheTests(test, async () => {
    const store = new MemoryStore();
    const change = async (
      blockId: string,
      changed: (record: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>,
    ): Promise<void> => {
      const meta = (await store.load()).find((m) => m.id === blockId);
      const record = await store.read(blockId);
      if (meta && record) await store.write([{ meta, record: changed(record) }]);
    };
    return {
      open: async () => store,
      damage: (blockId) => change(blockId, (record) => record.with(record.length >> 1, 77)),
      truncate: (blockId) => change(blockId, (record) => record.slice(0, record.length >> 1)),
      destroy: async () => undefined,
    };
  });
});

const id = (n: number): string => n.toString(16).padStart(64, '0');
const open = (store: BlockStore, more: Partial<TieredCacheOptions> = {}): Promise<TieredCache> =>
  TieredCache.open({ store, memoryBytes: 1000, capBytes: 10_000, wallMs: () => 0, owner: 'o', ...more });

test('a full store makes room by evicting sources; outputs for which there is none wait in memory until there is', async () => {
  const cache = await open(new MemoryStore(250));
  const caps: number[] = [];
  cache.onUsageChanged(({ capBytes }) => caps.push(capBytes));
  cache.put({ id: id(1), digest: id(1), kind: 'output', record: new Uint8Array(100) });
  cache.put({ id: id(2), digest: id(2), kind: 'source', record: new Uint8Array(100) });
  await cache.flush();
  cache.put({ id: id(3), digest: id(3), kind: 'output', record: new Uint8Array(100) });
  await cache.flush();
  expect(cache.committed().map((m) => m.id)).toEqual([id(1), id(3)]);
  expect(caps.at(-1)).toBe(200);
  cache.put({ id: id(4), digest: id(4), kind: 'output', record: new Uint8Array(100) });
  await cache.flush();
  expect(cache.committed().map((m) => m.id)).toEqual([id(1), id(3)]);
  expect((await cache.read(id(4)))?.byteLength).toBe(100);
  expect(cache.usage()).toEqual({ outputBytes: 300, capBytes: 200 });
  cache.drop([id(1)]);
  await cache.flush();
  expect(new Set(cache.committed().map((m) => m.id))).toEqual(new Set([id(3), id(4)]));
});

test('outputs without a place in the store may take twice the memory, then the oldest is told as gone', async () => {
  const cache = await open(new MemoryStore(0), { memoryBytes: 150 });
  const told: string[] = [];
  cache.onEvicted((ids) => told.push(...ids));
  await cache.beginSession('st-1');
  for (const n of [1, 2, 3]) cache.put({ id: id(n), digest: id(n), kind: 'output', record: new Uint8Array(100) });
  await cache.flush();
  expect((await cache.read(id(1)))?.byteLength).toBe(100);
  expect(cache.committed()).toEqual([]);
  expect((await cache.beginSession('st-1')).map((line) => line.id).sort()).toEqual([id(1), id(2), id(3)]);
  expect(told).toEqual([]);
  cache.put({ id: id(4), digest: id(4), kind: 'output', record: new Uint8Array(100) });
  await cache.flush();
  expect(told).toEqual([id(2)]);
  expect((await cache.read(id(4)))?.byteLength).toBe(100);
});

/** Lets promises that are ready go on. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a large output is written when it was left alone for a moment, one that went to the coordinator meanwhile never', async () => {
  const MiB = 1024 * 1024;
  const clock = new FakeClock();
  const cache = await open(new MemoryStore(), { clock, memoryBytes: 5 * MiB, capBytes: 100 * MiB });
  const told: string[] = [];
  cache.onEvicted((ids) => told.push(...ids));
  const put = (n: number, bytes: number): void =>
    cache.put({ id: id(n), digest: id(n), kind: 'output', record: new Uint8Array(bytes) });
  const written = (): readonly string[] => cache.committed().map((meta) => meta.id);
  put(1, 2 * MiB);
  put(2, 2 * MiB);
  put(3, 100);
  await turn();
  expect(written()).toEqual([id(3)]);
  const [whole, broken] = [cache.lend(id(1)), cache.lend(id(2))];
  clock.advance(10_000);
  await turn();
  expect([written(), cache.usage().outputBytes]).toEqual([[id(3)], 4 * MiB + 100]);
  whole(true);
  broken(false);
  await turn();
  expect(written()).toEqual([id(2), id(3)]);
  expect((await cache.read(id(1)))?.byteLength).toBe(2 * MiB);
  expect(cache.usage().outputBytes).toBe(2 * MiB + 100);
  // It goes when memory is short, and that is told.
  put(4, 4 * MiB);
  await cache.flush();
  expect(written()).toContain(id(4));
  expect([told, await cache.read(id(1))]).toEqual([[id(1)], undefined]);
});

/** Another tab, a user or the browser at work on the store. */
class SharedStore extends MemoryStore {
  listener: StoreListener | undefined;

  override listen(listener?: StoreListener): void {
    this.listener = listener;
  }
}

test('what another tab wrote is served, and what it removed is gone; of that, outputs made here are told', async () => {
  const store = new SharedStore();
  const cache = await open(store);
  const told: string[] = [];
  cache.onEvicted((ids) => told.push(...ids));
  await cache.beginSession('st-1');
  cache.put({ id: id(1), digest: id(1), kind: 'output', record: new Uint8Array(100) });
  const meta: BlockMeta = { id: id(2), digest: id(2), bytes: 50, kind: 'output', lastUsed: 1, owner: 'other', storeId: 'st-1' };
  await store.write([{ meta, record: new Uint8Array(50) }]);
  store.listener?.changedElsewhere({ added: [meta], removed: [] });
  expect((await cache.beginSession('st-1')).map((line) => line.id).sort()).toEqual([id(1), id(2)]);
  expect((await cache.read(id(2)))?.byteLength).toBe(50);
  expect(cache.usage().outputBytes).toBe(150);
  store.listener?.changedElsewhere({ added: [], removed: [id(1), id(2), id(9)] });
  expect(told).toEqual([id(1)]);
  expect(await cache.read(id(2))).toBeUndefined();
  expect(cache.usage().outputBytes).toBe(0);
});

test('a store that is lost takes with it what is not in memory, which is told; the rest is kept there', async () => {
  const store = new SharedStore();
  const cache = await open(store, { memoryBytes: 150 });
  const told: string[] = [];
  cache.onEvicted((ids) => told.push(...ids));
  await cache.beginSession('st-1');
  for (const n of [1, 2]) cache.put({ id: id(n), digest: id(n), kind: 'output', record: new Uint8Array(100) });
  await cache.flush();
  store.listener?.lost('a user deleted it');
  expect(told).toEqual([id(1)]);
  expect(await cache.beginSession('st-1')).toEqual([{ id: id(2), digest: id(2) }]);
  cache.put({ id: id(3), digest: id(3), kind: 'output', record: new Uint8Array(10) });
  expect((await cache.read(id(3)))?.byteLength).toBe(10);
  expect(cache.usage()).toEqual({ outputBytes: 110, capBytes: 150 });
});

test('a block that somebody else deleted is missing, and told', async () => {
  const store = new MemoryStore();
  const cache = await open(store, { memoryBytes: 0 });
  const told: string[] = [];
  cache.onEvicted((ids) => told.push(...ids));
  cache.put({ id: id(1), digest: id(1), kind: 'output', record: new Uint8Array(100) });
  await cache.flush();
  await store.remove([id(1)]);
  expect(await cache.read(id(1))).toBeUndefined();
  expect(told).toEqual([id(1)]);
  expect(cache.storedBytes()).toBe(0);
});

/** Counts what the cache asks of its store after it was opened. */
class CountingStore extends MemoryStore {
  calls = 0;

  override async write(...args: Parameters<MemoryStore['write']>): Promise<void> {
    this.calls += 1;
    return super.write(...args);
  }

  override async remove(ids: readonly string[]): Promise<void> {
    this.calls += 1;
    return super.remove(ids);
  }

  override async touch(...args: Parameters<MemoryStore['touch']>): Promise<void> {
    this.calls += 1;
    return super.touch(...args);
  }
}

test('what is to stay in memory never touches the store, whether it is read, dropped or evicted', async () => {
  const store = new CountingStore();
  const cache = await open(store, { memoryBytes: 250, capBytes: 100 });
  const told: string[] = [];
  cache.onEvicted((ids) => told.push(...ids));
  const put = (n: number): void =>
    cache.put({ id: id(n), digest: id(n), kind: 'output', record: new Uint8Array(100), memoryOnly: true });
  put(1);
  put(2);
  expect((await cache.read(id(1)))?.byteLength).toBe(100);
  put(3);
  expect(told).toEqual([id(2)]);
  cache.drop([id(1), id(3)]);
  await cache.flush();
  expect(store.calls).toBe(0);
  expect(cache.storedBytes()).toBe(0);
});

test("blocks that stay in memory take nothing of the store's room", async () => {
  const cache = await open(new MemoryStore(), { capBytes: 250 });
  for (const n of [1, 2]) cache.put({ id: id(n), digest: id(n), kind: 'source', record: new Uint8Array(100) });
  for (const n of [3, 4]) {
    cache.put({ id: id(n), digest: id(n), kind: 'output', record: new Uint8Array(100), memoryOnly: true });
  }
  await cache.flush();
  expect(cache.committed().map((m) => m.id)).toEqual([id(1), id(2)]);
  expect(cache.storedBytes()).toBe(400);
  cache.put({ id: id(5), digest: id(5), kind: 'source', record: new Uint8Array(100) });
  await cache.flush();
  expect(cache.committed().map((m) => m.id)).toEqual([id(2), id(5)]);
  expect((await cache.read(id(3)))?.byteLength).toBe(100);
});

test('a block that is dropped while it is being written does not come back', async () => {
  const store = new MemoryStore();
  const cache = await open(store);
  cache.put({ id: id(1), digest: id(1), kind: 'output', record: new Uint8Array(100) });
  const flushed = cache.flush();
  await Promise.resolve();
  cache.drop([id(1)]);
  await flushed;
  await cache.flush();
  expect(await store.read(id(1))).toBeUndefined();
});
