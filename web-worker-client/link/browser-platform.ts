/** The link's platform in a dedicated worker of a page. */
import { wrap } from 'comlink';
import type { Clock } from '../../shared/clock.ts';
import { openBrowserStore } from '../blocks/open-browser-store.ts';
import { TieredCache } from '../blocks/tiered-cache.ts';
import type { SlotApi } from '../slots/api.ts';
import { downloadEngine } from './engine-download.ts';
import type { Platform, SpawnedSlot } from './platform.ts';
import { type WebSocketLike, wrapWebSocket } from './web-socket.ts';

export interface BrowserPlatformOptions {
  readonly engineUrl: string;
  /** Starts the script of a slot worker. */
  readonly spawn: () => Worker;
  readonly cacheMemoryBytes: number;
  readonly storeCapBytes: number;
  readonly onLog: (words: string) => void;
}

/** A worker's timers run at full rate in hidden tabs too. */
const workerClock: Clock = {
  nowMs: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, Math.min(delayMs, 2 ** 31 - 1));
    return () => clearTimeout(timer);
  },
};

const OWNER_LOCK = 'muster-outputs-';

function randomBytes(count: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(count));
}

export function browserPlatform(options: BrowserPlatformOptions): Platform {
  return {
    mode: self.isSecureContext ? 'full' : 'basic',
    clock: workerClock,
    wallMs: () => Date.now(),
    randomBytes,
    openSocket: (url, events) => wrapWebSocket(() => new WebSocket(url) as unknown as WebSocketLike, events),
    spawnSlot: (_slot, onBroken) => spawnSlot(options.spawn(), onBroken),
    loadEngine: (onProgress) => downloadEngine(options.engineUrl, onProgress),
    openBlockCache: () => openCache(options),
    ...('locks' in navigator ? { claim } : {}),
  };
}

function claim(name: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const hold = (lock: Lock | null): Promise<void> | undefined => {
      resolve(lock !== null);
      return lock === null ? undefined : new Promise(() => undefined);
    };
    // Held until the worker ends.
    navigator.locks.request(name, { ifAvailable: true }, hold).catch(reject);
  });
}

function spawnSlot(worker: Worker, onBroken: (why: string) => void): SpawnedSlot {
  worker.onerror = (event) => {
    event.preventDefault();
    onBroken(event.message || 'its script could not be loaded');
  };
  return { api: wrap<SlotApi>(worker) as unknown as SlotApi, terminate: () => worker.terminate() };
}

async function openCache(options: BrowserPlatformOptions): Promise<TieredCache> {
  const owner = Array.from(randomBytes(9), (b) => b.toString(16).padStart(2, '0')).join('');
  const alive = holdOwnerLock(owner);
  const known = { owner, ...(alive === undefined ? {} : { ownerAlive: alive }), log: options.onLog };
  return TieredCache.open({
    ...known,
    store: await openBrowserStore(known),
    memoryBytes: options.cacheMemoryBytes,
    capBytes: options.storeCapBytes,
    wallMs: () => Date.now(),
    clock: workerClock,
  });
}

/**
 * Tabs of one profile share a store, and a new one must not drop the outputs of those still at work: each holds a lock under its
 * name. Without locks (plain http) outputs of other tabs are dropped, which costs them a recompute where their memory has no copy.
 */
function holdOwnerLock(owner: string): ((other: string) => Promise<boolean>) | undefined {
  if (!('locks' in navigator)) return undefined;
  navigator.locks.request(OWNER_LOCK + owner, () => new Promise(() => undefined)).catch(() => undefined);
  return async (other) => {
    const { held } = await navigator.locks.query();
    return (held ?? []).some((lock) => lock.name === OWNER_LOCK + other);
  };
}
