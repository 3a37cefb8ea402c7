/**
 * How a block lies in a store: magic `MUSTERB1`, u32 header length (little endian), a JSON header, then the buckets' coded bytes
 * one after the other. Offsets count from the start of the record.
 */
import { type Accumulators, wrongAccumulators } from '../guest/accumulators.ts';
import type { Digest } from '../ids.ts';
import type { Codec } from '../protocol/data.ts';

/** A stored block that can't be read; the reader treats it as lost and gets it again. */
export class RecordError extends Error {
  override name = 'RecordError';
}

export interface RecordBucket {
  readonly codec: Codec;
  /** As stored. */
  readonly coded: Uint8Array;
  /** Uncompressed bytes of the stream. */
  readonly bytes: number;
  readonly rows: number;
  readonly digest: Digest;
}

export interface RecordEntry {
  /** Where the coded bytes begin in the record. */
  readonly offset: number;
  readonly storedBytes: number;
  /** Uncompressed bytes of the stream. */
  readonly bytes: number;
  readonly rows: number;
  readonly codec: Codec;
  readonly digest: Digest;
}

export interface RecordHeader {
  /** Bytes before the first bucket. */
  readonly headerBytes: number;
  readonly buckets: readonly RecordEntry[];
  /** What the guests of the task counted that made the block. */
  readonly accumulators?: Accumulators;
}

const MAGIC = 'MUSTERB1';
/** Magic and header length: read this much first, then `recordHeaderBytes` tells how much more. */
export const RECORD_PREFIX_BYTES = MAGIC.length + 4;
const HEADER_LIMIT_BYTES = 64 * 1024 * 1024;

/** What a header says of a bucket; `storedBytes` is the length of its coded bytes. */
export type RecordLine = Omit<RecordEntry, 'offset'>;

/** The record's header; the buckets' coded bytes follow it in order. */
export function encodeRecordHeader(buckets: readonly RecordLine[], accumulators?: Accumulators): Uint8Array {
  // Offsets stand relative to the payload in the JSON: the header's own length must not depend on them.
  let offset = 0;
  const entries = buckets.map(({ storedBytes, bytes, rows, codec, digest }) => {
    const entry = { offset, storedBytes, bytes, rows, codec, digest };
    offset += storedBytes;
    return entry;
  });
  const json = new TextEncoder().encode(JSON.stringify({ buckets: entries, accumulators }));
  const header = new Uint8Array(RECORD_PREFIX_BYTES + json.length);
  header.set(new TextEncoder().encode(MAGIC));
  new DataView(header.buffer).setUint32(MAGIC.length, json.length, true);
  header.set(json, RECORD_PREFIX_BYTES);
  return header;
}

/** The record as parts to be written one after the other: the first is the header, then each bucket's own bytes, uncopied. */
export function encodeRecordParts(buckets: readonly RecordBucket[], accumulators?: Accumulators): Uint8Array[] {
  const lines = buckets.map(({ coded, ...line }) => ({ ...line, storedBytes: coded.length }));
  const header = encodeRecordHeader(lines, accumulators);
  return [header, ...buckets.map((b) => b.coded)];
}

export function encodeRecord(buckets: readonly RecordBucket[], accumulators?: Accumulators): Uint8Array {
  const parts = encodeRecordParts(buckets, accumulators);
  const record = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    record.set(part, at);
    at += part.length;
  }
  return record;
}

/** Length of the whole header, from the record's first RECORD_PREFIX_BYTES. Throws RecordError. */
export function recordHeaderBytes(prefix: Uint8Array): number {
  if (prefix.length < RECORD_PREFIX_BYTES) throw new RecordError('the record ends within its header');
  for (let i = 0; i < MAGIC.length; i++) {
    if (prefix[i] !== MAGIC.charCodeAt(i)) throw new RecordError('the record does not begin with its magic bytes');
  }
  const json = new DataView(prefix.buffer, prefix.byteOffset, prefix.byteLength).getUint32(MAGIC.length, true);
  if (json > HEADER_LIMIT_BYTES) throw new RecordError('the length of the record header is out of range');
  return RECORD_PREFIX_BYTES + json;
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function checkEntry(value: unknown, headerBytes: number): RecordEntry {
  const entry = (value ?? {}) as Partial<Record<keyof RecordEntry, unknown>>;
  const { offset, storedBytes, bytes, rows, codec, digest } = entry;
  if (!isCount(offset) || !isCount(storedBytes) || !isCount(bytes) || !isCount(rows)) {
    throw new RecordError('a bucket of the record header has a number out of range');
  }
  if (codec !== 'raw' && codec !== 'zstd') throw new RecordError('a bucket of the record header has an unknown codec');
  if (typeof digest !== 'string' || !/^[0-9a-f]{64}$/.test(digest))
    throw new RecordError('a bucket of the record header has no digest');
  return { offset: headerBytes + offset, storedBytes, bytes, rows, codec, digest: digest as Digest };
}

function checkAccumulators(value: unknown): Accumulators | undefined {
  if (value === undefined) return undefined;
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  const why = isObject ? wrongAccumulators(value as Accumulators) : 'accumulators: not an object';
  if (why !== undefined) throw new RecordError(`the record header has wrong accumulators: ${why}`);
  return value as Accumulators;
}

/**
 * Reads the header of a record, or of its beginning, if that holds the whole header. With `totalBytes` (the length of the stored
 * record) it also checks that every bucket lies within it. Throws RecordError on damage.
 */
export function decodeRecordHeader(bytes: Uint8Array, totalBytes?: number): RecordHeader {
  const headerBytes = recordHeaderBytes(bytes);
  if (bytes.length < headerBytes) throw new RecordError('the record ends within its header');
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(RECORD_PREFIX_BYTES, headerBytes)));
  } catch {
    throw new RecordError('the record header is not JSON');
  }
  const { buckets: list, accumulators: counted } = (parsed ?? {}) as { buckets?: unknown; accumulators?: unknown };
  if (!Array.isArray(list)) throw new RecordError('the record header lists no buckets');
  const buckets = list.map((value) => checkEntry(value, headerBytes));
  for (const bucket of buckets) {
    if (totalBytes !== undefined && bucket.offset + bucket.storedBytes > totalBytes) {
      throw new RecordError('the record is shorter than its header says');
    }
  }
  const accumulators = checkAccumulators(counted);
  return accumulators === undefined ? { headerBytes, buckets } : { headerBytes, buckets, accumulators };
}
