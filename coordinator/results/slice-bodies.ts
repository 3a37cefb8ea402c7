/**
 * The record batches of a slice that is stored or still coming, as they lie: for authors who take Arrow. As with slice-streams.ts, of a
 * large slice it is known only at its end whether it is right; its last bytes are held back until then.
 */
import type { BlockId, Digest } from '../../shared/ids.ts';
import type { CoordinatorBlocks } from '../blocks/coordinator-blocks.ts';
import type { OpenSlice } from '../blocks/relay-kept.ts';
import { StreamDigest } from '../blocks/stream-digest.ts';
import { bodyOf, type SchemaCheck } from './arrow.ts';
import { differs, isReadWhole, openResultSlice, readWhole, STREAM_BOUNDS } from './slice-streams.ts';
import { StreamBody } from './stream-body.ts';

/** `check` sees the schema message. @throws BlockError `corrupt`, or `io` when the block is not here; IpcError */
export async function* sliceBodies(
  blocks: Pick<CoordinatorBlocks, 'openEarly'>,
  blockId: BlockId,
  bucket: number,
  digest: Digest,
  check: SchemaCheck,
): AsyncGenerator<Uint8Array> {
  const { slice, what } = await openResultSlice(blocks, blockId, bucket);
  try {
    if (isReadWhole(slice, STREAM_BOUNDS)) yield bodyOf(await readWhole(slice, digest, what), check);
    else yield* passing(slice, digest, check, what);
  } finally {
    await slice.close();
  }
}

async function* passing(slice: OpenSlice, digest: Digest, check: SchemaCheck, what: string): AsyncGenerator<Uint8Array> {
  // Whoever receives a block that is still coming digests it as it comes.
  const hasher = slice.sound ? undefined : new StreamDigest();
  try {
    const body = new StreamBody(slice.storedBytes, check);
    let held: Uint8Array | undefined;
    for (let at = 0; at < slice.storedBytes; ) {
      for (const part of await slice.some(at)) {
        at += part.length;
        hasher?.update(part);
        for (const bytes of body.take(part)) {
          if (held) yield held;
          held = bytes;
        }
      }
    }
    if (hasher && hasher.digest() !== digest) throw differs(what);
    await slice.sound?.();
    body.end();
    if (held) yield held;
  } finally {
    hasher?.close();
  }
}
