/**
 * Blocks that are on their way to the coordinator's disk, read behind their writers: the author of a result has its first rows while its
 * last ones still come. Nobody knows yet whether the bytes are right; `sound` tells in the end.
 */
import { open } from 'node:fs/promises';
import type { BlockId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import { openEntry } from './record-files.ts';
import type { RecordWriter } from './record-writer.ts';
import type { OpenSlice } from './relay-kept.ts';

export class Arrivals {
  readonly #writers = new Map<BlockId, RecordWriter>();
  readonly #listeners = new Set<() => void>();

  has(blockId: BlockId): boolean {
    return this.#writers.has(blockId);
  }

  /** From now on until its end. */
  begin(blockId: BlockId, writer: RecordWriter): void {
    this.#writers.set(blockId, writer);
    const over = (): void => {
      if (this.#writers.get(blockId) === writer) this.#writers.delete(blockId);
    };
    // Whoever reads the block is told how it ends.
    writer.finished().then(over, over);
    for (const listener of [...this.#listeners]) listener();
  }

  /** Called when a block begins to come; answers how to stop listening. */
  onBegin(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Undefined when it is not on its way. @throws BlockError */
  async open(blockId: BlockId, bucket: number): Promise<OpenSlice | undefined> {
    const writer = this.#writers.get(blockId);
    const line = writer?.lines[bucket];
    if (!writer || !line) return undefined;
    const offset = writer.offsetOf(bucket);
    const file = await open(writer.path, 'r').catch((error: unknown) => {
      // It was moved to its place, or given up, in between.
      if (this.#writers.get(blockId) !== writer) return undefined;
      throw error;
    });
    if (!file) return undefined;
    const slice = openEntry(file, blockId, { ...line, offset }, undefined);
    const leave = writer.readAlong();
    const end = offset + line.storedBytes;
    return {
      ...slice,
      async some(at) {
        await writer.reached(offset + at + 1);
        const inMemory = writer.inMemory(offset + at, end);
        if (inMemory.length > 0) return inMemory;
        const piece = new Uint8Array(Math.min(LIMITS.pieceBytes, Math.min(writer.written, end) - offset - at));
        await slice.readInto(at, piece);
        return [piece];
      },
      close() {
        leave();
        return slice.close();
      },
      async readInto(at, target) {
        await writer.reached(offset + at + target.length);
        await slice.readInto(at, target);
      },
      async *pieces() {
        await writer.finished();
        yield* slice.pieces();
      },
      sound: () => writer.finished(),
    };
  }
}
