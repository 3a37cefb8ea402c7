/**
 * The public face: turns the page that calls it into a worker of a grid. Call it when the volunteer has agreed, not before. The page
 * itself stays small; engine and connections live in a worker that is started here.
 */
import { proxy, type Remote, wrap } from 'comlink';
import type { TabState } from './core/view.ts';
import type { LinkSnapshot } from './link/snapshot.ts';
import type { LinkWorkerApi } from './link/worker-api.ts';
import { watchBattery } from './politeness/battery.ts';
import { readDevice } from './politeness/device.ts';
import {
  cacheMemoryBytes,
  clampShare,
  clampSlots,
  DEFAULT_SHARE,
  type Device,
  defaultSlots,
  memoryPerSlotBytes,
  storeCapBytes,
} from './politeness/policy.ts';
import { holdFreezeShield, ScreenWakeLock } from './politeness/shields.ts';

export type { CurrentTask, TabState } from './core/view.ts';
export type { LinkSnapshot as GridSnapshot } from './link/snapshot.ts';

export interface GridOptions {
  /** Where the coordinator is; default: where this page comes from. */
  readonly url?: string;
  readonly token?: string;
  /** For the dashboard, at most 80 characters. */
  readonly name?: string;
  /** Default: half the cores, at most 8; one on phones. */
  readonly slots?: number;
  /** Part of the time that each slot computes, 0..1; default 0.5. */
  readonly share?: number;
  /** Called at most four times a second; at once after a call of the handle, and when the tab pauses, leaves or loses its connection. */
  readonly onChange?: (snapshot: LinkSnapshot) => void;
  /** What happens, one line at a time, in words. */
  readonly onLog?: (words: string) => void;
  /** Scripts and engine served from elsewhere than the ones built beside this module. */
  readonly linkWorkerUrl?: string | URL;
  readonly slotWorkerUrl?: string | URL;
  readonly engineUrl?: string | URL;
}

export interface GridHandle {
  /** Within a second: what runs is handed back; blocks are still served. */
  pause(): void;
  /** Finishes what runs, takes nothing new, then pauses. */
  finishThenPause(): void;
  resume(): void;
  /**
   * Says goodbye, hands over what only this tab has (for seconds at most) and ends all workers; `deleteBlocks` also deletes what
   * this browser stored.
   */
  leave(options?: { readonly deleteBlocks?: boolean }): Promise<void>;
  setSlots(slots: number): void;
  /** 0.05..1. */
  setShare(share: number): void;
}

const LAST_WORDS_MS = 100;
const WORKER_ID = 'muster-worker-id';
const BUSY: ReadonlySet<TabState> = new Set(['idle', 'working', 'draining']);

/** Resolves once the worker is started; the engine then loads, which snapshots tell. Rejects when its script can't be loaded. */
export async function joinGrid(options: GridOptions = {}): Promise<GridHandle> {
  const device = readDevice();
  const worker = startLinkWorker(options.linkWorkerUrl);
  const page = new PageSide(device, worker, options);
  await page.start();
  return page;
}

function startLinkWorker(url: string | URL | undefined): Worker {
  return url === undefined
    ? new Worker(new URL('./link/browser-entry.ts', import.meta.url), { type: 'module', name: 'muster link' })
    : new Worker(url, { type: 'module', name: 'muster link' });
}

class PageSide implements GridHandle {
  readonly #device: Device;
  readonly #worker: Worker;
  /** Pinned for as long as the worker lives: a collected proxy would lose replies. */
  readonly #link: Remote<LinkWorkerApi>;
  readonly #options: GridOptions;
  readonly #wakeLock = new ScreenWakeLock();
  readonly #undo: (() => void)[] = [];
  #ended = false;

  constructor(device: Device, worker: Worker, options: GridOptions) {
    this.#device = device;
    this.#worker = worker;
    this.#link = wrap<LinkWorkerApi>(worker);
    this.#options = options;
  }

