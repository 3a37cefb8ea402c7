/** A store that survives nothing: for tests, and where neither IndexedDB nor a directory may be used. */
import type { BlockMeta } from './block-cache.ts';
import { type BlockStore, StoreFullError } from './block-store.ts';

export class MemoryStore implements BlockStore {
  readonly #blocks = new Map<string, { meta: BlockMeta; record: Uint8Array<ArrayBuffer> }>();
  readonly #settings = new Map<string, string>();
  readonly #roomBytes: number;

  /** Throws StoreFullError beyond `roomBytes`. */
  constructor(roomBytes = Number.POSITIVE_INFINITY) {
    this.#roomBytes = roomBytes;
  }

  async load(): Promise<readonly BlockMeta[]> {
    return [...this.#blocks.values()].map((b) => b.meta);
  }

  async read(id: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.#blocks.get(id)?.record;
  }

  async write(blocks: readonly { readonly meta: BlockMeta; readonly record: Uint8Array<ArrayBuffer> }[]): Promise<void> {
    const used = [...this.#blocks.values()].reduce((sum, b) => sum + b.meta.bytes, 0);
    const more = blocks.reduce((sum, b) => sum + b.meta.bytes, 0);
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

  async clear(): Promise<void> {
    this.#blocks.clear();
    this.#settings.clear();
  }

  async close(): Promise<void> {}
}
