/** A browser profile: what its disk keeps while tabs come and go. Its tabs share it. */
import type { BlockId, StoreId } from '../../shared/ids.ts';
import { bytesOf, type Copy, isDamaged } from './engine.ts';

interface Stored {
  readonly copy: Copy;
  /** For whom it was made: outputs of another coordinator's tabs mean nothing here. */
  readonly storeId: StoreId | undefined;
  readonly owner: TabStore;
}

export class Profile {
  readonly name: string;
  /** As a coordinator gave it. */
  storeId: StoreId | undefined;
  readonly disk = new Map<BlockId, Stored>();
  readonly stores = new Set<TabStore>();
  capBytes: number;

  constructor(name: string, capBytes: number) {
    this.name = name;
    this.capBytes = capBytes;
  }

  diskBytes(): number {
    let bytes = 0;
    for (const { copy } of this.disk.values()) bytes += bytesOf(copy);
    return bytes;
  }
}

interface Held {
  readonly copy: Copy;
  /** Written to disk as soon as there is time. */
  readonly isUnwritten: boolean;
  /** There is a copy elsewhere: it is never written nor announced. */
  readonly isSpare: boolean;
}

export interface TabStoreEvents {
  /** What it can't serve any more, without having been told to drop it. */
  readonly evicted: (ids: readonly BlockId[]) => void;
  readonly usageChanged: () => void;
}

/** One tab's blocks: memory of its own over the profile's disk. */
export class TabStore {
  readonly profile: Profile;
  storeId: StoreId | undefined;
  readonly memory = new Map<BlockId, Held>();
  readonly #events: TabStoreEvents;
  isClosed = false;

  constructor(profile: Profile, events: TabStoreEvents) {
    this.profile = profile;
    this.#events = events;
    profile.stores.add(this);
  }

  /** The tab is gone: what only its memory had is gone with it. */
  close(): void {
    this.isClosed = true;
    this.profile.stores.delete(this);
    this.memory.clear();
  }

  put(copy: Copy, isSpare: boolean): void {
    const { blockId } = copy;
    const known = this.get(blockId);
    if (known?.digest === copy.digest) return;
    this.profile.disk.delete(blockId);
    this.memory.set(blockId, { copy, isUnwritten: !isSpare, isSpare });
    this.#events.usageChanged();
  }

  get(blockId: BlockId): Copy | undefined {
    return this.memory.get(blockId)?.copy ?? this.profile.disk.get(blockId)?.copy;
  }

  has(blockId: BlockId, digest: string): boolean {
    return this.get(blockId)?.digest === digest;
  }

  /** What is read from disk is checked first; damaged blocks are dropped, and that is told. */
  serve(blockId: BlockId): Copy | 'missing' | 'corrupt' {
    const inMemory = this.memory.get(blockId);
    if (inMemory) return inMemory.copy;
    const stored = this.profile.disk.get(blockId);
    if (!stored) return 'missing';
    if (!isDamaged(stored.copy)) return stored.copy;
    this.evict(blockId);
    return 'corrupt';
  }

  /** Writes what waits, as far as the cap allows; the rest stays in memory. */
  write(): void {
    let room = this.profile.capBytes - this.profile.diskBytes();
    for (const [blockId, held] of this.memory) {
      if (!held.isUnwritten) continue;
      const bytes = bytesOf(held.copy);
      if (bytes > room) continue;
      room -= bytes;
      this.memory.delete(blockId);
      this.profile.disk.set(blockId, { copy: held.copy, storeId: this.storeId, owner: this });
    }
  }

  get waits(): boolean {
    for (const held of this.memory.values()) if (held.isUnwritten) return true;
    return false;
  }

  /** What it tells at the beginning of a session; what was made for others, and nobody uses, goes. */
  inventory(storeId: StoreId): Copy[] {
    this.storeId = storeId;
    this.write();
    const listed: Copy[] = [];
    for (const [blockId, stored] of this.profile.disk) {
      if (stored.storeId === storeId) listed.push(stored.copy);
      else if (stored.owner === this || stored.owner.isClosed) this.profile.disk.delete(blockId);
    }
    for (const { copy, isSpare } of this.memory.values()) if (!isSpare) listed.push(copy);
    return listed;
  }

  drop(ids: readonly BlockId[]): void {
    for (const id of ids) {
      this.memory.delete(id);
      const stored = this.profile.disk.get(id);
      if (!stored) continue;
      this.profile.disk.delete(id);
      if (stored.owner !== this && !stored.owner.isClosed) stored.owner.removedElsewhere(id);
    }
    this.#events.usageChanged();
  }

  /** Another tab of the profile removed what this one made. */
  removedElsewhere(id: BlockId): void {
    if (!this.memory.has(id)) this.#events.evicted([id]);
  }

  /** A copy goes without anyone's wish, and the tab notices. */
  evict(id: BlockId): void {
    this.memory.delete(id);
    this.profile.disk.delete(id);
    this.#events.evicted([id]);
    this.#events.usageChanged();
  }

  /** Bytes of outputs. */
  usedBytes(): number {
    let bytes = this.profile.diskBytes();
    for (const { copy } of this.memory.values()) bytes += bytesOf(copy);
    return bytes;
  }
}
