/** Between slices as slots and sockets carry them and records as the cache keeps them. */
import { encodeRecord, type RecordBucket } from '../../shared/arrow/record.ts';
import type { Accumulators } from '../../shared/guest/accumulators.ts';
import type { CodedSlice, SlotOutcome } from '../slots/api.ts';

type Output = Pick<Extract<SlotOutcome, { readonly kind: 'succeeded' }>, 'buckets' | 'streams' | 'accumulators'>;

/** A column chunk as it came over the wire; the record copies its bytes. */
export function recordOfSource(got: CodedSlice, rows: number): Uint8Array<ArrayBuffer> {
  const { slice, codec, bytes } = got;
  return record([{ bytes: slice.bytes, rows, codec, digest: slice.digest, coded: bytes }]);
}

/** A task's output: one raw stream per bucket, copied. */
export function recordOfOutput({ buckets, streams, accumulators }: Output): Uint8Array<ArrayBuffer> {
  return record(
    buckets.map(({ rows, digest }, i) => {
      const coded = streams[i] ?? new Uint8Array(0);
      return { bytes: coded.byteLength, rows, codec: 'raw', digest, coded };
    }),
    accumulators,
  );
}

function record(buckets: readonly RecordBucket[], accumulators?: Accumulators): Uint8Array<ArrayBuffer> {
  // It has a buffer of its own, never a shared one.
  return encodeRecord(buckets, accumulators) as Uint8Array<ArrayBuffer>;
}
