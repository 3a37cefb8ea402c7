import { encodeRecord } from '../../shared/arrow/record.ts';
import type { Accumulators } from '../../shared/guest/accumulators.ts';
import type { BlockId, Digest } from '../../shared/ids.ts';
import type { BucketInfo } from '../../shared/plan/task.ts';
import type { BlockStore, StoredSlice } from './block-store.ts';

/** One bucket of a block: what is said of it, and its Arrow stream. */
export interface InlineBucket {
  readonly info: BucketInfo;
  readonly stream: Uint8Array;
}

interface Held {
  readonly digest: Digest;
  readonly buckets: readonly InlineBucket[];
  readonly accumulators: Accumulators | undefined;
  readonly bytes: number;
}

/**
 * Small blocks in memory, up to a cap; the oldest go to disk to make room. What cannot be spilled stays, and the new block is
 * refused: memory is bounded even when the disk is full.
 */
export class InlineTier {
  readonly #held = new Map<BlockId, Held>();
  readonly #disk: BlockStore;
  readonly #capBytes: number;
  #bytes = 0;
  /** Spills run one after the other, so that two new blocks don't push out the same old one. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(disk: BlockStore, capBytes: number) {
    this.#disk = disk;
    this.#capBytes = capBytes;
  }

  get usage(): { readonly blocks: number; readonly bytes: number; readonly capBytes: number } {
    return { blocks: this.#held.size, bytes: this.#bytes, capBytes: this.#capBytes };
  }

  has(blockId: BlockId): boolean {
    return this.#held.has(blockId);
  }

  /** @throws BlockError `disk-full` when older blocks have no other place to go; the new block is then not kept */
  put(blockId: BlockId, digest: Digest, buckets: readonly InlineBucket[], accumulators?: Accumulators): Promise<void> {
    const bytes = buckets.reduce((sum, bucket) => sum + bucket.stream.length, 0);
    const held = { digest, buckets, accumulators, bytes };
    if (this.#bytes + bytes <= this.#capBytes) {
      this.#hold(blockId, held);
      return Promise.resolve();
    }
    return this.#inTurn(async () => {
      if (bytes > this.#capBytes) {
        await this.#disk.put(blockId, recordOf(held));
        return;
      }
      await this.#makeRoom(bytes);
      this.#hold(blockId, held);
    });
  }

  readSlice(blockId: BlockId, bucket: number): StoredSlice | undefined {
    const found = this.#held.get(blockId)?.buckets[bucket];
    if (!found) return undefined;
    const { info, stream } = found;
    return { codec: 'raw', bytes: stream, rawBytes: info.bytes, rows: info.rows, digest: info.digest };
  }

  /** Moves a block to disk; does nothing when it is not held here. @throws BlockError */
  spill(blockId: BlockId): Promise<void> {
    return this.#inTurn(() => this.#spill(blockId));
  }

  drop(blockId: BlockId): void {
    const held = this.#held.get(blockId);
    if (!held) return;
    this.#held.delete(blockId);
    this.#bytes -= held.bytes;
  }

  #hold(blockId: BlockId, held: Held): void {
    this.drop(blockId);
    this.#held.set(blockId, held);
    this.#bytes += held.bytes;
  }

  async #makeRoom(bytes: number): Promise<void> {
    for (const blockId of [...this.#held.keys()]) {
      if (this.#bytes + bytes <= this.#capBytes) return;
      await this.#spill(blockId);
    }
  }

  async #spill(blockId: BlockId): Promise<void> {
    const held = this.#held.get(blockId);
    if (!held) return;
    await this.#disk.put(blockId, recordOf(held));
    // Discarded or replaced while it was written: the file is not wanted.
    if (this.#held.get(blockId) === held) this.drop(blockId);
    else await this.#disk.delete([blockId]);
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }
}

function recordOf({ buckets, accumulators }: Pick<Held, 'buckets' | 'accumulators'>): Uint8Array {
  return encodeRecord(
    buckets.map(({ info, stream }) => ({
      bytes: info.bytes,
      rows: info.rows,
      codec: 'raw' as const,
      digest: info.digest,
      coded: stream,
    })),
    accumulators,
  );
}
