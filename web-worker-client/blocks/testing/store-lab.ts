/**
 * Block stores in a browser's worker, for tests to drive from outside: everything that goes in and out can be posted. Blocks are
 * known by number: block n has two buckets of the given size, filled with n and n + 1.
 */
import { encodeRecord, type RecordBucket } from '../../../shared/arrow/record.ts';
import { invariant } from '../../../shared/assert.ts';
import { digestOf, digestOfList, loadHashes } from '../../../shared/hash.ts';
import type { BlockKind, HeldOutput, StoreUsage } from '../block-cache.ts';
import { BrowserStore, type BrowserStoreOptions } from '../browser-store.ts';
import { deleteDatabase, IdbDatabase } from '../idb-database.ts';
import { openBrowserStore } from '../open-browser-store.ts';
import { lockFile, namesIn } from '../opfs-folder.ts';
import { SliceReader } from '../slice-reader.ts';
import { TieredCache } from '../tiered-cache.ts';
import { type CacheSetup, id } from './cache-case.ts';
import { runBlockCacheCase } from './cache-suite.ts';

export interface LabOptions {
  /** `measured`: as a tab does it. */
  readonly records: 'indexedDb' | 'opfs' | 'measured';
  readonly owner: string;
  readonly memoryBytes?: number;
  readonly capBytes?: number;
  /** Names of other instances that are alive; absent: nobody knows. */
  readonly alive?: readonly string[];
}

const NAME = 'muster-lab';

export class StoreLab {
  #cache: TieredCache | undefined;
  #reader: SliceReader | undefined;
  #evicted: string[] = [];
  #usages: StoreUsage[] = [];
  #logs: string[] = [];

  /** Rejects when the case fails. */
  async runCase(name: string, records: 'indexedDb' | 'opfs'): Promise<void> {
    await runBlockCacheCase(name, setupOf(`${NAME}-${Math.random().toString(36).slice(2)}`, records));
  }

  async open({ records, owner, memoryBytes = 10, capBytes = 1e9, alive }: LabOptions): Promise<void> {
    await loadHashes();
    const known = {
      name: NAME,
      owner,
      ...(alive && { ownerAlive: async (other: string) => alive.includes(other) }),
      log: (words: string) => this.#logs.push(words),
    };
    const store = await (records === 'measured' ? openBrowserStore(known) : openWith(records, known));
    this.#cache = await TieredCache.open({ ...known, store, memoryBytes, capBytes, wallMs: () => Date.now() });
    this.#reader = new SliceReader(this.#cache);
    this.#evicted = [];
    this.#cache.onEvicted((ids) => this.#evicted.push(...ids));
    this.#cache.onUsageChanged((usage) => this.#usages.push(usage));
  }

  async beginSession(storeId: string): Promise<readonly HeldOutput[]> {
    return this.#opened().beginSession(storeId);
  }

  /** Resolves when the block is where it will stay; `behind`: at once, as a task's report does not wait. */
  async put(n: number, bucketBytes: number, kind: BlockKind, behind = false): Promise<void> {
    const buckets = bucketsOf(n, bucketBytes);
    const record = encodeRecord(buckets) as Uint8Array<ArrayBuffer>;
    this.#opened().put({ id: id(n), digest: digestOfList(buckets.map((b) => b.digest)), kind, record });
    if (!behind) await this.#opened().flush();
  }

