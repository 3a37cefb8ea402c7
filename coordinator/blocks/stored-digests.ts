/** What a restarted coordinator has on disk: the digests of blocks, by the headers of their records. */
import { open } from 'node:fs/promises';
import { digestOfBlock } from '../../shared/hash.ts';
import type { BlockId, Digest } from '../../shared/ids.ts';
import { blockPath } from './block-folder.ts';
import { asBlockError, BlockError } from './errors.ts';
import { findSlice } from './record-files.ts';

export interface StoredBlock {
  readonly blockId: BlockId;
  readonly digest: Digest;
}

/** Files read at once. */
const ABREAST = 32;

/** Damaged ones are left out: they are made again where they are needed. @throws BlockError `io` */
export async function storedDigests(dir: string, blockIds: readonly BlockId[]): Promise<StoredBlock[]> {
  const found: StoredBlock[] = [];
  for (let at = 0; at < blockIds.length; at += ABREAST) {
    const some = await Promise.all(blockIds.slice(at, at + ABREAST).map((blockId) => storedDigest(dir, blockId)));
    found.push(...some.filter((block) => block !== undefined));
  }
  return found;
}

async function storedDigest(dir: string, blockId: BlockId): Promise<StoredBlock | undefined> {
  const file = await open(blockPath(dir, blockId), 'r');
  try {
    const header = (await findSlice(file, blockId, 0, undefined))?.header;
    return header && { blockId, digest: digestOfBlock(header.buckets, header.accumulators) };
  } catch (error) {
    if (error instanceof BlockError && error.code === 'corrupt') return undefined;
    throw asBlockError(error, `reading block ${blockId}`);
  } finally {
    await file.close();
  }
}
