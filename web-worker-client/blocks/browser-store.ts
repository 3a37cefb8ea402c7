/**
 * Blocks in a browser: metadata in IndexedDB (the baseline, on plain http too), records beside them as Blobs, which read more than
 * twice as fast as ArrayBuffers, or as files of OPFS where that proved faster. Metadata says where its record is, so that a profile
 * may have both: what OPFS refuses goes to IndexedDB. A Blob is written in one transaction with its metadata, a file before it: a
 * record without metadata does not exist. Tabs of one profile share the store.
 */
import { get, getMany, keys, setMany, type UseStore } from 'idb-keyval';
import { isHex64 } from '../../shared/ids.ts';
import type { BlockMeta } from './block-cache.ts';
import { type BlockStore, type StoredBlock, StoreFullError, type StoreListener } from './block-store.ts';
import { IdbDatabase } from './idb-database.ts';
import { OpfsFolder, ShortWriteError } from './opfs-folder.ts';
import { type StoreChange, StoreChannel } from './store-channel.ts';

export interface BrowserStoreOptions {
  /** Of the database, and of the folder. */
  readonly name: string;
  /** Random name of this instance, without a hyphen: nobody else writes files that carry it. */
  readonly owner: string;
  /** False: the instance is gone, and with it whatever it was writing. Absent: files without metadata are left alone. */
  readonly ownerAlive?: (owner: string) => Promise<boolean>;
  readonly log: (words: string) => void;
}

interface StoredMeta extends BlockMeta {
  /** Name in the folder; absent: the record is in the database. */
  readonly file?: string;
}

/** Smaller records are written faster as Blobs: a file costs about 1.5 ms, a Blob of the same transaction 0.6. */
const FILE_LEAST_BYTES = 256 * 1024;
const BLOBS_MOST = 32;
const STORES = ['metas', 'records', 'settings'];

export class BrowserStore implements BlockStore {
  readonly #options: BrowserStoreOptions;
  readonly #db: IdbDatabase;
  readonly #metas: UseStore;
  readonly #records: UseStore;
  readonly #settings: UseStore;
  readonly #folder: OpfsFolder | undefined;
  readonly #channel: StoreChannel<StoredMeta>;
  readonly #known = new Map<string, StoredMeta>();
  /** Handles to records in the database, least recently used first: their bytes stay where they are. */
  readonly #blobs = new Map<string, Blob>();
  #listener: StoreListener | undefined;
  /** Records of this size and above are written as files. */
  #fileLeastBytes = Number.POSITIVE_INFINITY;
  #fileCount = 0;
  #lost = false;

  private constructor(options: BrowserStoreOptions, db: IdbDatabase, folder: OpfsFolder | undefined) {
    this.#options = options;
    this.#db = db;
    this.#metas = db.store('metas');
    this.#records = db.store('records');
    this.#settings = db.store('settings');
    this.#folder = folder;
    this.#channel = new StoreChannel(options.name, (change) => this.#heard(change));
  }

  /**
   * Rejects where the browser has no IndexedDB, or none that can be read. New records go to IndexedDB; those that an earlier session
   * wrote as files are found all the same.
   */
  static async open(options: BrowserStoreOptions): Promise<BrowserStore> {
    const db = await IdbDatabase.open(options.name, STORES);
    // Its absence is told where somebody asks for it.
    const folder = await OpfsFolder.open(options.name).catch(() => undefined);
    const store = new BrowserStore(options, db, folder);
    await store.#readMetas();
    return store;
  }

