/**
 * No-op workers: the link of every tab and headless worker, with its two WebSockets, its core, its block cache in memory and its
 * heartbeats. Only the engine is missing (noop-slot.ts).
 */
import { randomBytes } from 'node:crypto';
import { LIMITS } from '../shared/limits.ts';
import { Prng } from '../shared/prng.ts';
import type { BlockStore } from '../web-worker-client/blocks/block-store.ts';
import { MemoryStore } from '../web-worker-client/blocks/memory-store.ts';
import { TieredCache } from '../web-worker-client/blocks/tiered-cache.ts';
import { corkedSocket } from '../web-worker-client/headless/corked-socket.ts';
import { nodeClock } from '../web-worker-client/headless/node-clock.ts';
import { Link } from '../web-worker-client/link/link.ts';
import type { Platform } from '../web-worker-client/link/platform.ts';
import { wrapWebSocket } from '../web-worker-client/link/web-socket.ts';
import { NoopSlot, type Pretence } from './noop-slot.ts';

/** What each worker says when all goes well. */
const EVERYDAY = /^Joined as|: done in /;
const CACHE_BYTES = 1024 * 1024;

export interface WorkersOptions {
  readonly url: string;
  readonly workers: number;
  readonly slots: number;
  readonly pretence: Pretence;
  readonly seed: number;
  readonly log: (words: string) => void;
}

/** Resolves with the links when all have joined. Rejects when one is turned away. */
export async function joinWorkers(options: WorkersOptions): Promise<readonly Link[]> {
  const platform = noopPlatform(options);
  return Promise.all(Array.from({ length: options.workers }, () => joined(platform, options)));
}

function joined(platform: Platform, { url, slots, log }: WorkersOptions): Promise<Link> {
  return new Promise((resolve, reject) => {
    const link = new Link({
      platform,
      url,
      traits: { slots, visibility: 'headless', share: 1, memoryPerSlotBytes: LIMITS.slotMemoryBytes },
      onChange: ({ state }) => {
        if (state === 'idle' || state === 'working') resolve(link);
      },
      onLog: (words) => {
        if (!EVERYDAY.test(words)) log(words);
      },
    });
    link.stopped.then((why) => reject(new Error(why)));
    link.start().catch(reject);
  });
}

export interface NoopOptions extends Pick<WorkersOptions, 'pretence' | 'seed' | 'log'> {
  /** Default: one of its own for each link. */
  readonly store?: BlockStore;
  readonly cacheBytes?: number;
}

export function noopPlatform({ pretence, seed, log, store, cacheBytes = CACHE_BYTES }: NoopOptions): Platform {
  const random = new Prng(seed);
  const outcomes = new Map();
  return {
    mode: 'headless',
    clock: nodeClock,
    wallMs: () => Date.now(),
    randomBytes: (count) => randomBytes(count),
    openSocket: (url, events) => wrapWebSocket(() => corkedSocket(url), events),
    spawnSlot: () => ({ api: new NoopSlot(pretence, random, outcomes), terminate: () => undefined }),
    loadEngine: async () => ({ engineUrl: '' }),
    openBlockCache: () =>
      TieredCache.open({
        store: store ?? new MemoryStore(),
        memoryBytes: cacheBytes,
        capBytes: cacheBytes,
        wallMs: () => Date.now(),
        clock: nodeClock,
        owner: randomBytes(9).toString('hex'),
        log,
      }),
  };
}
