/** The tab's keeper of blocks, as the link sees it. What is stored is a record (shared/arrow/record.ts), opaque here. */

/**
 * `source`: a column chunk, which the coordinator keeps too; it survives sessions, by (id, digest).
 * `output`: what a task of this session made; perhaps the only copy. Dropped when a new session begins.
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

export interface BlockCache {
  /** Readable at once; committed to disk behind the caller's back, in batches, unless it is to stay in memory. */
  put(block: NewBlock): void;
  /** The record under this id, to be read only; undefined: not here (any more). */
  read(id: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  has(id: string, digest: string): boolean;
  /** Pinned blocks are not evicted. Each `owner` holds its own set; unpin lets go of all of it. */
  pin(owner: string, ids: readonly string[]): void;
  unpin(owner: string): void;
  drop(ids: readonly string[]): void;
  dropOutputs(): void;
  /** Called with ids of outputs that the cache had to let go against its will. */
  onEvicted(listener: (ids: readonly string[]) => void): void;
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
