/** Cases about what a later session finds. */
import { invariant } from '../../../shared/assert.ts';
import type { BlockStore } from '../block-store.ts';
import { TieredCache } from '../tiered-cache.ts';
import { block, type Case, clock, expectBytes, id, LIMITS_OF_TESTS } from './cache-case.ts';

export const SESSION_CASES: readonly Case[] = [
  [
    'a later session finds sources and committed outputs by id and digest, and settings',
    async (open) => {
      const first = await open();
      await first.beginSession('st-1');
      first.put(block(1, 50));
      first.put(block(2, 50, 'output', 7));
      first.put({ ...block(3, 50, 'output'), memoryOnly: true });
      await first.writeSetting('storeId', 'st-1');
      await first.close();
      const second = await open({ owner: 'second' });
      invariant((await second.readSetting('storeId')) === 'st-1', 'settings survive');
      const inventory = await second.beginSession('st-1');
      invariant(inventory.length === 1, `${inventory.length} lines, not 1`);
      invariant(inventory[0]?.id === id(2) && inventory[0].digest === id(7), 'the line has id and digest');
      await expectBytes(second, 1, 50);
      await expectBytes(second, 2, 50);
      await expectBytes(second, 3, undefined);
    },
  ],
  [
    'what was not yet written when the tab died is not listed',
    async (open, setup) => {
      const never = new Promise<void>(() => undefined);
      const store = await setup.open();
      // The death comes before the write: nobody ever closes this cache.
      const dying = await TieredCache.open({
        ...LIMITS_OF_TESTS,
        wallMs: clock(),
        owner: 'dying',
        store: withWrite(store, () => never),
      });
      void dying.beginSession('st-1');
      dying.put(block(2, 50, 'output'));
      await expectBytes(dying, 2, 50);
      const later = await open({ owner: 'later' });
      invariant((await later.beginSession('st-1')).length === 0, 'nothing is listed');
      await store.close();
    },
  ],
  [
    'another coordinator does not get the outputs of the one before, who finds none any more',
    async (open) => {
      const first = await open();
      await first.beginSession('st-1');
      first.put(block(1, 50));
      first.put(block(2, 50, 'output'));
      await first.close();
      const second = await open({ owner: 'second' });
      invariant((await second.beginSession('st-2')).length === 0, 'none is listed');
      await expectBytes(second, 1, 50);
      await second.close();
      const third = await open({ owner: 'third' });
      invariant((await third.beginSession('st-1')).length === 0, 'none is left');
      await expectBytes(third, 2, undefined);
    },
  ],
  [
    'outputs that a living tab made for another coordinator are left alone',
    async (open) => {
      const first = await open({ owner: 'alive' });
      await first.beginSession('st-1');
      first.put(block(2, 50, 'output'));
      await first.flush();
      const second = await open({ owner: 'second', ownerAlive: async (owner) => owner === 'alive' });
      invariant((await second.beginSession('st-2')).length === 0, 'they are not listed');
      await second.flush();
      const third = await open({ owner: 'third', ownerAlive: async (owner) => owner === 'alive' });
      invariant((await third.beginSession('st-1')).length === 1, 'they are there');
    },
  ],
];

/** The same store, written another way. */
function withWrite(store: BlockStore, write: BlockStore['write']): BlockStore {
  return new Proxy(store, {
    get: (target, key) => {
      if (key === 'write') return write;
      const member: unknown = Reflect.get(target, key, target);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}
