/** Between slices as slots and sockets carry them and records as the cache keeps them. */
import {
  decodeRecordHeader,
  encodeRecord,
  type RecordBucket,
  RecordError,
  type RecordHeader,
} from '../../shared/arrow/record.ts';
import type { BucketInfo } from '../../shared/plan/task.ts';
import type { BlockCache } from '../blocks/block-cache.ts';
import type { CodedSlice } from '../slots/api.ts';
import type { SliceName, StoredSlice } from './block-server.ts';

/** A column chunk as it came over the wire; the record copies its bytes. */
export function recordOfSource(got: CodedSlice, rows: number): Uint8Array<ArrayBuffer> {
  const { slice, codec, bytes } = got;
  return record([{ bytes: slice.bytes, rows, codec, digest: slice.digest, coded: bytes }]);
}

/** A task's output: one raw stream per bucket, copied. */
export function recordOfOutput(buckets: readonly BucketInfo[], streams: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return record(
    buckets.map(({ rows, digest }, i) => {
      const coded = streams[i] ?? new Uint8Array(0);
      return { bytes: coded.byteLength, rows, codec: 'raw', digest, coded };
    }),
  );
}

function record(buckets: readonly RecordBucket[]): Uint8Array<ArrayBuffer> {
  // It has a buffer of its own, never a shared one.
  return encodeRecord(buckets) as Uint8Array<ArrayBuffer>;
}

/** A view into the record; `corrupt` where it is damaged or the bucket has another digest. */
export function sliceOfRecord(
  bytes: Uint8Array<ArrayBuffer>,
  name: { readonly bucket: number; readonly digest: string },
): StoredSlice | 'missing' | 'corrupt' {
  let header: RecordHeader;
  try {
    header = decodeRecordHeader(bytes, bytes.byteLength);
  } catch (error) {
    if (error instanceof RecordError) return 'corrupt';
    throw error;
  }
  const bucket = header.buckets[name.bucket];
  if (!bucket) return 'missing';
  if (bucket.digest !== name.digest) return 'corrupt';
  const { codec, bytes: rawBytes, offset, storedBytes } = bucket;
  return { codec, rawBytes, bytes: bytes.subarray(offset, offset + storedBytes) };
}

export async function readStoredSlice(cache: BlockCache, name: SliceName): Promise<StoredSlice | 'missing' | 'corrupt'> {
  const bytes = await cache.read(name.blockId);
  return bytes ? sliceOfRecord(bytes, name) : 'missing';
}
