/**
 * The Arrow streams of a slice that is stored or still coming, verified: a small slice as it is, a large one as several streams of one
 * record batch each, so that no more than that is in memory. Of a large one it is known only at its end whether it is right; the last
 * batch is held back until then.
 */
import { END_OF_STREAM, IpcError } from '../../shared/arrow/ipc.ts';
import type { BlockId, Digest } from '../../shared/ids.ts';
import type { CoordinatorBlocks } from '../blocks/coordinator-blocks.ts';
import { BlockError } from '../blocks/errors.ts';
import type { OpenSlice } from '../blocks/relay-kept.ts';
import { StreamDigest } from '../blocks/stream-digest.ts';
import { verifySlice } from '../blocks/verify.ts';
import { bodyBytes, metadataBytes, PREFIX_BYTES } from './message-head.ts';

export interface StreamBounds {
  /** Slices up to this size are read whole. */
  readonly wholeBytes: number;
  /** A record batch beyond this is not read. */
  readonly batchBytes: number;
}

const MiB = 1024 * 1024;
export const STREAM_BOUNDS: StreamBounds = { wholeBytes: 4 * MiB, batchBytes: 1024 * MiB };

/** @throws BlockError `corrupt`, or `io` when the block is not here; IpcError */
export async function* sliceStreams(
  blocks: Pick<CoordinatorBlocks, 'openEarly'>,
  blockId: BlockId,
  bucket: number,
  digest: Digest,
  bounds: StreamBounds = STREAM_BOUNDS,
): AsyncGenerator<Uint8Array> {
  const { slice, what } = await openResultSlice(blocks, blockId, bucket);
  try {
    if (isReadWhole(slice, bounds)) yield await readWhole(slice, digest, what);
    else yield* batchStreams(slice, digest, bounds, what);
  } finally {
    await slice.close();
  }
}

/** `what`: how errors call it. @throws BlockError `io` when the block is not here */
export async function openResultSlice(
  blocks: Pick<CoordinatorBlocks, 'openEarly'>,
  blockId: BlockId,
  bucket: number,
): Promise<{ readonly slice: OpenSlice; readonly what: string }> {
  const slice = await blocks.openEarly(blockId, bucket);
  if (!slice) throw new BlockError('io', `Block ${blockId} is not on the coordinator.`);
  return { slice, what: `block ${blockId}` };
}

export function isReadWhole(slice: OpenSlice, { wholeBytes }: StreamBounds): boolean {
  return slice.codec !== 'raw' || slice.storedBytes <= wholeBytes;
}

/** The slice's Arrow stream. @throws BlockError `corrupt` */
export async function readWhole(slice: OpenSlice, digest: Digest, what: string): Promise<Uint8Array> {
  const bytes = new Uint8Array(slice.storedBytes);
  await slice.readInto(0, bytes);
  return verifySlice({ codec: slice.codec, rawBytes: slice.rawBytes, bytes, digest }, what);
}

export function differs(what: string): BlockError {
  return new BlockError('corrupt', `The bytes of ${what} are not those that its digest names.`);
}

async function* batchStreams(
  slice: OpenSlice,
  digest: Digest,
  { batchBytes }: StreamBounds,
  what: string,
): AsyncGenerator<Uint8Array> {
  // Whoever receives a block that is still coming digests it as it comes.
  const hasher = slice.sound ? undefined : new StreamDigest();
  try {
    const schema = await readMessage(slice, 0, batchBytes);
    if (!schema) throw new IpcError(`${what} is an empty stream`);
    hasher?.update(schema.bytes);
    let at = schema.bytes.length;
    let held: Uint8Array | undefined;
    for (;;) {
      // Each batch is read to where it stands in a stream of its own: after the schema, before the end.
      const message = await readMessage(slice, at, batchBytes, schema.bytes);
      if (!message) break;
      const end = message.bytes.length - END_OF_STREAM.length;
      hasher?.update(message.bytes.subarray(schema.bytes.length, end));
      at += end - schema.bytes.length;
      if (held) yield held;
      held = message.bytes;
    }
    if (hasher) {
      await hashRest(slice, at, hasher);
      if (hasher.digest() !== digest) throw differs(what);
    }
    await slice.sound?.();
    if (held) yield held;
  } finally {
    hasher?.close();
  }
}

/** The message at `at`; with `schema`, as a stream of its own. Undefined at the end of the stream. */
async function readMessage(
  slice: OpenSlice,
  at: number,
  batchBytes: number,
  schema?: Uint8Array,
): Promise<{ readonly bytes: Uint8Array } | undefined> {
  const left = slice.storedBytes - at;
  if (left < PREFIX_BYTES) return undefined;
  const prefix = new Uint8Array(PREFIX_BYTES);
  await slice.readInto(at, prefix);
  const metaBytes = metadataBytes(prefix, left - PREFIX_BYTES);
  if (metaBytes === 0) return undefined;
  const meta = new Uint8Array(metaBytes);
  await slice.readInto(at + PREFIX_BYTES, meta);
  const contentBytes = bodyBytes(meta, left - PREFIX_BYTES - metaBytes);
  if (contentBytes > batchBytes) {
    throw new IpcError(`a record batch of ${contentBytes} bytes is too large to be read; at most ${batchBytes} are`);
  }
  const before = schema?.length ?? 0;
  const after = schema ? END_OF_STREAM.length : 0;
  const bytes = new Uint8Array(before + PREFIX_BYTES + metaBytes + contentBytes + after);
  if (schema) bytes.set(schema);
  bytes.set(prefix, before);
  bytes.set(meta, before + PREFIX_BYTES);
  await slice.readInto(at + PREFIX_BYTES + metaBytes, bytes.subarray(before + PREFIX_BYTES + metaBytes, bytes.length - after));
  if (schema) bytes.set(END_OF_STREAM, bytes.length - after);
  return { bytes };
}

/** The end mark, and whatever stands after it: it belongs to the digest. */
async function hashRest(slice: OpenSlice, from: number, hasher: StreamDigest): Promise<void> {
  for (let at = from; at < slice.storedBytes; ) {
    const rest = new Uint8Array(Math.min(MiB, slice.storedBytes - at));
    await slice.readInto(at, rest);
    hasher.update(rest);
    at += rest.length;
  }
}
