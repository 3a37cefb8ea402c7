/** What a part of the build was made from: one digest over the paths and bytes of its inputs. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

const SKIPPED_FOLDERS = new Set(['node_modules', 'dist', '.git', 'out']);

/**
 * Digest of all files below `roots` (files or folders, relative to `root`; missing ones are noted as such) that `accept`
 * takes. Contents, not times: a fresh clone and a touched file are no reason to build again.
 */
export function digestOfInputs(root, roots, accept = () => true) {
  const hash = createHash('sha256');
  for (const start of roots) {
    const path = join(root, start);
    if (!existsSync(path)) {
      hash.update(`absent ${start}\n`);
      continue;
    }
    for (const file of filesBelow(path)) {
      const name = relative(root, file).split(sep).join('/');
      if (!accept(name)) continue;
      const bytes = readFileSync(file);
      hash.update(`file ${name} ${bytes.length}\n`).update(bytes);
    }
  }
  return hash.digest('hex');
}

/** Every file at or below `path`, sorted, so that the order never depends on the file system. */
export function filesBelow(path) {
  if (statSync(path).isFile()) return [path];
  const found = [];
  for (const entry of readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.isDirectory()) {
      if (!SKIPPED_FOLDERS.has(entry.name)) found.push(...filesBelow(join(path, entry.name)));
    } else if (entry.isFile()) {
      found.push(join(path, entry.name));
    }
  }
  return found;
}

/** True for what is only read by tests, so that editing a test rebuilds nothing. */
export function isTestFile(name) {
  return /\.test\.tsx?$/.test(name) || /(^|\/)testing\//.test(name) || name.endsWith('.golden.json');
}
