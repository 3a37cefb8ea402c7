import { invariant } from '../../shared/assert.ts';

/**
 * Bytes that several parts of the relay use at the same time, in memory that is used again once all have let go of them. Whoever gets
 * one made or retained it, and releases it once.
 */
export class Held {
  readonly bytes: Uint8Array;
  readonly #giveBack: (() => void) | undefined;
  #users = 1;

  /** `giveBack`: nobody looks at the bytes any more. Without it they are left to the garbage collector. */
  constructor(bytes: Uint8Array, giveBack?: () => void) {
    this.bytes = bytes;
    this.#giveBack = giveBack;
  }

  retain(): this {
    invariant(this.#users > 0, 'bytes were retained after they were given back');
    this.#users++;
    return this;
  }

  /** Retains these bytes for others that begin or end within them; answers what those call once they are done. */
  keeper(): () => void {
    this.retain();
    return () => this.release();
  }

  release(): void {
    invariant(this.#users > 0, 'bytes were given back twice');
    if (--this.#users === 0) this.#giveBack?.();
  }
}
