/** A store that survives nothing: for tests, and where neither a browser's storage nor a directory may be used. */
import type { BlockMeta } from './block-cache.ts';
import { type BlockStore, type StoredBlock, StoreFullError, type StoreListener } from './block-store.ts';

export class MemoryStore implements BlockStore {
  readonly #blocks = new Map<string, StoredBlock>();
  readonly #settings = new Map<string, string>();
  readonly #roomBytes: number;

  /** Throws StoreFullError beyond `roomBytes`. */
  constructor(roomBytes = Number.POSITIVE_INFINITY) {
    this.#roomBytes = roomBytes;
  }

  /** Nobody else has it. */
  listen(_listener?: StoreListener): void {}

  async load(): Promise<readonly BlockMeta[]> {
    return [...this.#blocks.values()].map((b) => b.meta);
  }

  async read(id: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.#blocks.get(id)?.record;
  }

  async readRange(id: string, offset: number, length: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.#blocks.get(id)?.record.subarray(offset, offset + length);
  }

  async write(blocks: readonly StoredBlock[]): Promise<void> {
    const more = blocks.reduce((sum, b) => sum + b.meta.bytes, 0);
    const used = this.#usedBytes();
    if (used + more > this.#roomBytes) throw new StoreFullError(`${used + more} bytes do not fit into ${this.#roomBytes}`);
    for (const block of blocks) this.#blocks.set(block.meta.id, block);
  }

  async remove(ids: readonly string[]): Promise<void> {
    for (const id of ids) this.#blocks.delete(id);
  }

  async touch(metas: readonly BlockMeta[]): Promise<void> {
    for (const meta of metas) {
      const block = this.#blocks.get(meta.id);
      if (block) this.#blocks.set(meta.id, { ...block, meta });
    }
  }

  async readSetting(key: string): Promise<string | undefined> {
    return this.#settings.get(key);
  }

  async writeSetting(key: string, value: string): Promise<void> {
    this.#settings.set(key, value);
  }

  /** It finds out when it is full: memory has no measure. */
  async roomBytes(): Promise<number | undefined> {
    return undefined;
  }

  async clear(): Promise<void> {
    this.#blocks.clear();
    this.#settings.clear();
  }

  async close(): Promise<void> {}

  #usedBytes(): number {
    return [...this.#blocks.values()].reduce((sum, b) => sum + b.meta.bytes, 0);
  }
}
