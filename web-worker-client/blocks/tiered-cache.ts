/**
 * Block cache: records in memory (bounded), written behind into a store (capped). Over the cap spare blocks are evicted, least
 * recently used first, pinned ones never; outputs stay, and the cache tells how much they take. Outputs that have a copy elsewhere
 * never go to the store: they, and what could not be written, stay in memory only.
 */
import type { Clock } from '../../shared/clock.ts';
import type { BlockCache, BlockMeta, HeldOutput, NewBlock, RangeRead, StoreUsage } from './block-cache.ts';
import { BlockIndex, type Entry } from './block-index.ts';
import type { BlockStore } from './block-store.ts';
import { UsageMeter } from './usage-meter.ts';
import { WriteBehind } from './write-behind.ts';

export interface TieredCacheOptions {
  readonly store: BlockStore;
  /** Bytes of records in memory; those not yet written, and pinned ones that are nowhere else, may exceed it. */
  readonly memoryBytes: number;
  /** Bytes of records in the store; less where the system says that there is less room. */
  readonly capBytes: number;
  /** Milliseconds since 1970. */
  readonly wallMs: () => number;
  /** Absent: outputs are written at once. */
  readonly clock?: Clock;
  /** Random name of this instance. */
  readonly owner: string;
  /** False: the instance that made an output is gone. Absent: nobody knows, and all others count as gone. */
  readonly ownerAlive?: (owner: string) => Promise<boolean>;
  readonly log?: (words: string) => void;
}

/** Part of the free room that a store counts on: other tenants of the disk grow too, and browsers' estimates are rough. */
const ROOM_SHARE = 0.8;
/** Memory that outputs without a place in the store may take, in times of the limit, until they are given up. */
const OVERDRAFT = 2;

export class TieredCache implements BlockCache {
  readonly #options: TieredCacheOptions;
  readonly #store: BlockStore;
  readonly #index = new BlockIndex();
  readonly #behind: WriteBehind;
  readonly #meter: UsageMeter;
  readonly #listeners: ((ids: readonly string[]) => void)[] = [];
  #storeId: string | undefined;
  #capBytes: number;
  #storeLost = false;

