/** Memory for one message as it comes: in the kernel's while there is room, else anywhere. */
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
  readonly #at: number | undefined;
  readonly #bytes: Uint8Array;
  #used = 0;

  /** For at most `mostBytes`. Ends with `done()` or `drop()`. */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
    this.#at = arena.take(mostBytes);
    this.#bytes = this.#at === undefined ? Buffer.allocUnsafeSlow(mostBytes) : kernelBytes(this.#at, mostBytes);
  }

  get room(): number {
    return this.#mostBytes - this.#used;
  }

  /** The lowest byte of `mask` meets the first byte. */
  append(masked: Uint8Array, mask: number): void {
    this.#bytes.set(masked, this.#used);
    if (this.#at !== undefined) unmask(this.#at + this.#used, masked.byteLength, mask);
    else unmaskPlain(this.#bytes.subarray(this.#used, this.#used + masked.byteLength), mask);
    this.#used += masked.byteLength;
  }

  /** The message is complete. */
  done(): Held {
    const at = this.#at;
    const bytes = this.#bytes.subarray(0, this.#used);
    if (at === undefined) return new Held(bytes);
    if (this.#used < SMALL_BYTES) {
      const copy = new Uint8Array(bytes);
      arena.give(at);
      return new Held(copy);
    }
    arena.trim(at, this.#used);
    return new Held(bytes, () => arena.give(at));
  }

  drop(): void {
    if (this.#at !== undefined) arena.give(this.#at);
  }
}

function unmaskPlain(bytes: Uint8Array, mask: number): void {
  for (let i = 0; i < bytes.length; i++) bytes[i] = (bytes[i] ?? 0) ^ (mask >>> ((i & 3) * 8));
}
