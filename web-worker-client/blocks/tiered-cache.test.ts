import { describe, expect, test } from 'vitest';
import type { BlockStore } from './block-store.ts';
import { runBlockCacheTests } from './cache-suite.ts';
import { MemoryStore } from './memory-store.ts';
import { TieredCache, type TieredCacheOptions } from './tiered-cache.ts';

describe('memory store', () => {
  runBlockCacheTests(test, async () => {
    const store = new MemoryStore();
    return { open: async () => store, destroy: async () => undefined };
  });
});

const id = (n: number): string => n.toString(16).padStart(64, '0');
const open = (store: BlockStore, more: Partial<TieredCacheOptions> = {}): Promise<TieredCache> =>
  TieredCache.open({ store, memoryBytes: 1000, capBytes: 10_000, wallMs: () => 0, owner: 'o', ...more });

test('a full store makes room by evicting, and tells which outputs went', async () => {
  const cache = await open(new MemoryStore(250));
  const told: string[] = [];
  cache.onEvicted((ids) => told.push(...ids));
  cache.put({ id: id(1), digest: id(1), kind: 'output', record: new Uint8Array(100) });
  cache.put({ id: id(2), digest: id(2), kind: 'source', record: new Uint8Array(100) });
  await cache.flush();
  cache.put({ id: id(3), digest: id(3), kind: 'output', record: new Uint8Array(100) });
  await cache.flush();
  expect(cache.committed().map((m) => m.id)).toEqual([id(1), id(3)]);
  expect(told).toEqual([]);
  cache.put({ id: id(4), digest: id(4), kind: 'output', record: new Uint8Array(100) });
  await cache.flush();
  expect(told).toEqual([id(1)]);
});

test('what has no room in the store lives in memory while that has room, then is told as gone', async () => {
  const cache = await open(new MemoryStore(0), { memoryBytes: 250 });
  const told: string[] = [];
  cache.onEvicted((ids) => told.push(...ids));
  for (const n of [1, 2]) cache.put({ id: id(n), digest: id(n), kind: 'output', record: new Uint8Array(100) });
  await cache.flush();
  expect((await cache.read(id(1)))?.byteLength).toBe(100);
  expect(cache.committed()).toEqual([]);
  cache.put({ id: id(3), digest: id(3), kind: 'output', record: new Uint8Array(100) });
  await cache.flush();
  expect(told).toEqual([id(2)]);
  expect((await cache.read(id(3)))?.byteLength).toBe(100);
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
  cache.drop([id(1)]);
  cache.dropOutputs();
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
