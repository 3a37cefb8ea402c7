/** The tier below the memory: where records survive. Three kinds: in memory (none), IndexedDB, files. */
import type { BlockMeta } from './block-cache.ts';

/** The store has no room: evict and try again. */
export class StoreFullError extends Error {
  override name = 'StoreFullError';
}

export interface BlockStore {
  /** Metadata of every block that is wholly there. Called once, first. */
  load(): Promise<readonly BlockMeta[]>;
  read(id: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** All or none of them; throws StoreFullError when there is no room. Metadata is written last: a block without it does not exist. */
  write(blocks: readonly { readonly meta: BlockMeta; readonly record: Uint8Array<ArrayBuffer> }[]): Promise<void>;
  remove(ids: readonly string[]): Promise<void>;
  /** Metadata whose `lastUsed` changed. */
  touch(metas: readonly BlockMeta[]): Promise<void>;
  readSetting(key: string): Promise<string | undefined>;
  writeSetting(key: string, value: string): Promise<void>;
  clear(): Promise<void>;
  close(): Promise<void>;
}
