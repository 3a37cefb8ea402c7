import { digestOf, digestOfBlock } from '../../shared/hash.ts';
import type { SlotOutcome } from '../../shared/slots/api.ts';
import type { InlineBucket } from '../sessions/inline.ts';

type Success = Extract<SlotOutcome, { readonly kind: 'succeeded' }>;

/** The block as the coordinator keeps it, checked as a tab's is; undefined when a length or digest is not the one that was told. */
export function verifiedBuckets({ digest, buckets, streams, accumulators }: Success): readonly InlineBucket[] | undefined {
  if (digestOfBlock(buckets, accumulators) !== digest) return undefined;
  const kept: InlineBucket[] = [];
  for (const [index, info] of buckets.entries()) {
    const stream = streams[index];
    if (stream?.byteLength !== info.bytes || digestOf(stream) !== info.digest) return undefined;
    kept.push({ info, stream: stream.slice() });
  }
  return kept;
}
