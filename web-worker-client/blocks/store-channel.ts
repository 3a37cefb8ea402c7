/** How tabs of one profile tell each other what they did to the store that they share. Plain http has it too. */
import type { BlockMeta } from './block-cache.ts';

export interface StoreChange<M extends BlockMeta = BlockMeta> {
  readonly added: readonly M[];
  readonly removed: readonly string[];
}

export class StoreChannel<M extends BlockMeta> {
  readonly #channel: BroadcastChannel | undefined;

  constructor(name: string, heard: (change: StoreChange<M>) => void) {
    // Without it tabs find out when they read.
    this.#channel = 'BroadcastChannel' in globalThis ? new BroadcastChannel(name) : undefined;
    if (this.#channel) this.#channel.onmessage = (event: MessageEvent<StoreChange<M>>) => heard(event.data);
  }

  tell(change: StoreChange<M>): void {
    if (change.added.length > 0 || change.removed.length > 0) this.#channel?.postMessage(change);
  }

  close(): void {
    this.#channel?.close();
  }
}
