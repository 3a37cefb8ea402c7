/** Remembers, per part of the build, the digest of the inputs that it was last made from. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const stampPath = (root, part) => join(root, 'dist', '.stamps', `${part}.json`);

/** A part is fresh when its inputs are unchanged and everything it made still lies there. */
export function isFresh(root, part, inputs) {
  const path = stampPath(root, part);
  if (!existsSync(path)) return false;
  try {
    const stamp = JSON.parse(readFileSync(path, 'utf8'));
    return stamp.inputs === inputs && stamp.outputs.every((name) => existsSync(join(root, name)));
  } catch {
    // A stamp cut short by a killed build says nothing; building again is always right.
    return false;
  }
}

export function writeStamp(root, part, inputs, outputs) {
  const path = stampPath(root, part);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify({ inputs, outputs }, null, 1)}\n`);
}

export function forgetStamp(root, part) {
  rmSync(stampPath(root, part), { force: true });
}
