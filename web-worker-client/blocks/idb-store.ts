/**
 * Blocks in IndexedDB through idb-keyval: the baseline of every browser, on plain http too. Two databases, since idb-keyval has
 * one store a database: records (as Blobs, which read more than twice as fast as ArrayBuffers) and metadata with settings.
 * Metadata is written after its record and removed before it: a record without metadata does not exist.
 */
import { clear, createStore, delMany, get, getMany, keys, setMany, type UseStore } from 'idb-keyval';
import { isHex64 } from '../../shared/ids.ts';
import type { BlockMeta } from './block-cache.ts';
import { type BlockStore, StoreFullError } from './block-store.ts';

const SETTING = 'setting:';

export class IdbStore implements BlockStore {
  readonly #records: UseStore;
  readonly #metas: UseStore;

  /** `name` begins the names of both databases. */
  constructor(name = 'muster') {
    this.#records = createStore(`${name}-blocks`, 'records');
    this.#metas = createStore(`${name}-meta`, 'metas');
  }

  async load(): Promise<readonly BlockMeta[]> {
    const ids = (await keys<string>(this.#metas)).filter((key) => !key.startsWith(SETTING));
    const metas = (await getMany<BlockMeta>(ids, this.#metas)).filter((meta) => meta !== undefined && isHex64(meta.id));
    await this.#removeOrphans(new Set(ids));
    return metas as readonly BlockMeta[];
  }

  async read(id: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const blob = await get<Blob>(id, this.#records);
    return blob && new Uint8Array(await blob.arrayBuffer());
  }

  async write(blocks: readonly { readonly meta: BlockMeta; readonly record: Uint8Array<ArrayBuffer> }[]): Promise<void> {
    try {
      await setMany(
        blocks.map(({ meta, record }) => [meta.id, new Blob([record])]),
        this.#records,
      );
      await this.touch(blocks.map((b) => b.meta));
    } catch (error) {
      await this.remove(blocks.map((b) => b.meta.id));
      if ((error as Error).name === 'QuotaExceededError') throw new StoreFullError('the browser gives no more room');
      throw error;
    }
  }

  async remove(ids: readonly string[]): Promise<void> {
    await delMany([...ids], this.#metas);
    await delMany([...ids], this.#records);
  }

  async touch(metas: readonly BlockMeta[]): Promise<void> {
    await setMany(
      metas.map((meta) => [meta.id, meta]),
      this.#metas,
    );
  }

  readSetting(key: string): Promise<string | undefined> {
    return get<string>(SETTING + key, this.#metas);
  }

  async writeSetting(key: string, value: string): Promise<void> {
    await setMany([[SETTING + key, value]], this.#metas);
  }

  async clear(): Promise<void> {
    await clear(this.#metas);
    await clear(this.#records);
  }

  async close(): Promise<void> {}

  /** Records whose metadata a crash kept from being written. */
  async #removeOrphans(known: ReadonlySet<string>): Promise<void> {
    const orphans = (await keys<string>(this.#records)).filter((id) => !known.has(id));
    if (orphans.length > 0) await delMany(orphans, this.#records);
  }
}
