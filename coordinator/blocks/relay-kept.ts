/** The coordinator's own copies on their way to a consumer: small ones are read ahead, large ones pass piece by piece. */
import type { BlockId, Digest } from '../../shared/ids.ts';
import type { Slice } from '../../shared/plan/task.ts';
import type { Codec } from '../../shared/protocol/data.ts';

/** A kept slice whose bytes are being read. */
export interface OpenSlice {
  readonly codec: Codec;
  readonly digest: Digest;
  /** Coded bytes, all of them. */
  readonly storedBytes: number;
  /** Uncompressed bytes. */
  readonly rawBytes: number;
  /** The coded bytes in order, once; ending early closes the file. @throws BlockError */
  pieces(): AsyncIterable<Uint8Array>;
  /** Fills `target` with the coded bytes from `at` on. @throws BlockError */
  readInto(at: number, target: Uint8Array): Promise<void>;
  /** Some of the coded bytes from `at` on, which is before their end; as they lie in memory, where they do. @throws BlockError */
  some(at: number): Promise<readonly Uint8Array[]>;
  /** Where somebody else checks the bytes: resolves once they are known to be right. @throws BlockError when they are not, or won't come */
  sound?(): Promise<void>;
  /** For a slice whose pieces are not read to their end. */
  close(): Promise<void>;
}

export interface RelayBlocks {
  has(blockId: BlockId): boolean;
  /** Undefined when the block or bucket is not here (any more). @throws BlockError */
  openSlice(blockId: BlockId, bucket: number): Promise<OpenSlice | undefined>;
}

/** Slices opened ahead in one fetch. */
const AHEAD = 3;
/** And in all fetches together: each may hold one piece in memory. */
const AHEAD_OF_ALL = 24;

let aheadOfAll = 0;

export class KeptAhead {
  readonly #blocks: RelayBlocks;
  readonly #slices: readonly Slice[];
  readonly #order: readonly number[];
  readonly #ahead = new Map<number, Promise<OpenSlice | undefined>>();
  #next = 0;

  /** `order`: indices of the slices that the coordinator holds, as they will be asked for. */
  constructor(blocks: RelayBlocks, slices: readonly Slice[], order: readonly number[]) {
    this.#blocks = blocks;
    this.#slices = slices;
    this.#order = order;
  }

  /** The next slice of the order. */
  async open(index: number): Promise<OpenSlice | undefined> {
    const found = this.#ahead.get(index);
    if (found) {
      this.#ahead.delete(index);
      aheadOfAll--;
    } else this.#next = this.#order.indexOf(index, this.#next) + 1;
    const opened = found ?? this.#open(index);
    while (this.#ahead.size < AHEAD && aheadOfAll < AHEAD_OF_ALL && this.#next < this.#order.length) {
      const next = this.#order[this.#next++] ?? 0;
      const read = this.#open(next);
      // Whoever comes to the slice meets the error; until then it is nobody's.
      read.catch(() => undefined);
      this.#ahead.set(next, read);
      aheadOfAll++;
    }
    return opened;
  }

  close(): void {
    for (const opened of this.#ahead.values()) {
      aheadOfAll--;
      // It failed to open: then there is nothing to close.
      opened.then((slice) => slice?.close()).catch(() => undefined);
    }
    this.#ahead.clear();
  }

  async #open(index: number): Promise<OpenSlice | undefined> {
    const slice = this.#slices[index];
    return slice && this.#blocks.openSlice(slice.blockId, slice.bucket);
  }
}
