/** Blocks that ride along in session frames: checked on the way in, packed on the way out. */
import { wrongAccumulators } from '../../shared/guest/accumulators.ts';
import { digestOf, digestOfBlock } from '../../shared/hash.ts';
import type { BlockId, Digest } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { BucketInfo, Slice, TaskSpec } from '../../shared/plan/task.ts';
import type { CoordinatorMessage, WorkerMessage } from '../../shared/protocol/session.ts';
import { ProtocolError } from './messages.ts';
import type { BlockKeeper } from './ports.ts';

type Success = Extract<WorkerMessage, { type: 'attemptSucceeded' }>;
type LeaseMessage = Extract<CoordinatorMessage, { type: 'lease' }>;

export interface InlineBucket {
  readonly info: BucketInfo;
  readonly stream: Uint8Array;
}

/** The block's digest must be the one that its buckets' digests give, with what its guests counted. Throws ProtocolError. */
export function checkBlockDigest(message: Success): void {
  const { buckets, accumulators, digest } = message;
  const why = accumulators === undefined ? undefined : wrongAccumulators(accumulators);
  if (why !== undefined) throw new ProtocolError(`attemptSucceeded: ${why}`);
  if (digestOfBlock(buckets, accumulators) !== digest) {
    throw new ProtocolError('attemptSucceeded: the block digest is not that of its buckets');
  }
}

/** One stream per bucket, each with the digest and length that the report claims. Throws ProtocolError. */
export function readInlineBlock(message: Success, payload: Uint8Array): readonly InlineBucket[] {
  if (payload.byteLength > LIMITS.inlineBlockBytes) {
    throw new ProtocolError(`inline block of ${payload.byteLength} bytes is over the limit of ${LIMITS.inlineBlockBytes}`);
  }
  const entries = new Map((message.inline ?? []).map((entry) => [entry.bucket, entry]));
  if (entries.size !== message.buckets.length || message.inline?.length !== message.buckets.length) {
    throw new ProtocolError('attemptSucceeded: an inline block has one slice per bucket');
  }
  return message.buckets.map((bucket, index) => {
    const entry = entries.get(index);
    if (!entry || entry.blockId !== message.blockId || entry.digest !== bucket.digest || entry.length !== bucket.bytes) {
      throw new ProtocolError(`attemptSucceeded: inline slice ${index} does not fit its bucket`);
    }
    const stream = payload.subarray(entry.offset, entry.offset + entry.length);
    if (stream.byteLength !== entry.length || digestOf(stream) !== entry.digest) {
      throw new ProtocolError(`attemptSucceeded: the bytes of inline slice ${index} have another digest`);
    }
    // A copy: a view would keep the whole frame alive as long as the block. Not slice(): the payload is a Buffer, whose slice is a view.
    const copy = new Uint8Array(stream);
    return { info: { rows: bucket.rows, bytes: bucket.bytes, digest: bucket.digest as Digest }, stream: copy };
  });
}

export interface PackedLease {
  readonly message: LeaseMessage;
  readonly parts: readonly Uint8Array[];
}

/**
 * The lease with those stage inputs that the coordinator holds raw and that fit. Whatever is left out the worker fetches, so
 * a slice that vanished in between is no error here.
 */
export async function packLease(
  lease: { readonly attemptId: string; readonly slot: number; readonly task: TaskSpec },
  blocks: BlockKeeper,
): Promise<PackedLease> {
  const inline: NonNullable<LeaseMessage['inline']> = [];
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const slice of stageSlices(lease.task)) {
    if (offset + slice.bytes > LIMITS.inlineLeaseBytes || !blocks.has(slice.blockId)) continue;
    const kept = await blocks.readSlice(slice.blockId, slice.bucket);
    if (kept?.codec !== 'raw' || kept.digest !== slice.digest) continue;
    inline.push({
      blockId: slice.blockId,
      bucket: slice.bucket,
      digest: slice.digest,
      offset,
      length: kept.bytes.byteLength,
    });
    parts.push(kept.bytes);
    offset += kept.bytes.byteLength;
  }
  // The task is plain JSON of exactly the message's shape; only readonly marks differ.
  const message = { type: 'lease', ...lease, ...(inline.length > 0 && { inline }) } as unknown as LeaseMessage;
  return { message, parts };
}

/** Slices of stage inputs, each once. */
function* stageSlices(task: TaskSpec): Iterable<Slice> {
  const seen = new Set<string>();
  for (const input of task.inputs) {
    if (input.kind !== 'slices') continue;
    for (const slice of input.slices) {
      const key = `${slice.blockId as BlockId}/${slice.bucket}`;
      if (slice.bytes > LIMITS.inlineBlockBytes || seen.has(key)) continue;
      seen.add(key);
      yield slice;
    }
  }
}
