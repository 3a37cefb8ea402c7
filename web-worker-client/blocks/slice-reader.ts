/**
 * Single buckets out of the cache: of a record on disk only the header and the wanted ranges are read. What comes from disk is
 * checked against its digest where it is stored uncompressed (task outputs); column chunks are checked by the slot that decodes them.
 */
import {
  decodeRecordHeader,
  RECORD_PREFIX_BYTES,
  RecordError,
  type RecordHeader,
  recordHeaderBytes,
} from '../../shared/arrow/record.ts';
import { digestOf } from '../../shared/hash.ts';
import type { Codec } from '../../shared/protocol/data.ts';
import type { BlockCache, BlockMeta } from './block-cache.ts';

export interface StoredSlice {
  readonly codec: Codec;
  /** Uncompressed. */
  readonly rawBytes: number;
  /** As stored, to be read only: perhaps a view into the record. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface SliceName {
  readonly blockId: string;
  readonly bucket: number;
  readonly digest: string;
}

/** Enough for the header of most records, so that it takes one read. */
const HEADER_GUESS_BYTES = 4096;
const HEADERS_MOST = 512;

export class SliceReader {
  readonly #cache: BlockCache;
  /** By block and its digest, least recently used first. */
  readonly #headers = new Map<string, RecordHeader>();

  constructor(cache: BlockCache) {
    this.#cache = cache;
  }

  /**
   * `missing`: there is no such block or bucket here. `corrupt`: the bucket has another digest than asked for, or the block proved to
   * be damaged; a damaged block is dropped from the cache, which tells.
   */
  async read({ blockId, bucket, digest }: SliceName): Promise<StoredSlice | 'missing' | 'corrupt'> {
    const meta = this.#cache.meta(blockId);
    if (!meta) return 'missing';
    // A column chunk is one bucket, and is read whole: then memory may keep it.
    if (meta.kind === 'source') await this.#cache.read(blockId);
    const header = await this.#header(meta);
    if (typeof header === 'string') return header;
    const entry = header.buckets[bucket];
    if (!entry) return 'missing';
    if (entry.digest !== digest) return 'corrupt';
    const range = await this.#cache.readRange(blockId, entry.offset, entry.storedBytes);
    if (!range) return 'missing';
    if (range.unchecked && entry.codec === 'raw' && digestOf(range.bytes) !== digest) return this.#damaged(meta);
    return { codec: entry.codec, rawBytes: entry.bytes, bytes: range.bytes };
  }

  /** As the cache's: `kept` says that all of the block went to somebody who keeps it. */
  lend(blockId: string): (kept: boolean) => void {
    return this.#cache.lend(blockId);
  }

  async #header(meta: BlockMeta): Promise<RecordHeader | 'missing' | 'corrupt'> {
    const key = `${meta.id}/${meta.digest}`;
    const known = this.#headers.get(key);
    if (known) {
      this.#headers.delete(key);
      this.#headers.set(key, known);
      return known;
    }
    try {
      const header = await this.#readHeader(meta);
      if (!header) return 'missing';
      this.#headers.set(key, header);
      const [oldest] = this.#headers.keys();
      if (this.#headers.size > HEADERS_MOST && oldest !== undefined) this.#headers.delete(oldest);
      return header;
    } catch (error) {
      if (error instanceof RecordError) return this.#damaged(meta);
      throw error;
    }
  }

  async #readHeader({ id, bytes }: BlockMeta): Promise<RecordHeader | undefined> {
    const first = await this.#cache.readRange(id, 0, Math.min(bytes, HEADER_GUESS_BYTES));
    if (!first) return undefined;
    const length = recordHeaderBytes(first.bytes.subarray(0, RECORD_PREFIX_BYTES));
    if (length <= first.bytes.byteLength) return decodeRecordHeader(first.bytes, bytes);
    if (length > bytes) throw new RecordError('the record ends within its header');
    const whole = await this.#cache.readRange(id, 0, length);
    return whole && decodeRecordHeader(whole.bytes, bytes);
  }

  #damaged(meta: BlockMeta): 'corrupt' {
    this.#headers.delete(`${meta.id}/${meta.digest}`);
    this.#cache.dropDamaged(meta);
    return 'corrupt';
  }
}
