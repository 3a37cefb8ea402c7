/** Memory for one message as it comes, in the kernel's. */
import { Arena } from './arena.ts';
import { Held } from './held.ts';
import { ARENA, kernelBytes, unmask } from './relay-kernel.ts';

/** Smaller messages are copied out: a run of the arena is too large for them. */
const SMALL_BYTES = 8 * 1024;

const arena = new Arena(ARENA.at, ARENA.bytes);

export function arenaUsedBytes(): number {
  return arena.usedBytes;
}

export class MessageMemory {
  readonly #mostBytes: number;
  readonly #at: number;
  readonly #bytes: Uint8Array;
  #used = 0;

  private constructor(at: number, mostBytes: number) {
    this.#mostBytes = mostBytes;
    this.#at = at;
    this.#bytes = kernelBytes(at, mostBytes);
  }

  /** For at most `mostBytes`; ends with `done()` or `drop()`. Undefined when there is no room: nothing else is that flat. */
  static take(mostBytes: number): MessageMemory | undefined {
    const at = arena.take(mostBytes);
    return at === undefined ? undefined : new MessageMemory(at, mostBytes);
  }

  get room(): number {
    return this.#mostBytes - this.#used;
  }

  /** The lowest byte of `mask` meets the first byte. */
  append(masked: Uint8Array, mask: number): void {
    this.#bytes.set(masked, this.#used);
    unmask(this.#at + this.#used, masked.byteLength, mask);
    this.#used += masked.byteLength;
  }

  /** The message is complete. */
  done(): Held {
    const at = this.#at;
    const bytes = this.#bytes.subarray(0, this.#used);
    if (this.#used < SMALL_BYTES) {
      const copy = new Uint8Array(bytes);
      arena.give(at);
      return new Held(copy);
    }
    arena.trim(at, this.#used);
    return new Held(bytes, () => arena.give(at));
  }

  drop(): void {
    arena.give(this.#at);
  }
}
