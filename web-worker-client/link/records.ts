/** Between slices as slots and sockets carry them and records as the cache keeps them. */
import { LIMITS } from '../../shared/limits.ts';
import type { BucketInfo } from '../../shared/plan/task.ts';
import type { Codec } from '../../shared/protocol/data.ts';
import { decodeFrame, encodeFrame } from '../../shared/protocol/frames.ts';
import type { BlockCache } from '../blocks/block-cache.ts';
import type { CodedSlice } from '../slots/api.ts';
import type { SliceName, StoredSlice } from './block-server.ts';

interface RecordBucket {
  readonly offset: number;
  readonly storedBytes: number;
  readonly bytes: number;
  readonly rows: number;
  readonly codec: Codec;
  readonly digest: string;
}

function encodeRecord(
  buckets: readonly (Omit<RecordBucket, 'offset' | 'storedBytes'> & { readonly stored: Uint8Array })[],
): Uint8Array<ArrayBuffer> {
  let offset = 0;
  const header = buckets.map(({ stored, ...rest }) => {
    const entry = { offset, storedBytes: stored.byteLength, ...rest };
    offset += stored.byteLength;
    return entry;
  });
  return encodeFrame(
    { buckets: header },
    buckets.map((b) => b.stored),
  );
}

/** A column chunk as it came over the wire. */
export function recordOfSource(got: CodedSlice, rows: number): Uint8Array<ArrayBuffer> {
  const { slice, codec, bytes } = got;
  return encodeRecord([{ bytes: slice.bytes, rows, codec, digest: slice.digest, stored: bytes }]);
}

/** A task's output: one raw stream per bucket. */
export function recordOfOutput(buckets: readonly BucketInfo[], streams: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return encodeRecord(
    streams.map((stored, i) => ({
      bytes: stored.byteLength,
      rows: buckets[i]?.rows ?? 0,
      codec: 'raw' as const,
      digest: buckets[i]?.digest ?? '',
      stored,
    })),
  );
}

/** A view into the record; `corrupt` where it is no record or the bucket has another digest. */
export function sliceOfRecord(
  record: Uint8Array<ArrayBuffer>,
  name: { readonly bucket: number; readonly digest: string },
): StoredSlice | 'missing' | 'corrupt' {
  let buckets: readonly RecordBucket[];
  let payload: Uint8Array;
  try {
    const frame = decodeFrame(record, LIMITS.sessionFrameBytes);
    buckets = (frame.header as { buckets: readonly RecordBucket[] }).buckets;
    payload = frame.payload;
  } catch {
    return 'corrupt';
  }
  const bucket = buckets[name.bucket];
  if (!bucket) return 'missing';
  if (bucket.digest !== name.digest) return 'corrupt';
  const bytes = payload.subarray(bucket.offset, bucket.offset + bucket.storedBytes);
  return { codec: bucket.codec, rawBytes: bucket.bytes, bytes };
}

export async function readStoredSlice(cache: BlockCache, name: SliceName): Promise<StoredSlice | 'missing' | 'corrupt'> {
  const record = await cache.read(name.blockId);
  return record ? sliceOfRecord(record, name) : 'missing';
}
