/** Where the built command is: benches run from dist/node, beside bin/. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

export function packageRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error('no package.json above the bench');
    folder = parent;
  }
  return folder;
}

export const builtBin = (): string => join(packageRoot(), 'bin', 'muster.mjs');

/** The thread of a headless worker's slot. */
export const slotEntry = (): string => join(packageRoot(), 'dist', 'node', 'slot-entry.js');
