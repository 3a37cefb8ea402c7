/** Cases about what is kept and what goes. */
import { invariant } from '../../../shared/assert.ts';
import { block, type Case, expectBytes, id } from './cache-case.ts';

export const KEEPING_CASES: readonly Case[] = [
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
    'over the cap sources go, least recently used first; outputs stay, are counted, and the cap is told when it is passed',
    async (open) => {
      const cache = await open({ capBytes: 450 });
      const evicted: string[] = [];
      const told: number[] = [];
      cache.onEvicted((ids) => evicted.push(...ids));
      cache.onUsageChanged(({ outputBytes }) => told.push(outputBytes));
      cache.put(block(1, 100, 'output'));
      cache.put(block(2, 100));
      cache.put(block(3, 100));
      await cache.flush();
      await cache.read(id(2));
      cache.put(block(4, 200, 'output'));
      await expectBytes(cache, 3, undefined);
      await expectBytes(cache, 2, 100);
      cache.put(block(5, 300, 'output'));
      cache.put(block(6, 10, 'output'));
      await cache.flush();
      await expectBytes(cache, 2, undefined);
      for (const [n, size] of [
        [1, 100],
        [4, 200],
        [5, 300],
        [6, 10],
      ] as const)
        await expectBytes(cache, n, size);
      invariant(evicted.length === 0, 'nothing went that anybody counts on');
      cache.drop([id(5)]);
      invariant(told.join() === '100,300,600,310', `told ${told.join()}`);
      invariant(cache.usage().outputBytes === 310 && cache.usage().capBytes === 450, 'usage says the same');
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
      cache.drop([id(1), id(2), id(9)]);
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