  /** New records of at least `leastBytes` go to files from now on, where the browser has OPFS. */
  writeFiles(leastBytes = FILE_LEAST_BYTES): void {
    if (this.#folder) this.#fileLeastBytes = leastBytes;
  }

  listen(listener: StoreListener): void {
    this.#listener = listener;
    this.#db.onLost((why) => {
      this.#lost = true;
      this.#known.clear();
      this.#blobs.clear();
      listener.lost(why);
    });
  }

  async load(): Promise<readonly BlockMeta[]> {
    await this.#removeOrphans();
    return [...this.#known.values()].map(withoutFile);
  }

  async read(id: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const meta = this.#known.get(id);
    return meta && this.readRange(id, 0, meta.bytes);
  }

  async readRange(id: string, offset: number, length: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const meta = this.#known.get(id);
    if (!meta) return undefined;
    if (meta.file !== undefined) return this.#folder?.readRange(meta.file, meta.bytes, offset, length);
    const blob = await this.#blob(id);
    return blob?.size === meta.bytes ? new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer()) : undefined;
  }

  async write(blocks: readonly StoredBlock[]): Promise<void> {
    const replaced = this.#filesOf(blocks.map((b) => b.meta.id));
    const metas = await this.#writeFiles(blocks);
    try {
      await this.#db.transact(STORES, (transaction) => {
        blocks.forEach(({ meta, record }, i) => {
          const stored: StoredMeta = metas[i] ?? meta;
          const records = transaction.objectStore('records');
          if (stored.file === undefined) records.put(new Blob([record]), meta.id);
          else records.delete(meta.id);
          transaction.objectStore('metas').put(stored, meta.id);
        });
      });
    } catch (error) {
      await this.#folder?.remove(metas.flatMap((meta) => meta.file ?? []));
      throw asStoreError(error);
    }
    for (const meta of metas) {
      this.#known.set(meta.id, meta);
      this.#blobs.delete(meta.id);
    }
    this.#channel.tell({ added: metas, removed: [] });
    await this.#folder?.remove(replaced);
  }

  async remove(ids: readonly string[]): Promise<void> {
    const files = this.#filesOf(ids);
    this.#forget(ids);
    await this.#db.transact(['metas', 'records'], (transaction) => {
      for (const id of ids) {
        transaction.objectStore('metas').delete(id);
        transaction.objectStore('records').delete(id);
      }
    });
    this.#channel.tell({ added: [], removed: ids });
    await this.#folder?.remove(files);
  }

  async touch(metas: readonly BlockMeta[]): Promise<void> {
    const touched = metas.flatMap(({ id, digest, lastUsed }) => {
      const known = this.#known.get(id);
      return known?.digest === digest ? [{ ...known, lastUsed }] : [];
    });
    await this.#db.transact(['metas'], (transaction) => {
      const store = transaction.objectStore('metas');
      for (const meta of touched) {
        const cursor = store.openCursor(meta.id);
        cursor.onsuccess = () => {
          const there = cursor.result?.value as StoredMeta | undefined;
          // Another tab may have removed it, or written another.
          if (there?.digest === meta.digest && there.file === meta.file) cursor.result?.update(meta);
        };
      }
    });
  }

  async readSetting(key: string): Promise<string | undefined> {
    return get<string>(key, this.#settings);
  }

  async writeSetting(key: string, value: string): Promise<void> {
    await setMany([[key, value]], this.#settings);
  }

  async roomBytes(): Promise<number | undefined> {
    if (!('storage' in navigator)) return undefined;
    try {
      const { quota, usage } = await navigator.storage.estimate();
      return quota === undefined || usage === undefined ? undefined : Math.max(0, quota - usage);
    } catch {
      // A browser that can't say: writes will tell.
      return undefined;
    }
  }

  async clear(): Promise<void> {
    const ids = [...this.#known.keys()];
    const files = this.#filesOf(ids);
    this.#forget(ids);
    // What is lost is cleared.
    if (!this.#lost) {
      await this.#db.transact(STORES, (transaction) => {
        for (const store of STORES) transaction.objectStore(store).clear();
      });
    }
    this.#channel.tell({ added: [], removed: ids });
    await this.#folder?.remove(files);
  }

  async close(): Promise<void> {
    this.#channel.close();
    this.#db.close();
    await this.#folder?.close();
  }

  async #readMetas(): Promise<void> {
    const ids = await keys<string>(this.#metas);
    for (const meta of await getMany<StoredMeta | undefined>(ids, this.#metas)) {
      if (meta && isHex64(meta.id) && Number.isSafeInteger(meta.bytes)) this.#known.set(meta.id, meta);
    }
  }

  #filesOf(ids: readonly string[]): readonly string[] {
    return ids.flatMap((id) => this.#known.get(id)?.file ?? []);
  }

  #forget(ids: readonly string[]): void {
    for (const id of ids) {
      this.#known.delete(id);
      this.#blobs.delete(id);
    }
  }

  /** Metadata as it is to be stored. Where OPFS fails for another reason than room, records go to IndexedDB from now on. */
  async #writeFiles(blocks: readonly StoredBlock[]): Promise<readonly StoredMeta[]> {
    const metas: StoredMeta[] = blocks.map(({ meta, record }) => {
      if (record.byteLength < this.#fileLeastBytes) return meta;
      this.#fileCount += 1;
      // ownerOf() reads it again.
      return { ...meta, file: `${meta.id}-${this.#options.owner}-${this.#fileCount}` };
    });
    const writes = blocks.map(async ({ record }, i) => {
      const file = metas[i]?.file;
      if (file !== undefined) await this.#folder?.write(file, record);
    });
    const failed = (await Promise.allSettled(writes)).find((result) => result.status === 'rejected');
    if (!failed) return metas;
    await this.#folder?.remove(metas.flatMap((meta) => meta.file ?? []));
    const error = asStoreError(failed.reason);
    if (error instanceof StoreFullError) throw error;
    this.#fileLeastBytes = Number.POSITIVE_INFINITY;
    this.#options.log(`Blocks go to IndexedDB from now on, since OPFS failed: ${error.message}.`);
    return blocks.map((b) => b.meta);
  }

  async #blob(id: string): Promise<Blob | undefined> {
    const blob = this.#blobs.get(id) ?? (await get<Blob>(id, this.#records));
    if (!blob || !this.#known.has(id)) return undefined;
    this.#blobs.delete(id);
    this.#blobs.set(id, blob);
    const [oldest] = this.#blobs.keys();
    if (this.#blobs.size > BLOBS_MOST && oldest !== undefined) this.#blobs.delete(oldest);
    return blob;
  }

  /** Files whose metadata was never written, by instances that are gone. */
  async #removeOrphans(): Promise<void> {
    const { ownerAlive } = this.#options;
    if (!this.#folder || !ownerAlive) return;
    const used = new Set(this.#filesOf([...this.#known.keys()]));
    const orphans = (await this.#folder.names()).filter((name) => !used.has(name));
    const gone = new Set<string>();
    for (const owner of new Set(orphans.map(ownerOf))) if (!(await ownerAlive(owner))) gone.add(owner);
    await this.#folder.remove(orphans.filter((name) => gone.has(ownerOf(name))));
  }

  #heard({ added, removed }: StoreChange<StoredMeta>): void {
    if (this.#lost) return;
    const ids = [...removed, ...added.map((meta) => meta.id)];
    const gone = this.#filesOf(ids).filter((file) => !added.some((meta) => meta.file === file));
    this.#forget(ids);
    for (const meta of added) this.#known.set(meta.id, meta);
    this.#listener?.changedElsewhere({ added: added.map(withoutFile), removed });
    // Whoever removed them could not while this tab was reading them.
    void this.#folder?.remove(gone);
  }
}

function ownerOf(file: string): string {
  return file.split('-')[1] ?? '';
}

function withoutFile({ file: _, ...meta }: StoredMeta): BlockMeta {
  return meta;
}

function asStoreError(error: unknown): Error {
  const { name } = error as Error;
  const full = name === 'QuotaExceededError' || error instanceof ShortWriteError;
  return full ? new StoreFullError('the browser gives no more room') : (error as Error);
}
