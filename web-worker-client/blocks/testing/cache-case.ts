/** What the cases of the cache suite are made of. */
import { invariant } from '../../../shared/assert.ts';
import type { NewBlock } from '../block-cache.ts';
import type { BlockStore } from '../block-store.ts';
import type { TieredCache, TieredCacheOptions } from '../tiered-cache.ts';

export interface CacheSetup {
  /** Opens the store; later calls within one test open the same one again, as a later session or another tab would. */
  open(): Promise<BlockStore>;
  /** Changes a byte in the middle of the stored record. */
  damage(id: string): Promise<void>;
  /** Cuts the stored record in half. */
  truncate(id: string): Promise<void>;
  /** Deletes what is stored. */
  destroy(): Promise<void>;
}

export type OpenCache = (options?: Partial<TieredCacheOptions>) => Promise<TieredCache>;
export type Case = readonly [name: string, run: (open: OpenCache, setup: CacheSetup) => Promise<void>];

export const LIMITS_OF_TESTS = { memoryBytes: 1_000_000, capBytes: 1_000_000 };

export const id = (n: number): string => n.toString(16).padStart(64, '0');

export function block(n: number, size: number, kind: NewBlock['kind'] = 'source', digest = n): NewBlock {
  return { id: id(n), digest: id(digest), kind, record: new Uint8Array(size).fill(n) };
}

export async function expectBytes(cache: TieredCache, n: number, size: number | undefined): Promise<void> {
  const record = await cache.read(id(n));
  invariant(record?.byteLength === size, `block ${n} has ${record?.byteLength} bytes, not ${size}`);
  invariant(record === undefined || record.every((b) => b === n), `block ${n} has other bytes`);
}

export function clock(): () => number {
  let at = 0;
  return () => {
    at += 1;
    return at;
  };
}
