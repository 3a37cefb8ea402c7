/** What sessions need of other rooms, as narrow faces, so that tests can stand in for them. */
import type { Accumulators } from '../../shared/guest/accumulators.ts';
import type { BlockId, Digest } from '../../shared/ids.ts';
import type { BucketInfo } from '../../shared/plan/task.ts';
import type { Codec } from '../../shared/protocol/data.ts';

/** A slice as the coordinator keeps it. */
export interface KeptSlice {
  readonly codec: Codec;
  readonly bytes: Uint8Array;
  /** Uncompressed bytes. */
  readonly rawBytes: number;
  readonly digest: Digest;
}

export interface BlockKeeper {
  has(blockId: BlockId): boolean;
  /** Undefined when the block or bucket is not (or no longer) here. */
  readSlice(blockId: BlockId, bucket: number): Promise<KeptSlice | undefined>;
  /** Keeps a verified block; one raw stream per bucket. Rejects when it can't (disk full). */
  putInline(
    blockId: BlockId,
    digest: Digest,
    buckets: readonly { readonly info: BucketInfo; readonly stream: Uint8Array }[],
    accumulators?: Accumulators,
  ): Promise<void>;
}
