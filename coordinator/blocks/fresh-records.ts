/** Small records that were written a moment ago, as they lie on disk: whoever waits for a result reads it from here. */
import { decodeRecordHeader } from '../../shared/arrow/record.ts';
import type { BlockId } from '../../shared/ids.ts';
import type { StoredSlice } from './block-store.ts';

const BYTES_MOST = 1024 * 1024;

export class FreshRecords {
  /** The one written longest ago first. */
  readonly #records = new Map<BlockId, Uint8Array>();
  #bytes = 0;

  put(blockId: BlockId, record: Uint8Array): void {
    this.forget(blockId);
    this.#records.set(blockId, record);
    this.#bytes += record.length;
    for (const oldest of this.#records.keys()) {
      if (this.#bytes <= BYTES_MOST) break;
      this.forget(oldest);
    }
  }

  slice(blockId: BlockId, bucket: number): StoredSlice | undefined {
    const record = this.#records.get(blockId);
    const entry = record && decodeRecordHeader(record).buckets[bucket];
    if (!entry) return undefined;
    const { codec, bytes: rawBytes, rows, digest, offset, storedBytes } = entry;
    return { codec, rawBytes, rows, digest, bytes: record.subarray(offset, offset + storedBytes) };
  }

  forget(blockId: BlockId): void {
    this.#bytes -= this.#records.get(blockId)?.length ?? 0;
    this.#records.delete(blockId);
  }
}
