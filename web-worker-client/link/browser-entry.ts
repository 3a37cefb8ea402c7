/** Script of the link worker: a Link on the browser's platform, offered to the page. */
import engineUrl from '@duckdb/duckdb-wasm/dist/duckdb-eh.wasm?url';
import { expose } from 'comlink';
import type { PauseReason } from '../core/events.ts';
import type { WorkerTraits } from '../core/traits.ts';
import { browserPlatform } from './browser-platform.ts';
import { Link } from './link.ts';
import type { LinkSnapshot } from './snapshot.ts';
import type { LinkStartOptions, LinkWorkerApi } from './worker-api.ts';

class LinkWorker implements LinkWorkerApi {
  #link: Link | undefined;

  async start(
    options: LinkStartOptions,
    onChange: (snapshot: LinkSnapshot) => void,
    onLog: (words: string) => void = () => undefined,
  ): Promise<void> {
    const { url, token, name, workerId, traits, slotWorkerUrl, cacheMemoryBytes, storeCapBytes } = options;
    const link = new Link({
      platform: browserPlatform({
        engineUrl: options.engineUrl ?? new URL(engineUrl, self.location.href).href,
        spawn: () =>
          slotWorkerUrl === undefined
            ? new Worker(new URL('../slots/browser-entry.ts', import.meta.url), { type: 'module', name: 'muster slot' })
            : new Worker(slotWorkerUrl, { type: 'module', name: 'muster slot' }),
        cacheMemoryBytes,
        storeCapBytes,
        onLog,
      }),
      url,
      traits,
      ...(token === undefined ? {} : { token }),
      ...(name === undefined ? {} : { name }),
      ...(workerId === undefined ? {} : { workerId }),
      onChange,
      onLog,
    });
    this.#link = link;
    // The link tells its own failures in its snapshot and log.
    link.start().catch(() => undefined);
  }

  async pause(by: PauseReason): Promise<void> {
    this.#link?.pause(by);
  }

  async resume(by: PauseReason): Promise<void> {
    this.#link?.resume(by);
  }

  async finishThenPause(): Promise<void> {
    this.#link?.finishThenPause();
  }

  async changeTraits(traits: Partial<Omit<WorkerTraits, 'paused'>>): Promise<void> {
    this.#link?.changeTraits(traits);
  }

  async wakeUp(): Promise<void> {
    this.#link?.wakeUp();
  }

  async freeze(atMs: number): Promise<void> {
    this.#link?.freeze(atMs);
  }

  async thaw(): Promise<void> {
    this.#link?.thaw();
  }

  async leave(options: { readonly deleteBlocks: boolean; readonly handOver: boolean }): Promise<void> {
    await this.#link?.leave(options);
  }
}

expose(new LinkWorker());
