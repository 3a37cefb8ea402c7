/**
 * The Arrow streams of a slice that is stored or still coming, verified: a small slice as it is, a large one as several streams of one
 * record batch each, so that no more than that is in memory. Of a large one it is known only at its end whether it is right; the last
 * batch is held back until then.
 */
import { createBLAKE3, type IHasher } from 'hash-wasm';
import { FlatbufferReader } from '../../shared/arrow/flatbuffer.ts';
import { END_OF_STREAM, IpcError } from '../../shared/arrow/ipc.ts';
import type { BlockId, Digest } from '../../shared/ids.ts';
import type { CoordinatorBlocks } from '../blocks/coordinator-blocks.ts';
import { BlockError } from '../blocks/errors.ts';
import type { OpenSlice } from '../blocks/relay-kept.ts';
import { verifySlice } from '../blocks/verify.ts';

export interface StreamBounds {
  /** Slices up to this size are read whole. */
  readonly wholeBytes: number;
  /** A record batch beyond this is not read. */
  readonly batchBytes: number;
}

const MiB = 1024 * 1024;
export const STREAM_BOUNDS: StreamBounds = { wholeBytes: 4 * MiB, batchBytes: 1024 * MiB };

/** Lengths that stand before a message: a mark and the length of its metadata. */
const PREFIX_BYTES = 8;
/** Metadata grows with columns, not with rows. */
const METADATA_MOST_BYTES = 64 * MiB;

/** @throws BlockError `corrupt`, or `io` when the block is not here; IpcError */
export async function* sliceStreams(
  blocks: Pick<CoordinatorBlocks, 'openEarly'>,
  blockId: BlockId,
  bucket: number,
  digest: Digest,
  bounds: StreamBounds = STREAM_BOUNDS,
): AsyncGenerator<Uint8Array> {
  const slice = await blocks.openEarly(blockId, bucket);
  if (!slice) throw new BlockError('io', `Block ${blockId} is not on the coordinator.`);
  const what = `block ${blockId}`;
  try {
    if (slice.codec !== 'raw' || slice.storedBytes <= bounds.wholeBytes) {
      const bytes = new Uint8Array(slice.storedBytes);
      await slice.readInto(0, bytes);
      yield await verifySlice({ codec: slice.codec, rawBytes: slice.rawBytes, bytes, digest }, what);
    } else yield* batchStreams(slice, digest, bounds, what);
  } finally {
    await slice.close();
  }
}

async function* batchStreams(
  slice: OpenSlice,
  digest: Digest,
  { batchBytes }: StreamBounds,
  what: string,
): AsyncGenerator<Uint8Array> {
  // Whoever receives a block that is still coming digests it as it comes.
  const hasher = slice.sound ? undefined : (await createBLAKE3()).init();
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
    if ((hasher.digest('hex') as Digest) !== digest) {
      throw new BlockError('corrupt', `The bytes of ${what} are not those that its digest names.`);
    }
  }
  await slice.sound?.();
  if (held) yield held;
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
  const view = new DataView(prefix.buffer);
  if (view.getUint32(0, true) !== 0xffffffff) throw new IpcError('a message does not begin with the continuation mark');
  const metaBytes = view.getInt32(4, true);
  if (metaBytes === 0) return undefined;
  if (metaBytes < 0 || metaBytes > Math.min(left - PREFIX_BYTES, METADATA_MOST_BYTES))
    throw new IpcError('the stream ends within a message');
  const meta = new Uint8Array(metaBytes);
  await slice.readInto(at + PREFIX_BYTES, meta);
  const reader = new FlatbufferReader(meta);
  const bodyBytes = reader.int64(reader.root(), 3);
  if (bodyBytes < 0 || bodyBytes > left - PREFIX_BYTES - metaBytes) throw new IpcError('the stream ends within a message body');
  if (bodyBytes > batchBytes) {
    throw new IpcError(`a record batch of ${bodyBytes} bytes is too large to be read; at most ${batchBytes} are`);
  }
  const before = schema?.length ?? 0;
  const after = schema ? END_OF_STREAM.length : 0;
  const bytes = new Uint8Array(before + PREFIX_BYTES + metaBytes + bodyBytes + after);
  if (schema) bytes.set(schema);
  bytes.set(prefix, before);
  bytes.set(meta, before + PREFIX_BYTES);
  await slice.readInto(at + PREFIX_BYTES + metaBytes, bytes.subarray(before + PREFIX_BYTES + metaBytes, bytes.length - after));
  if (schema) bytes.set(END_OF_STREAM, bytes.length - after);
  return { bytes };
}

/** The end mark, and whatever stands after it: it belongs to the digest. */
async function hashRest(slice: OpenSlice, from: number, hasher: IHasher): Promise<void> {
  for (let at = from; at < slice.storedBytes; ) {
    const rest = new Uint8Array(Math.min(MiB, slice.storedBytes - at));
    await slice.readInto(at, rest);
    hasher.update(rest);
    at += rest.length;
  }
}
