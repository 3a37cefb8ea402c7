/**
 * What every block store must do under the cache. It needs no test library, so that it runs in vitest and in a browser page alike:
 * `runBlockCacheTests(test, setup)` registers each case by name.
 */
import { invariant } from '../../shared/assert.ts';
import type { NewBlock } from './block-cache.ts';
import type { BlockStore } from './block-store.ts';
import { TieredCache, type TieredCacheOptions } from './tiered-cache.ts';

export interface CacheSetup {
  /** Opens the store; later calls within one test open the same one again, as a later session would. */
  open(): Promise<BlockStore>;
  /** Deletes what is stored. */
  destroy(): Promise<void>;
}

type Case = readonly [name: string, run: (open: OpenCache, store: () => Promise<BlockStore>) => Promise<void>];
type OpenCache = (options?: Partial<TieredCacheOptions>) => Promise<TieredCache>;

const id = (n: number): string => n.toString(16).padStart(64, '0');

function block(n: number, size: number, kind: NewBlock['kind'] = 'source', digest = n): NewBlock {
  return { id: id(n), digest: id(digest), kind, record: new Uint8Array(size).fill(n) };
}

async function expectBytes(cache: TieredCache, n: number, size: number | undefined): Promise<void> {
  const record = await cache.read(id(n));
  invariant(record?.byteLength === size, `block ${n} has ${record?.byteLength} bytes, not ${size}`);
  invariant(record === undefined || record.every((b) => b === n), `block ${n} has other bytes`);
}

const CASES: readonly Case[] = [
  [
    'a block is readable at once, and from the store when memory has no room',
    async (open) => {
      const cache = await open({ memoryBytes: 10 });
      for (let n = 1; n <= 40; n += 1) cache.put(block(n, 100));
      await expectBytes(cache, 1, 100);
      await cache.flush();
      for (let n = 1; n <= 40; n += 1) await expectBytes(cache, n, 100);
      await expectBytes(cache, 99, undefined);
      invariant(cache.has(id(3), id(3)) && !cache.has(id(3), id(4)), 'has() looks at the digest');
      invariant(cache.committed().length === 40 && cache.storedBytes() === 4000, 'everything is counted');
    },
  ],
  [
    'a later session finds sources by id and digest, and no outputs',
    async (open) => {
      const first = await open();
      first.put(block(1, 50));
      first.put(block(2, 50, 'output'));
      await first.writeSetting('storeId', 'st-1');
      await first.close();
      const second = await open({ owner: 'second' });
      await expectBytes(second, 1, 50);
      await expectBytes(second, 2, undefined);
      invariant(second.has(id(1), id(1)), 'the source is there');
      invariant((await second.readSetting('storeId')) === 'st-1', 'settings survive');
      await second.close();
    },
  ],
  [
    'outputs of a session that is still alive are left alone',
    async (open, store) => {
      const first = await open({ owner: 'alive' });
      first.put(block(2, 50, 'output'));
      await first.flush();
      const second = await open({ owner: 'second', ownerAlive: async (owner) => owner === 'alive' });
      await second.flush();
      invariant((await (await store()).read(id(2)))?.byteLength === 50, 'the output is still stored');
    },
  ],
  [
    'over the cap sources go first, least recently used first, then outputs, and only those are told',
    async (open) => {
      const cache = await open({ capBytes: 450 });
      const told: string[] = [];
      cache.onEvicted((ids) => told.push(...ids));
      cache.put(block(1, 100, 'output'));
      cache.put(block(2, 100));
      cache.put(block(3, 100));
      await cache.flush();
      await cache.read(id(2));
      cache.put(block(4, 200, 'output'));
      await expectBytes(cache, 3, undefined);
      await expectBytes(cache, 2, 100);
      invariant(told.length === 0, 'sources are not told');
      cache.put(block(5, 300, 'output'));
      await expectBytes(cache, 2, undefined);
      await expectBytes(cache, 1, undefined);
      await expectBytes(cache, 4, undefined);
      await expectBytes(cache, 5, 300);
      invariant(told.join() === [id(1), id(4)].join(), `told ${told.join()}`);
    },
  ],
  [
    'pinned blocks stay',
    async (open) => {
      const cache = await open({ capBytes: 250 });
      cache.put(block(1, 100));
      cache.put(block(2, 100));
      cache.pin('a', [id(1)]);
      cache.put(block(3, 100));
      await expectBytes(cache, 1, 100);
      await expectBytes(cache, 2, undefined);
      cache.unpin('a');
      cache.put(block(4, 100));
      cache.put(block(5, 100));
      await expectBytes(cache, 1, undefined);
    },
  ],
  [
    'what is dropped is gone, now and later, whatever was under way',
    async (open) => {
      const cache = await open();
      cache.put(block(1, 100));
      cache.put(block(2, 100, 'output'));
      cache.put(block(3, 100));
      cache.drop([id(1)]);
      cache.dropOutputs();
      await cache.flush();
      await expectBytes(cache, 1, undefined);
      await expectBytes(cache, 2, undefined);
      cache.put(block(1, 70));
      await cache.close();
      const again = await open();
      await expectBytes(again, 1, 70);
      await expectBytes(again, 3, 100);
      invariant(again.storedBytes() === 170, 'only what is there is counted');
    },
  ],
  [
    'another digest under the same id replaces the block',
    async (open) => {
      const cache = await open();
      cache.put(block(1, 100));
      await cache.flush();
      cache.put(block(1, 60, 'source', 7));
      await cache.close();
      const again = await open();
      invariant(again.has(id(1), id(7)), 'the new digest is there');
      await expectBytes(again, 1, 60);
    },
  ],
  [
    'clear deletes blocks and settings',
    async (open) => {
      const cache = await open();
      cache.put(block(1, 100));
      await cache.writeSetting('storeId', 'st-1');
      await cache.flush();
      await cache.clear();
      await cache.close();
      const again = await open();
      await expectBytes(again, 1, undefined);
      invariant((await again.readSetting('storeId')) === undefined, 'settings are gone');
    },
  ],
];

/** Registers every case with `test`; each gets a fresh setup. */
export function runBlockCacheTests(
  test: (name: string, run: () => Promise<void>) => void,
  setup: () => Promise<CacheSetup>,
): void {
  for (const [name, run] of CASES) {
    test(name, async () => {
      const { open, destroy } = await setup();
      const opened: TieredCache[] = [];
      const openCache: OpenCache = async (options = {}) => {
        const cache = await TieredCache.open({
          store: await open(),
          memoryBytes: 1_000_000,
          capBytes: 1_000_000,
          wallMs: clock(),
          owner: 'first',
          ...options,
        });
        opened.push(cache);
        return cache;
      };
      try {
        await run(openCache, open);
      } finally {
        for (const cache of opened) await cache.close();
        await destroy();
      }
    });
  }
}

function clock(): () => number {
  let at = 0;
  return () => {
    at += 1;
    return at;
  };
}
