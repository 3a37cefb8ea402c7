/**
 * Block cache: records in memory (bounded), written behind into a store (capped). Sources are evicted before outputs, each least
 * recently used first; pinned blocks never. Outputs that have a copy elsewhere never go to the store: they, and what could not be
 * written, stay in memory only, as long as there is room.
 */
import type { BlockCache, BlockMeta, NewBlock } from './block-cache.ts';
import { BlockIndex, type Entry } from './block-index.ts';
import { type BlockStore, StoreFullError } from './block-store.ts';

export interface TieredCacheOptions {
  readonly store: BlockStore;
  /** Bytes of records in memory; those not yet written, and pinned ones that are nowhere else, may exceed it. */
  readonly memoryBytes: number;
  /** Bytes of records in the store. */
  readonly capBytes: number;
  /** Milliseconds since 1970. */
  readonly wallMs: () => number;
  /** Random name of this instance. */
  readonly owner: string;
  /** False: the instance that made an output is gone, and with it the session that knew it. */
  readonly ownerAlive?: (owner: string) => Promise<boolean>;
  readonly log?: (words: string) => void;
}

const BATCH_BLOCKS = 16;
const BATCH_BYTES = 32 * 1024 * 1024;

export class TieredCache implements BlockCache {
  readonly #options: TieredCacheOptions;
  readonly #store: BlockStore;
  readonly #index = new BlockIndex();
  readonly #listeners: ((ids: readonly string[]) => void)[] = [];
  #removals = new Set<string>();
  #touched = new Set<string>();
  #capBytes: number;
  #work: Promise<void> = Promise.resolve();
  #pumpQueued = false;

  private constructor(options: TieredCacheOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#capBytes = options.capBytes;
  }

  /** Opens the cache over its store: source chunks are kept, outputs of instances that are gone are dropped. */
  static async open(options: TieredCacheOptions): Promise<TieredCache> {
    const cache = new TieredCache(options);
    const metas = [...(await options.store.load())].sort((a, b) => a.lastUsed - b.lastUsed);
    for (const meta of metas) {
      if (meta.kind === 'source') cache.#add({ meta, record: undefined, place: 'disk' });
      else if (!(await options.ownerAlive?.(meta.owner ?? ''))) cache.#removals.add(meta.id);
    }
    cache.#evictOverCap(0);
    cache.#schedule();
    return cache;
  }