  async start(): Promise<void> {
    const { token, name, engineUrl, slotWorkerUrl, onLog } = this.#options;
    const device = this.#device;
    const slots = clampSlots(this.#options.slots ?? defaultSlots(device));
    const workerId = readWorkerId();
    const failed = new Promise<never>((_, reject) => {
      this.#worker.onerror = (event) =>
        reject(new Error(`The worker's script could not be loaded: ${event.message ?? 'no reason given'}`));
    });
    const started = this.#link.start(
      {
        url: this.#options.url ?? location.origin,
        traits: {
          slots,
          visibility: visibility(),
          share: clampShare(this.#options.share ?? DEFAULT_SHARE),
          memoryPerSlotBytes: memoryPerSlotBytes(device, slots),
        },
        cacheMemoryBytes: cacheMemoryBytes(device),
        storeCapBytes: storeCapBytes(device),
        ...(token === undefined ? {} : { token }),
        ...(name === undefined ? {} : { name }),
        ...(workerId === undefined ? {} : { workerId }),
        ...(engineUrl === undefined ? {} : { engineUrl: absolute(engineUrl) }),
        ...(slotWorkerUrl === undefined ? {} : { slotWorkerUrl: absolute(slotWorkerUrl) }),
      },
      proxy((snapshot: LinkSnapshot) => this.#onSnapshot(snapshot)),
      onLog && proxy((words: string) => onLog(words)),
    );
    try {
      await Promise.race([started, failed]);
    } catch (error) {
      this.#worker.terminate();
      throw error;
    }
    this.#watchPage();
  }

  pause(): void {
    this.#tell((link) => link.pause('volunteer'));
  }

  finishThenPause(): void {
    this.#tell((link) => link.finishThenPause());
  }

  resume(): void {
    this.#tell((link) => link.resume('volunteer'));
  }

  setSlots(slots: number): void {
    // Running engines keep the memory limit that they began with: it is fixed when an engine boots.
    this.#tell((link) => link.changeTraits({ slots: clampSlots(slots) }));
  }

  setShare(share: number): void {
    this.#tell((link) => link.changeTraits({ share: clampShare(share) }));
  }

  async leave(options: { readonly deleteBlocks?: boolean } = {}): Promise<void> {
    if (this.#ended) return;
    this.#unwatch();
    await this.#link.leave({ deleteBlocks: options.deleteBlocks ?? false, handOver: true });
    this.#worker.terminate();
  }

  #tell(call: (link: Remote<LinkWorkerApi>) => Promise<void>): void {
    if (this.#ended) return;
    call(this.#link).catch((error: unknown) => this.#options.onLog?.(`The worker did not answer: ${(error as Error).message}`));
  }

  #onSnapshot(snapshot: LinkSnapshot): void {
    if (snapshot.workerId !== undefined) writeWorkerId(snapshot.workerId);
    this.#wakeLock.set(BUSY.has(snapshot.state));
    if (snapshot.state === 'left') {
      // Turned away: a reload should begin anew and not claim the same worker again.
      writeWorkerId(undefined);
      this.#unwatch();
    }
    this.#options.onChange?.(snapshot);
  }

  /** Follows what the page alone can see: visibility, freezing, the network, the battery, its own end. */
  #watchPage(): void {
    const on = (target: EventTarget, type: string, listener: (event: Event) => void): void => {
      target.addEventListener(type, listener);
      this.#undo.push(() => target.removeEventListener(type, listener));
    };
    on(document, 'visibilitychange', () => {
      this.#tell((link) => link.changeTraits({ visibility: visibility() }));
      this.#tell((link) => link.wakeUp());
    });
    on(document, 'freeze', () => this.#freeze());
    on(document, 'resume', () => this.#tell((link) => link.thaw()));
    on(window, 'pageshow', () => this.#tell((link) => link.thaw()));
    on(window, 'online', () => this.#tell((link) => link.wakeUp()));
    on(window, 'pagehide', (event) => {
      // A page that the browser keeps for the back button is frozen like any other.
      if ((event as PageTransitionEvent).persisted) this.#freeze();
      // What runs is then released, not dead; a message that comes too late costs a recompute at most.
      else this.#tell((link) => link.leave({ deleteBlocks: false, handOver: false }));
    });
    this.#undo.push(
      holdFreezeShield(`muster-tab-${Math.random().toString(36).slice(2)}`),
      watchBattery((rests) => this.#tell((link) => (rests ? link.pause('battery') : link.resume('battery')))),
    );
  }

  /** Workers stop with their page as soon as this returns: the busy wait gives the link the moment that its last messages take. */
  #freeze(): void {
    this.#tell((link) => link.freeze(Date.now()));
    const untilMs = performance.now() + LAST_WORDS_MS;
    while (performance.now() < untilMs);
  }

  #unwatch(): void {
    this.#ended = true;
    this.#wakeLock.set(false);
    for (const undo of this.#undo.splice(0)) undo();
  }
}

function visibility(): 'visible' | 'hidden' {
  return document.visibilityState === 'hidden' ? 'hidden' : 'visible';
}

function absolute(url: string | URL): string {
  return new URL(url, location.href).href;
}

function readWorkerId(): string | undefined {
  try {
    return sessionStorage.getItem(WORKER_ID) ?? undefined;
  } catch {
    // Storage may be forbidden: then each load is a new worker.
    return undefined;
  }
}

function writeWorkerId(workerId: string | undefined): void {
  try {
    if (workerId === undefined) sessionStorage.removeItem(WORKER_ID);
    else sessionStorage.setItem(WORKER_ID, workerId);
  } catch {
    // As above.
  }
}
