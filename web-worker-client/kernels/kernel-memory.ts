/**
 * The kernel's memory: taken from bottom to top, given back all at once. It is kept from one task to the next, because fresh memory
 * costs more than the split itself; what a large task made it grow to is let go with its instance.
 */
import { newSplitKernel, type SplitExports } from './split-exports.ts';

/** The kernel itself needs nothing below; a first page that is never used catches an address of 0. */
const BOTTOM = 64 * 1024;
const PAGE = 64 * 1024;
const LARGEST = 65_536;
/** Loads and stores run over the end by at most this: 15 bytes of a vector, three chunks of BLAKE3. */
const SLACK = 4096;
const KEPT_BYTES = 192 * 1024 * 1024;

/** A task's output does not fit into the memory for splitting. */
export class SplitMemoryError extends Error {
  override name = 'SplitMemoryError';
}

export class KernelMemory {
  readonly #keptBytes: number;
  #exports: SplitExports = newSplitKernel();
  #top = BOTTOM;
  /** Memory above was never touched, and so costs nothing. */
  #highest = BOTTOM;
  /** Views of the whole memory; stale after `take`. */
  bytes = new Uint8Array(this.#exports.memory.buffer);
  words = new Uint32Array(this.#exports.memory.buffer);

  /** `keptBytes`: memory that outlives a task. */
  constructor(keptBytes = KEPT_BYTES) {
    this.#keptBytes = keptBytes;
  }

  get kernel(): SplitExports {
    return this.#exports;
  }

  /** Address of `count` bytes with any content, at a multiple of 16. Throws SplitMemoryError when memory can't grow. */
  take(count: number): number {
    const at = this.#top;
    const top = at + Math.ceil(count / 16) * 16;
    if (top + SLACK > this.bytes.length) this.#grow(top + SLACK);
    this.#top = top;
    if (top > this.#highest) this.#highest = top;
    return at;
  }

  takeZeros(count: number): number {
    const at = this.take(count);
    this.bytes.fill(0, at, at + count);
    return at;
  }

  /** Gives back what was taken at this address and everything since. */
  giveBack(at: number): void {
    this.#top = at;
  }

  #grow(needed: number): void {
    const { memory } = this.#exports;
    const held = this.bytes.length / PAGE;
    const pages = Math.min(LARGEST, Math.max(Math.ceil(needed / PAGE), Math.floor(held * 1.5)));
    const more = Math.ceil(needed / PAGE) - held;
    // A generous step may be refused where the smallest one is not.
    if (!grew(memory, pages - held) && !grew(memory, more)) {
      throw new SplitMemoryError(`The task's output is too large to be split: no room for ${Math.ceil(needed / 1048576)} MiB.`);
    }
    this.#look();
  }

  #look(): void {
    this.bytes = new Uint8Array(this.#exports.memory.buffer);
    this.words = new Uint32Array(this.#exports.memory.buffer);
  }

  /** Everything taken is given back; what grew too large is replaced. */
  reset(): void {
    this.#top = BOTTOM;
    if (this.#highest <= this.#keptBytes) return;
    this.#highest = BOTTOM;
    this.#exports = newSplitKernel();
    this.#look();
  }
}

function grew(memory: WebAssembly.Memory, pages: number): boolean {
  try {
    memory.grow(pages);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
