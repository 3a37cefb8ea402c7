/**
 * What every block store must do under the cache. It needs no test library, so that it runs in vitest and in a browser's worker alike:
 * `runBlockCacheTests(test, setup)` registers each case by name.
 */
import { invariant } from '../../../shared/assert.ts';
import { TieredCache } from '../tiered-cache.ts';
import { type CacheSetup, type Case, clock, LIMITS_OF_TESTS, type OpenCache } from './cache-case.ts';
import { KEEPING_CASES } from './keeping-cases.ts';
import { READING_CASES } from './reading-cases.ts';
import { SESSION_CASES } from './session-cases.ts';

const CASES: readonly Case[] = [...KEEPING_CASES, ...SESSION_CASES, ...READING_CASES];

export const BLOCK_CACHE_CASES: readonly string[] = CASES.map(([name]) => name);

/** Registers every case with `test`; each gets a fresh setup. */
export function runBlockCacheTests(
  test: (name: string, run: () => Promise<void>) => void,
  setup: () => Promise<CacheSetup>,
): void {
  for (const name of BLOCK_CACHE_CASES) test(name, async () => runBlockCacheCase(name, await setup()));
}

/** Rejects when the case fails. */
export async function runBlockCacheCase(name: string, setup: CacheSetup): Promise<void> {
  const run = CASES.find((c) => c[0] === name)?.[1];
  invariant(run, `no case ${name}`);
  const opened: TieredCache[] = [];
  const openCache: OpenCache = async (options = {}) => {
    const store = await setup.open();
    const cache = await TieredCache.open({ ...LIMITS_OF_TESTS, store, wallMs: clock(), owner: 'first', ...options });
    opened.push(cache);
    return cache;
  };
  try {
    await run(openCache, setup);
  } finally {
    for (const cache of opened) await cache.close();
    await setup.destroy();
  }
}
