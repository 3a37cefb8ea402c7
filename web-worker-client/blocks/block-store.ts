/** The tier below the memory, where records survive: in memory (none do), in a browser (IndexedDB, OPFS), in a directory. */
import type { BlockMeta } from './block-cache.ts';

/** The store has no room: evict and try again. */
export class StoreFullError extends Error {
  override name = 'StoreFullError';
}

export interface StoredBlock {
  readonly meta: BlockMeta;
  readonly record: Uint8Array<ArrayBuffer>;
}

/** What happens to a store without its owner's doing. */
export interface StoreListener {
  /** Another tab of this profile, which has the same store, wrote or removed blocks. */
  changedElsewhere(change: { readonly added: readonly BlockMeta[]; readonly removed: readonly string[] }): void;
  /** Everything is gone, and nothing can be written any more: the user or another page deleted it. */
  lost(why: string): void;
}

export interface BlockStore {
  listen(listener: StoreListener): void;
  /** Metadata of every block that is wholly there. Called once, first. */
  load(): Promise<readonly BlockMeta[]>;
  /** The whole record; undefined where it is missing, or not of the length that its metadata says. */
  read(id: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** These bytes of the record, without reading the others; undefined where any of them is missing. */
  readRange(id: string, offset: number, length: number): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** All or none of them; throws StoreFullError when there is no room. Metadata is written last: a block without it does not exist. */
  write(blocks: readonly StoredBlock[]): Promise<void>;
  remove(ids: readonly string[]): Promise<void>;
  /** Metadata whose `lastUsed` changed. A block that is not there (any more) stays away. */
  touch(metas: readonly BlockMeta[]): Promise<void>;
  readSetting(key: string): Promise<string | undefined>;
  writeSetting(key: string, value: string): Promise<void>;
  /** Bytes that could be written on top of what is there, by what the system says; undefined where it does not say. */
  roomBytes(): Promise<number | undefined>;
  clear(): Promise<void>;
  close(): Promise<void>;
}
