/** Where the files of blocks lie: folders of the first two digits of their ids. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type BlockId, isHex64 } from '../../shared/ids.ts';

export function blockPath(dir: string, blockId: BlockId): string {
  return join(dir, blockId.slice(0, 2), blockId);
}

/** Of blocks in order, those that free `missing` bytes together and may go; fewer where there are not enough. */
export function goingFor(
  missing: number,
  sizes: ReadonlyMap<BlockId, number>,
  mayGo: (blockId: BlockId) => boolean,
): { readonly going: readonly BlockId[]; readonly bytes: number } {
  const going: BlockId[] = [];
  let bytes = 0;
  for (const [blockId, size] of sizes) {
    if (bytes >= missing) break;
    if (!mayGo(blockId)) continue;
    going.push(blockId);
    bytes += size;
  }
  return { going, bytes };
}

/** Of every block, the bytes of its file. */
export async function listBlocks(dir: string): Promise<Map<BlockId, number>> {
  const sizes = new Map<BlockId, number>();
  for (const folder of await readdir(dir)) {
    if (!/^[0-9a-f]{2}$/.test(folder)) continue;
    const names = (await readdir(join(dir, folder))).filter((name) => isHex64(name));
    const found = await Promise.all(names.map(async (name) => [name, (await stat(join(dir, folder, name))).size] as const));
    for (const [name, size] of found) sizes.set(name as BlockId, size);
  }
  return sizes;
}
