/** What the cache holds and where, in order of use, with the sums that its limits are about. No I/O: it only says which blocks to give up. */
import type { BlockMeta } from './block-cache.ts';

/** Only the index changes an entry. */
export interface Entry {
  readonly meta: BlockMeta;
  /** Absent: on disk only. */
  readonly record: Uint8Array<ArrayBuffer> | undefined;
  /** `volatile`: it lives in memory only, because it was to, or because the store had no room. */
  readonly place: 'unwritten' | 'disk' | 'volatile';
  /** Somebody else has a copy: it may go when room is needed. Sources, and outputs that the coordinator has. */
  readonly spare: boolean;
  /** The record in memory came from the store, where it may have been damaged. */
  readonly unchecked: boolean;
}

export class BlockIndex {
  /** In order of use, least recent first. */
  readonly #entries = new Map<string, Entry>();
  readonly #pins = new Map<string, ReadonlySet<string>>();
  #totalBytes = 0;
  #memoryBytes = 0;
  #volatileBytes = 0;
  #outputBytes = 0;

  get totalBytes(): number {
    return this.#totalBytes;
  }

  /** Bytes of records that are in the store, or on their way there. */
  get storeBytes(): number {
    return this.#totalBytes - this.#volatileBytes;
  }

  /** Bytes of blocks that are nobody's to evict. */
  get outputBytes(): number {
    return this.#outputBytes;
  }

  get(id: string): Entry | undefined {
    return this.#entries.get(id);
  }

  all(): Iterable<Entry> {
    return this.#entries.values();
  }

  outputs(wanted: (meta: BlockMeta) => boolean): readonly Entry[] {
    return [...this.#entries.values()].filter(({ meta }) => meta.kind === 'output' && wanted(meta));
  }

  /** Keeps the place of a block that was there under this id. */
  add(entry: Entry): void {
    const known = this.#entries.get(entry.meta.id);
    if (known) this.#count(known, -1);
    this.#entries.set(entry.meta.id, entry);
    this.#count(entry, 1);
  }

  /** False: another block is there under its id by now, or none. */
  remove(entry: Entry): boolean {
    if (this.#entries.get(entry.meta.id) !== entry) return false;
    this.#entries.delete(entry.meta.id);
    this.#count(entry, -1);
    return true;
  }

  /** Makes an entry that is here the most recently used. */
  use(entry: Entry, lastUsed: number): void {
    this.#change(entry, { meta: { ...entry.meta, lastUsed } });
    this.#entries.delete(entry.meta.id);
    this.#entries.set(entry.meta.id, entry);
  }

  /** Somebody else has a copy now: it is not worth a write. */
  makeSpare(entry: Entry): void {
    this.#change(entry, { place: 'volatile', spare: true });
  }

  move(entry: Entry, place: Entry['place']): void {
    this.#change(entry, { place });
  }

  /** Keeps the record of a block on disk, as it was read there, in memory too, or no longer. */
  hold(entry: Entry, record: Uint8Array<ArrayBuffer> | undefined): void {
    this.#change(entry, { record, unchecked: true });
  }

  pin(owner: string, ids: readonly string[]): void {
    this.#pins.set(owner, new Set([...(this.#pins.get(owner) ?? []), ...ids]));
  }

  unpin(owner: string): void {
    this.#pins.delete(owner);
  }

  /** Spare blocks in the store that bring `bytes` together, or all that may go: least recently used first, pinned ones never. */
  toFree(bytes: number, allowed: (entry: Entry) => boolean): readonly Entry[] {
    const victims: Entry[] = [];
    let freed = 0;
    for (const entry of this.#entries.values()) {
      if (freed >= bytes) break;
      if (!entry.spare || !allowed(entry) || this.#pinned(entry.meta.id)) continue;
      victims.push(entry);
      freed += entry.meta.bytes;
    }
    return victims;
  }

  /**
   * Takes records out of memory until at most `bytes` are left, least recently used first; returns blocks that are nowhere else, to
   * be evicted. Those that are not spare are spared until `mostBytes`, where this tab would be in danger with all that it holds.
   */
  trimMemory(bytes: number, mostBytes: number): readonly Entry[] {
    const victims: Entry[] = [];
    let left = this.#memoryBytes;
    const trim = (most: number, allowed: (entry: Entry) => boolean): void => {
      for (const entry of this.#entries.values()) {
        if (left <= most) return;
        if (!entry.record || entry.place === 'unwritten' || !allowed(entry)) continue;
        left -= entry.record.byteLength;
        if (entry.place === 'disk') this.hold(entry, undefined);
        else victims.push(entry);
      }
    };
    trim(bytes, (entry) => entry.place === 'disk' || (entry.spare && !this.#pinned(entry.meta.id)));
    trim(mostBytes, (entry) => entry.place === 'volatile' && !entry.spare && !this.#pinned(entry.meta.id));
    return victims;
  }

  #pinned(id: string): boolean {
    for (const ids of this.#pins.values()) if (ids.has(id)) return true;
    return false;
  }

  /** An entry that was removed meanwhile is changed all the same, and counts nowhere. */
  #change(entry: Entry, change: Partial<Entry>): void {
    const counts = this.#entries.get(entry.meta.id) === entry;
    if (counts) this.#count(entry, -1);
    Object.assign(entry, change);
    if (counts) this.#count(entry, 1);
  }

  #count({ meta, record, place, spare }: Entry, sign: 1 | -1): void {
    this.#totalBytes += sign * meta.bytes;
    if (record) this.#memoryBytes += sign * record.byteLength;
    if (place === 'volatile') this.#volatileBytes += sign * meta.bytes;
    if (!spare) this.#outputBytes += sign * meta.bytes;
  }
}