  private constructor(options: TieredCacheOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#capBytes = options.capBytes;
    this.#meter = new UsageMeter(this.usage());
    this.#behind = new WriteBehind({
      ...(options.clock && { clock: options.clock }),
      store: options.store,
      index: this.#index,
      makeRoom: (bytes) => this.#evictBytes(bytes, (e) => e.place === 'disk'),
      settled: (full) => this.#settled(full),
      log: (words) => options.log?.(words),
    });
  }

  /** Opens the cache over its store; all that is there is kept until a session says whom outputs are for. */
  static async open(options: TieredCacheOptions): Promise<TieredCache> {
    const cache = new TieredCache(options);
    options.store.listen({
      changedElsewhere: ({ added, removed }) => {
        cache.#removedElsewhere(removed);
        for (const meta of added) cache.#addedElsewhere(meta);
      },
      lost: (why) => cache.#loseStore(why),
    });
    const metas = [...(await options.store.load())].sort((a, b) => a.lastUsed - b.lastUsed);
    for (const meta of metas) cache.#index.add(onDisk(meta));
    const room = await options.store.roomBytes();
    if (room !== undefined) cache.#capBytes = Math.min(cache.#capBytes, cache.#index.storeBytes + Math.floor(room * ROOM_SHARE));
    cache.#evictOverCap(0);
    cache.#noteUsage();
    return cache;
  }

  async beginSession(storeId: string): Promise<readonly HeldOutput[]> {
    this.#storeId = storeId;
    await this.flush();
    const foreign = this.#index.outputs((meta) => meta.storeId !== storeId).map((e) => e.meta);
    const working = new Set<string>();
    for (const owner of new Set(foreign.map((meta) => meta.owner ?? ''))) {
      if (owner !== this.#options.owner && (await this.#options.ownerAlive?.(owner))) working.add(owner);
    }
    this.drop(foreign.filter((meta) => !working.has(meta.owner ?? '')).map((meta) => meta.id));
    const own = this.#index.outputs((meta) => meta.storeId === storeId);
    return own.filter((e) => e.place !== 'unwritten').map(({ meta }) => ({ id: meta.id, digest: meta.digest }));
  }

  put(block: NewBlock): void {
    const { id, digest, kind, record, memoryOnly = false } = block;
    const known = this.#index.get(id);
    if (known?.meta.digest === digest) {
      this.#use(known);
      return;
    }
    if (known) this.#forget(known);
    const bytes = record.byteLength;
    const made = { owner: this.#options.owner, ...(this.#storeId === undefined ? {} : { storeId: this.#storeId }) };
    const meta = { id, digest, bytes, kind, lastUsed: this.#options.wallMs(), ...(kind === 'output' ? made : {}) };
    const place = memoryOnly || this.#storeLost ? 'volatile' : 'unwritten';
    if (place === 'unwritten') this.#evictOverCap(bytes);
    this.#index.add({ meta, record, place, spare: memoryOnly || kind === 'source', unchecked: false });
    this.#trimMemory();
    this.#noteUsage();
    if (place === 'unwritten') this.#behind.schedule(block);
  }

  async read(id: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const entry = this.#index.get(id);
    if (!entry) return undefined;
    this.#use(entry);
    if (entry.record) return entry.record;
    const { digest, bytes } = entry.meta;
    const record = await this.#store.read(id).catch(() => undefined);
    if (this.#index.get(id)?.meta.digest !== digest) return undefined;
    if (record?.byteLength !== bytes) {
      this.#evict([entry]);
      return undefined;
    }
    if (!entry.record) {
      this.#index.hold(entry, record);
      this.#trimMemory();
    }
    return record;
  }

  async readRange(id: string, offset: number, length: number): Promise<RangeRead | undefined> {
    const entry = this.#index.get(id);
    if (!entry) return undefined;
    this.#use(entry);
    const { record, unchecked } = entry;
    const { digest, bytes } = entry.meta;
    if (offset + length > bytes) return undefined;
    if (record) return { bytes: record.subarray(offset, offset + length), unchecked };
    const read = await this.#store.readRange(id, offset, length).catch(() => undefined);
    if (this.#index.get(id)?.meta.digest !== digest) return undefined;
    if (read?.byteLength === length) return { bytes: read, unchecked: true };
    // The browser, another tab or a user took it away.
    this.#evict([entry]);
    return undefined;
  }

  meta(id: string): BlockMeta | undefined {
    return this.#index.get(id)?.meta;
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

  lend(id: string): (kept: boolean) => void {
    return this.#behind.lend(id);
  }

  drop(ids: readonly string[]): void {
    const known = new Set(ids.filter((id) => this.#index.get(id)));
    for (const id of ids) {
      const entry = this.#index.get(id);
      if (entry) this.#forget(entry);
    }
    // Another tab of this profile may have them in its memory: it hears of removals from the store.
    this.#behind.remove(ids.filter((id) => !known.has(id)));
    this.#noteUsage();
  }

  dropDamaged({ id, digest }: BlockMeta): void {
    const entry = this.#index.get(id);
    if (entry?.meta.digest !== digest) return;
    this.#options.log?.(`Block ${id.slice(0, 12)} was damaged in this browser's store: it is dropped.`);
    this.#evict([entry]);
  }

  onEvicted(listener: (ids: readonly string[]) => void): void {
    this.#listeners.push(listener);
  }

  usage(): StoreUsage {
    return { outputBytes: this.#index.outputBytes, capBytes: this.#storeLost ? this.#options.memoryBytes : this.#capBytes };
  }

  onUsageChanged(listener: (usage: StoreUsage) => void): void {
    this.#meter.listen(listener);
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

  flush(): Promise<void> {
    return this.#behind.flush();
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

  // ---- what others did to the store

  #addedElsewhere(meta: BlockMeta): void {
    const known = this.#index.get(meta.id);
    // What this tab has in memory under the same name is the same, or about to be written over it.
    if (!known || (known.place === 'disk' && known.meta.digest !== meta.digest)) this.#index.add(onDisk(meta));
    this.#noteUsage();
  }

  /** Outputs made here are told: without locks a tab of another coordinator may have dropped them. */
  #removedElsewhere(ids: readonly string[]): void {
    const gone = ids.flatMap((id) => this.#index.get(id) ?? []);
    for (const entry of gone) this.#index.remove(entry);
    this.#tell(gone.filter((e) => e.meta.owner === this.#options.owner));
    this.#noteUsage();
  }

  #loseStore(why: string): void {
    if (this.#storeLost) return;
    this.#storeLost = true;
    this.#behind.stop();
    this.#options.log?.(`This browser's store is gone (${why}): blocks stay in memory until the page is loaded again.`);
    const all = [...this.#index.all()];
    const gone = all.filter((e) => !e.record);
    for (const entry of gone) this.#index.remove(entry);
    for (const entry of all) if (entry.record) this.#index.move(entry, 'volatile');
    this.#tell(gone);
    this.#trimMemory();
    this.#noteUsage();
  }

  // ---- the index

  #use(entry: Entry): void {
    this.#index.use(entry, this.#options.wallMs());
    if (entry.place === 'disk') this.#behind.touch(entry.meta.id);
  }

  /** False: another block is there under its id by now, or none. */
  #forget(entry: Entry): boolean {
    if (!this.#index.remove(entry)) return false;
    // One that is being written right now is removed when that is done.
    if (entry.place === 'disk') this.#behind.remove([entry.meta.id]);
    return true;
  }

  #evict(entries: readonly Entry[]): void {
    const gone = entries.filter((entry) => this.#forget(entry));
    if (gone.length === 0) return;
    this.#tell(gone);
    this.#noteUsage();
  }

  #tell(gone: readonly Entry[]): void {
    const outputs = gone.filter((e) => e.meta.kind === 'output').map((e) => e.meta.id);
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
    const { memoryBytes } = this.#options;
    this.#evict(this.#index.trimMemory(memoryBytes, memoryBytes * OVERDRAFT));
  }

  #noteUsage(): void {
    this.#meter.note(this.usage());
  }

  #settled(full: boolean): void {
    // The browser gave less than we hoped: from now on evict before it has to refuse.
    if (full) this.#capBytes = Math.min(this.#capBytes, Math.max(1, this.#index.storeBytes));
    this.#trimMemory();
    this.#noteUsage();
  }
}

function onDisk(meta: BlockMeta): Entry {
  return { meta, record: undefined, place: 'disk', spare: meta.kind === 'source', unchecked: true };
}
