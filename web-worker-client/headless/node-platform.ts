/** The link's platform in Node: sockets by ws, slots as worker threads, blocks in a directory. */
/// <reference path="./comlink-node.d.ts" />
import { randomBytes } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { wrap } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { LIMITS } from '../../shared/limits.ts';
import type { BlockStore } from '../blocks/block-store.ts';
import { TieredCache } from '../blocks/tiered-cache.ts';
import type { EngineAssets, Platform, SpawnedSlot } from '../link/platform.ts';
import { wrapWebSocket } from '../link/web-socket.ts';
import type { SlotApi } from '../slots/api.ts';
import { corkedSocket } from './corked-socket.ts';
import { nodeClock } from './node-clock.ts';

export interface NodePlatformOptions {
  readonly openStore: () => Promise<BlockStore>;
  /** Script of the slot worker thread. */
  readonly slotEntry: string | URL;
  readonly engine: () => Promise<EngineAssets>;
  readonly onLog: (words: string) => void;
  /** Default: as much as a desktop browser's profile. */
  readonly storeCapBytes?: number;
}

const MEMORY_TIER_BYTES = 256 * 1024 * 1024;

export function nodePlatform(options: NodePlatformOptions): Platform {
  return {
    mode: 'headless',
    clock: nodeClock,
    wallMs: () => Date.now(),
    randomBytes: (count) => randomBytes(count),
    openSocket: (url, events) => wrapWebSocket(() => corkedSocket(url), events),
    spawnSlot: (_slot, onBroken) => spawnThread(options.slotEntry, onBroken),
    loadEngine: () => options.engine(),
    openBlockCache: async () =>
      TieredCache.open({
        store: await options.openStore(),
        memoryBytes: MEMORY_TIER_BYTES,
        capBytes: options.storeCapBytes ?? LIMITS.storeDesktopBytes,
        wallMs: () => Date.now(),
        clock: nodeClock,
        owner: randomBytes(9).toString('hex'),
        log: options.onLog,
      }),
  };
}

function spawnThread(entry: string | URL, onBroken: (why: string) => void): SpawnedSlot {
  const worker = new Worker(entry);
  let wanted = true;
  const broken = (why: string): void => {
    if (wanted) onBroken(why);
    wanted = false;
  };
  worker.on('error', (error) => broken(error.message));
  worker.on('exit', (code) => broken(`its thread ended with code ${code}`));
  const remote = wrap<SlotApi>(nodeEndpoint(worker));
  return {
    api: remote as unknown as SlotApi,
    terminate() {
      wanted = false;
      void worker.terminate();
    },
  };
}
