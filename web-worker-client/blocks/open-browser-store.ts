/** The store of this browser profile: IndexedDB, with OPFS for records where that was measured to be faster; else nothing but memory. */
import type { BlockStore } from './block-store.ts';
import { BrowserStore, type BrowserStoreOptions } from './browser-store.ts';
import { measureRecords } from './measure-records.ts';
import { MemoryStore } from './memory-store.ts';

/** What `measureRecords` found; delete it to measure again. */
export const RECORDS_SETTING = 'recordsIn';

export type OpenStoreOptions = Omit<BrowserStoreOptions, 'name'> & { readonly name?: string };

/** Never rejects: some private windows store nothing; the tab then works, and remembers nothing. */
export async function openBrowserStore(options: OpenStoreOptions): Promise<BlockStore> {
  const { name = 'muster', log } = options;
  try {
    const store = await BrowserStore.open({ ...options, name });
    if (await filesAreFaster(store, name, log)) store.writeFiles();
    return store;
  } catch (error) {
    log(`This browser stores nothing (${(error as Error).message}): data is kept in memory only.`);
    return new MemoryStore();
  }
}

async function filesAreFaster(store: BlockStore, name: string, log: (words: string) => void): Promise<boolean> {
  // Plain http has no OPFS: nothing to choose, and nothing to write down.
  if (!self.isSecureContext) return false;
  const known = await store.readSetting(RECORDS_SETTING);
  if (known === 'indexedDb' || known === 'opfs') return known === 'opfs';
  try {
    // Two tabs that measure at once have each their own names.
    const { indexedDbMs, opfsMs } = await measureRecords(`${name}-measure-${Math.random().toString(36).slice(2)}`);
    const faster = opfsMs < indexedDbMs ? 'opfs' : 'indexedDb';
    await store.writeSetting(RECORDS_SETTING, faster);
    const times = `${opfsMs.toFixed(0)} ms in OPFS, ${indexedDbMs.toFixed(0)} ms in IndexedDB`;
    log(`Blocks go to ${faster === 'opfs' ? 'OPFS' : 'IndexedDB'}: ${times}.`);
    return faster === 'opfs';
  } catch (error) {
    log(`Blocks go to IndexedDB: OPFS could not be measured (${(error as Error).message}).`);
    return false;
  }
}