  put(block: NewBlock): void {
    const known = this.#index.get(block.id);
    if (known && known.meta.digest === block.digest) {
      this.#use(known);
      return;
    }
    if (known) this.#forget(known);
    const bytes = block.record.byteLength;
    const meta: BlockMeta = {
      id: block.id,
      digest: block.digest,
      bytes,
      kind: block.kind,
      lastUsed: this.#options.wallMs(),
      ...(block.kind === 'output' ? { owner: this.#options.owner } : {}),
    };
    if (block.memoryOnly) {
      this.#add({ meta, record: block.record, place: 'volatile' });
      return;
    }
    this.#evictOverCap(bytes);
    this.#add({ meta, record: block.record, place: 'unwritten' });
    this.#schedule();
  }

  async read(id: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const entry = this.#index.get(id);
    if (!entry) return undefined;
    this.#use(entry);
    if (entry.record) return entry.record;
    const record = await this.#store.read(id).catch(() => undefined);
    if (this.#index.get(id) !== entry) return undefined;
    if (!record || record.byteLength !== entry.meta.bytes) {
      // The browser, another tab or a user took it away.
      this.#evict([entry]);
      return undefined;
    }
    if (!entry.record) {
      this.#index.hold(entry, record);
      this.#trimMemory();
    }
    return record;
  }

  has(id: string, digest: string): boolean {
    return this.#index.get(id)?.meta.digest === digest;
  }

  pin(owner: string, ids: readonly string[]): void {
    this.#index.pin(owner, ids);
  }

  unpin(owner: string): void {
    this.#index.unpin(owner);
  }

  drop(ids: readonly string[]): void {
    for (const id of ids) {
      const entry = this.#index.get(id);
      if (entry) this.#forget(entry);
    }
    // Blocks that were never written leave nothing to do.
    if (this.#removals.size > 0) this.#schedule();
  }

  dropOutputs(): void {
    this.drop([...this.#index.all()].filter((e) => e.meta.kind === 'output').map((e) => e.meta.id));
  }

  onEvicted(listener: (ids: readonly string[]) => void): void {
    this.#listeners.push(listener);
  }

  committed(): readonly BlockMeta[] {
    return [...this.#index.all()].filter((e) => e.place === 'disk').map((e) => e.meta);
  }

  storedBytes(): number {
    return this.#index.totalBytes;
  }

  readSetting(key: string): Promise<string | undefined> {
    return this.#store.readSetting(key);
  }

  writeSetting(key: string, value: string): Promise<void> {
    return this.#store.writeSetting(key, value);
  }

  async flush(): Promise<void> {
    this.#schedule();
    // Work may have brought more work.
    for (let work: Promise<void> | undefined; work !== this.#work; ) {
      work = this.#work;
      await work;
    }
  }

  async clear(): Promise<void> {
    for (const entry of [...this.#index.all()]) this.#forget(entry);
    await this.flush();
    await this.#store.clear();
  }

  async close(): Promise<void> {
    await this.flush();
    await this.#store.close();
  }

  // ---- the index

  #add(entry: Entry): void {
    this.#index.add(entry);
    this.#trimMemory();
  }

  #use(entry: Entry): void {
    this.#index.use(entry, this.#options.wallMs());
    // Told to the store with the next write: a use alone is not worth one.
    if (entry.place === 'disk') this.#touched.add(entry.meta.id);
  }

  #forget(entry: Entry): void {
    this.#index.remove(entry);
    this.#touched.delete(entry.meta.id);
    // One that is being written right now is removed when that is done.
    if (entry.place === 'disk') this.#removals.add(entry.meta.id);
  }

  #evict(entries: readonly Entry[]): void {
    if (entries.length === 0) return;
    for (const entry of entries) this.#forget(entry);
    if (this.#removals.size > 0) this.#schedule();
    const outputs = entries.filter((e) => e.meta.kind === 'output').map((e) => e.meta.id);
    if (outputs.length > 0) for (const listener of this.#listeners) listener(outputs);
  }

  #evictOverCap(moreBytes: number): void {
    this.#evictBytes(this.#index.storeBytes + moreBytes - this.#capBytes, (e) => e.place !== 'volatile');
  }

  /** Evicts at least `bytes` if that many are neither pinned nor excluded; returns how many it did. */
  #evictBytes(bytes: number, allowed: (entry: Entry) => boolean): number {
    const victims = this.#index.toFree(bytes, allowed);
    this.#evict(victims);
    return victims.reduce((sum, e) => sum + e.meta.bytes, 0);
  }

  #trimMemory(): void {
    this.#evict(this.#index.trimMemory(this.#options.memoryBytes));
  }

  // ---- writing behind

  #schedule(): void {
    if (this.#pumpQueued) return;
    this.#pumpQueued = true;
    this.#work = this.#work.then(() => this.#pump());
  }

  async #pump(): Promise<void> {
    this.#pumpQueued = false;
    try {
      // Removals come before each write: they make the room that the write was promised.
      for (let batch = this.#unwritten(); batch.length > 0; batch = this.#unwritten()) {
        await this.#removeQueued();
        await this.#writeBatch(batch);
      }
      await this.#removeQueued();
      const touched = [...this.#touched].map((id) => this.#index.get(id)?.meta).filter((meta) => meta !== undefined);
      this.#touched.clear();
      if (touched.length > 0) await this.#store.touch(touched);
    } catch (error) {
      this.#options.log?.(`The block store failed: ${(error as Error).message}`);
    }
  }

  async #removeQueued(): Promise<void> {
    if (this.#removals.size === 0) return;
    const ids = [...this.#removals];
    this.#removals = new Set();
    await this.#store.remove(ids);
  }

  #unwritten(): readonly Entry[] {
    const batch: Entry[] = [];
    let bytes = 0;
    for (const entry of this.#index.all()) {
      if (entry.place !== 'unwritten' || !entry.record) continue;
      batch.push(entry);
      bytes += entry.meta.bytes;
      if (batch.length >= BATCH_BLOCKS || bytes >= BATCH_BYTES) break;
    }
    return batch;
  }

  /** Writes the batch; where there is no room, makes some once, then keeps the batch in memory only. */
  async #writeBatch(batch: readonly Entry[]): Promise<void> {
    const blocks = batch.flatMap((e) => (e.record ? [{ meta: e.meta, record: e.record }] : []));
    const bytes = blocks.reduce((sum, b) => sum + b.meta.bytes, 0);
    let place: Entry['place'] = 'disk';
    try {
      await this.#store.write(blocks);
    } catch (error) {
      place = 'volatile';
      if (error instanceof StoreFullError && this.#evictBytes(bytes, (e) => e.place === 'disk') > 0) {
        await this.#removeQueued();
        place = (await this.#writes(blocks)) ? 'disk' : 'volatile';
      }
      if (error instanceof StoreFullError) this.#lowerCap();
      if (place === 'volatile') this.#options.log?.(`Blocks stay in memory only: ${(error as Error).message}`);
    }
    for (const entry of batch) {
      this.#index.move(entry, place);
      // It may have been dropped while it was being written.
      if (this.#index.get(entry.meta.id) !== entry) this.#removals.add(entry.meta.id);
    }
    this.#trimMemory();
  }

  async #writes(blocks: readonly { readonly meta: BlockMeta; readonly record: Uint8Array<ArrayBuffer> }[]): Promise<boolean> {
    try {
      await this.#store.write(blocks);
      return true;
    } catch {
      return false;
    }
  }

  /** The browser gave less than we hoped: from now on evict before it has to refuse. */
  #lowerCap(): void {
    this.#capBytes = Math.min(this.#capBytes, Math.max(1, this.#index.storeBytes));
  }
}
