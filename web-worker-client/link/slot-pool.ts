/** All slots of this worker, by index 0..n-1. */
import type { EngineAssets, Platform } from './platform.ts';
import { SlotHandle } from './slot-handle.ts';

export interface SlotPoolOptions {
  readonly platform: Pick<Platform, 'clock' | 'spawnSlot'>;
  readonly engine: EngineAssets;
  readonly memoryLimitBytes: number;
  readonly share: number;
  readonly onResidentsLost: (slot: number) => void;
}

export class SlotPool {
  readonly #options: SlotPoolOptions;
  readonly #handles: SlotHandle[] = [];
  #share: number;
  #ended = false;

  constructor(options: SlotPoolOptions) {
    this.#options = options;
    this.#share = options.share;
  }

  get(slot: number): SlotHandle | undefined {
    return this.#handles[slot];
  }

  /**
   * Goes to `slots` slots: extra ones are ended, new ones booted. Resolves with the engine's version when the first has booted (`''`
   * for no slots); the others boot meanwhile, and a task that comes early waits for its slot.
   */
  async resize(slots: number): Promise<string> {
    for (const handle of this.#handles.splice(slots)) handle.terminate();
    while (this.#handles.length < slots && !this.#ended) {
      const slot = this.#handles.length;
      const { platform, engine, memoryLimitBytes, onResidentsLost } = this.#options;
      this.#handles.push(
        new SlotHandle({
          slot,
          platform,
          engine,
          memoryLimitBytes,
          share: this.#share,
          onResidentsLost: () => onResidentsLost(slot),
        }),
      );
    }
    // A slot that fails to boot here is booted again by its next task, which then reports why it could not.
    for (const handle of this.#handles.slice(1)) handle.ready().catch(() => undefined);
    return (await this.#handles[0]?.ready()) ?? '';
  }

  setShare(share: number): void {
    this.#share = share;
    for (const handle of this.#handles) handle.setShare(share);
  }

  terminate(): void {
    this.#ended = true;
    for (const handle of this.#handles.splice(0)) handle.terminate();
  }
}