  /** `right`: the bytes that were put. */
  async read(n: number, bucketBytes: number, bucket: number): Promise<'right' | 'wrong' | 'missing' | 'corrupt'> {
    const wanted = bucketsOf(n, bucketBytes)[bucket];
    invariant(wanted && this.#reader, 'open the lab and name one of two buckets');
    const slice = await this.#reader.read({ blockId: id(n), bucket, digest: wanted.digest });
    if (typeof slice === 'string') return slice;
    return digestOf(slice.bytes) === wanted.digest ? 'right' : 'wrong';
  }

  async drop(n: number): Promise<void> {
    this.#opened().drop([id(n)]);
    await this.#opened().flush();
  }

  async damage(n: number): Promise<void> {
    await changeRecord(NAME, id(n), halfWayChanged);
  }

  async truncate(n: number): Promise<void> {
    await changeRecord(NAME, id(n), halved);
  }

  async writeSetting(key: string, value: string): Promise<void> {
    await this.#opened().writeSetting(key, value);
  }

  async state(): Promise<{
    readonly committed: readonly number[];
    readonly evicted: readonly number[];
    readonly usage: StoreUsage;
    readonly usages: readonly StoreUsage[];
    readonly recordsIn: string | undefined;
    readonly files: readonly string[];
    readonly logs: readonly string[];
  }> {
    const cache = this.#opened();
    const numberOf = (blockId: string): number => Number.parseInt(blockId, 16);
    return {
      committed: cache.committed().map((meta) => numberOf(meta.id)),
      evicted: this.#evicted.map(numberOf),
      usage: cache.usage(),
      usages: this.#usages,
      recordsIn: await cache.readSetting('recordsIn').catch(() => undefined),
      files: await filesIn(NAME),
      logs: this.#logs,
    };
  }

  /** Locks the file of a block for good, as a tab in a browser without shared handles does that reads it. */
  async lock(n: number): Promise<void> {
    const file = (await filesIn(NAME)).find((f) => f.startsWith(id(n)));
    invariant(file !== undefined, `block ${n} has no file`);
    await lockFile(await folderOf(NAME), file);
  }

  async deleteFolder(): Promise<void> {
    await (await navigator.storage.getDirectory()).removeEntry(NAME, { recursive: true });
  }

  /** A file in the store's folder, as one that died while writing leaves it. */
  async leaveFile(name: string): Promise<void> {
    await (await folderOf(NAME)).getFileHandle(name, { create: true });
  }

  async close(): Promise<void> {
    await this.#opened().close();
  }

  #opened(): TieredCache {
    invariant(this.#cache, 'open the lab first');
    return this.#cache;
  }
}

function bucketsOf(n: number, bytes: number): readonly RecordBucket[] {
  return [n, n + 1].map((fill) => {
    const coded = new Uint8Array(bytes).fill(fill);
    return { codec: 'raw', coded, bytes, rows: 1, digest: digestOf(coded) };
  });
}

async function openWith(records: 'indexedDb' | 'opfs', options: BrowserStoreOptions): Promise<BrowserStore> {
  const store = await BrowserStore.open(options);
  if (records === 'opfs') store.writeFiles(0);
  return store;
}

function setupOf(name: string, records: 'indexedDb' | 'opfs'): CacheSetup {
  const log = (words: string): never => {
    throw new Error(words);
  };
  return {
    open: () => openWith(records, { name, owner: 'suite', log }),
    damage: (blockId) => changeRecord(name, blockId, halfWayChanged),
    truncate: (blockId) => changeRecord(name, blockId, halved),
    destroy: async () => {
      await deleteDatabase(name);
      const root = await navigator.storage.getDirectory();
      await root.removeEntry(name, { recursive: true });
    },
  };
}

type Change = (record: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;
const halfWayChanged: Change = (record) => record.with(record.length >> 1, 77);
const halved: Change = (record) => record.slice(0, record.length >> 1);

/** Behind the store's back: in its file if the block has one, else in its database. */
async function changeRecord(name: string, blockId: string, change: Change): Promise<void> {
  const file = (await filesIn(name)).find((f) => f.startsWith(blockId));
  if (file !== undefined) {
    const handle = await (await folderOf(name)).getFileHandle(file);
    const changed = change(new Uint8Array(await (await handle.getFile()).arrayBuffer()));
    // Goes through a copy that replaces the file: nobody's lock is in its way.
    const copy = await handle.createWritable();
    await copy.write(changed);
    await copy.close();
    return;
  }
  const db = await IdbDatabase.open(name, []);
  const blob = await db.store('records')('readonly', (store) => requested<Blob>(store.get(blockId)));
  const changed = change(new Uint8Array(await blob.arrayBuffer()));
  await db.transact(['records'], (transaction) => transaction.objectStore('records').put(new Blob([changed]), blockId));
  db.close();
}

function folderOf(name: string): Promise<FileSystemDirectoryHandle> {
  return navigator.storage.getDirectory().then((root) => root.getDirectoryHandle(name, { create: true }));
}

async function filesIn(name: string): Promise<readonly string[]> {
  return self.isSecureContext ? namesIn(await folderOf(name)) : [];
}

function requested<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('a read failed'));
  });
}
