/** What a worker shows to be known again: its name and token, and what earlier sessions gave it. */
import type { HelloMessage } from '../../shared/protocol/session.ts';
import type { BlockCache } from '../blocks/block-cache.ts';
import type { WorkerTraits } from '../core/traits.ts';
import { helloMessage } from './hello-and-lease.ts';

const STORE_ID = 'storeId';

export type Claim = (name: string) => Promise<boolean>;

export class Identity {
  readonly #shown: { readonly token: string | undefined; readonly name: string | undefined };
  #workerId: string | undefined;
  #storeId: string | undefined;
  readonly #claim: Claim;

  constructor(options: {
    readonly token?: string;
    readonly name?: string;
    readonly workerId?: string;
    readonly claim?: Claim | undefined;
  }) {
    this.#shown = { token: options.token, name: options.name };
    this.#workerId = options.workerId;
    this.#claim = options.claim ?? (async () => true);
  }

  /** A duplicated tab begins with a copy of the other's name, which is not its own. */
  async load(cache: BlockCache): Promise<void> {
    this.#storeId = await cache.readSetting(STORE_ID);
    if (this.#workerId !== undefined && !(await this.#claimed(this.#workerId))) this.#workerId = undefined;
  }

  /** Whether that is the store's name already, so that its blocks are known there. */
  isAt(storeId: string): boolean {
    return storeId === this.#storeId;
  }

  /** The next hello asks for a new one. */
  forgetWorkerId(): void {
    this.#workerId = undefined;
  }

  /** The ids of a welcome; the store's is written down. Rejects when that fails: the next session then is a new store. */
  async note(ids: { readonly workerId: string; readonly storeId: string }, cache: BlockCache | undefined): Promise<void> {
    // A new name is nobody else's yet; it is held so that it stays so.
    if (ids.workerId !== this.#workerId) void this.#claimed(ids.workerId);
    this.#workerId = ids.workerId;
    if (ids.storeId === this.#storeId) return;
    this.#storeId = ids.storeId;
    await cache?.writeSetting(STORE_ID, ids.storeId);
  }

  hello(mode: HelloMessage['mode'], engineVersion: string, traits: WorkerTraits): HelloMessage {
    return helloMessage({ ...this.#shown, storeId: this.#storeId, workerId: this.#workerId, mode, engineVersion, traits });
  }

  /** Where that fails, the coordinator finds out. */
  #claimed(workerId: string): Promise<boolean> {
    return this.#claim(`muster-worker-${workerId}`).catch(() => true);
  }
}
