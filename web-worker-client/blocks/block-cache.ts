/** The tab's keeper of blocks, as the link sees it. What is stored is a record (shared/arrow/record.ts), opaque here. */

/**
 * `source`: a column chunk, which the coordinator keeps too: evicted when room is needed.
 * `output`: what a task made; perhaps the only copy, so that the coordinator decides when it goes. Both survive sessions, by
 * (id, digest).
 */
export type BlockKind = 'source' | 'output';

export interface BlockMeta {
  readonly id: string;
  /** Digest of the whole block; an id alone proves nothing. */
  readonly digest: string;
  /** Bytes of the record. */
  readonly bytes: number;
  readonly kind: BlockKind;
  /** Milliseconds since 1970. */
  readonly lastUsed: number;
  /** Outputs: the cache instance that made it, for tabs of one profile share a store. */
  readonly owner?: string;
  /** Outputs: this store's id at the coordinator that it was made for. */
  readonly storeId?: string;
}

export interface NewBlock {
  readonly id: string;
  readonly digest: string;
  readonly kind: BlockKind;
  /** The cache owns it from now on: nobody may change or transfer it. */
  readonly record: Uint8Array<ArrayBuffer>;
  /** Not worth a write, because somebody else has a copy: kept in memory while that has room, never stored. */
  readonly memoryOnly?: boolean;
}

export interface RangeRead {
  /** To be read only: perhaps a view into the record. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** It comes from the store as it is there: whoever trusts it must have checked its digest. */
  readonly unchecked: boolean;
}

export interface StoreUsage {
  /** Bytes of outputs that only the coordinator may drop. */
  readonly outputBytes: number;
  /** What this store should hold at most; outputs may exceed it until the coordinator has made room. */
  readonly capBytes: number;
}

/** A line of the inventory. */
export interface HeldOutput {
  readonly id: string;
  readonly digest: string;
}

export interface BlockCache {
  /**
   * The coordinator's welcome: from now on outputs are made for `storeId`, which another coordinator would not have given. Outputs
   * for another one are dropped, but for those of tabs that are at work with it right now. Resolves with the inventory: all outputs
   * that are committed (what was put so far is committed first), also those of other tabs of this profile; and those that are in memory
   * only: the coordinator may have died with its copies, and where the store is gone or full there is no other place.
   */
  beginSession(storeId: string): Promise<readonly HeldOutput[]>;
  /** Readable at once; committed to disk behind the caller's back, in batches, unless it is to stay in memory. */
  put(block: NewBlock): void;
  /** The record under this id, to be read only; undefined: not here (any more). */
  read(id: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Part of a record, without reading the rest of it; undefined: not here (any more). */
  readRange(id: string, offset: number, length: number): Promise<RangeRead | undefined>;
  meta(id: string): BlockMeta | undefined;
  has(id: string, digest: string): boolean;
  /** Pinned blocks are not evicted. Each `owner` holds its own set; unpin lets go of all of it. */
  pin(owner: string, ids: readonly string[]): void;
  unpin(owner: string): void;
  /**
   * Somebody who keeps the block reads it: it is not written meanwhile. What is answered says when that is over; with `kept`, that all
   * of it went: then it is not written at all.
   */
  lend(id: string): (kept: boolean) => void;
  /** In all tabs of this profile. */
  drop(ids: readonly string[]): void;
  /** Drops a block whose bytes are not what its digest says, unless another one is there by now; told as evicted. */
  dropDamaged(meta: BlockMeta): void;
  /** Called with ids of outputs that the cache had to let go against its will: damaged, deleted by somebody else, no room at all. */
  onEvicted(listener: (ids: readonly string[]) => void): void;
  usage(): StoreUsage;
  /** Called when usage changed by 5 % of the cap since it was told last, passed the cap in either direction, or the cap changed. */
  onUsageChanged(listener: (usage: StoreUsage) => void): void;
  /** Blocks that a later session would find. */
  committed(): readonly BlockMeta[];
  storedBytes(): number;
  /** A small text that lives as long as the store, e.g. the store's signed id. */
  readSetting(key: string): Promise<string | undefined>;
  writeSetting(key: string, value: string): Promise<void>;
  /** Resolves when everything put or dropped so far is on disk, or has failed to get there. */
  flush(): Promise<void>;
  /** Deletes all blocks and settings. */
  clear(): Promise<void>;
  close(): Promise<void>;
}
