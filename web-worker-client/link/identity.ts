/** What a worker shows to be known again: its name and token, and what earlier sessions gave it. */
import type { HelloMessage } from '../../shared/protocol/session.ts';
import type { BlockCache } from '../blocks/block-cache.ts';
import type { WorkerTraits } from '../core/traits.ts';
import { helloMessage } from './hello-and-lease.ts';

const STORE_ID = 'storeId';

export class Identity {
  readonly #shown: { readonly token: string | undefined; readonly name: string | undefined };
  #workerId: string | undefined;
  #storeId: string | undefined;

  constructor(options: { readonly token?: string; readonly name?: string; readonly workerId?: string }) {
    this.#shown = { token: options.token, name: options.name };
    this.#workerId = options.workerId;
  }

  async load(cache: BlockCache): Promise<void> {
    this.#storeId = await cache.readSetting(STORE_ID);
  }

  /** The ids of a welcome; the store's is written down. Rejects when that fails: the next session then is a new store. */
  async note(ids: { readonly workerId: string; readonly storeId: string }, cache: BlockCache | undefined): Promise<void> {
    this.#workerId = ids.workerId;
    if (ids.storeId === this.#storeId) return;
    this.#storeId = ids.storeId;
    await cache?.writeSetting(STORE_ID, ids.storeId);
  }

  hello(mode: HelloMessage['mode'], engineVersion: string, traits: WorkerTraits): HelloMessage {
    return helloMessage({ ...this.#shown, storeId: this.#storeId, workerId: this.#workerId, mode, engineVersion, traits });
  }
}
