/** Between slices as slots and sockets carry them and records as the cache keeps them. */
import { encodeRecord, type RecordBucket } from '../../shared/arrow/record.ts';
import type { BucketInfo } from '../../shared/plan/task.ts';
import type { CodedSlice } from '../slots/api.ts';

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
