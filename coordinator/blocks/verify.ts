import { decompress, init } from '@bokuweb/zstd-wasm';
import { loadHashes } from '../../shared/hash.ts';
import type { Digest } from '../../shared/ids.ts';
import type { Codec } from '../../shared/protocol/data.ts';
import { BlockError } from './errors.ts';
import { StreamDigest } from './stream-digest.ts';

let loaded: Promise<unknown> | undefined;

/** Call before the first `decodeSlice`; later calls cost nothing. */
export function loadCodecs(): Promise<unknown> {
  loaded ??= Promise.all([loadHashes(), init()]);
  return loaded;
}

interface Coded {
  readonly codec: Codec;
  readonly bytes: Uint8Array;
  /** Uncompressed bytes. */
  readonly rawBytes: number;
  readonly digest: Digest;
}

/** The Arrow stream of a coded slice. @throws BlockError `corrupt` when it is not the one of the digest */
export async function verifySlice(slice: Coded, what: string): Promise<Uint8Array> {
  await loadCodecs();
  let raw: Uint8Array;
  try {
    raw = slice.codec === 'raw' ? slice.bytes : decompress(slice.bytes, { defaultHeapSize: slice.rawBytes });
  } catch (error) {
    throw new BlockError('corrupt', `The bytes of ${what} cannot be decompressed.`, error);
  }
  if (raw.length !== slice.rawBytes || digestOfBytes(raw) !== slice.digest) {
    throw new BlockError('corrupt', `The bytes of ${what} are not those that its digest names.`);
  }
  return raw;
}

function digestOfBytes(bytes: Uint8Array): Digest {
  const digest = new StreamDigest();
  try {
    digest.update(bytes);
    return digest.digest();
  } finally {
    digest.close();
  }
}
