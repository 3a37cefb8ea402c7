/** One build at a time in a clone: commands started together wait for the first one's build instead of repeating it. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const POLL_MS = 100;

export async function withBuildLock(root, log, work) {
  const path = join(root, 'dist', '.build-lock');
  mkdirSync(join(root, 'dist'), { recursive: true });
  let said = false;
  while (!take(path)) {
    if (!said) log('another build is running; waiting for it');
    said = true;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  try {
    return await work();
  } finally {
    if (ownerOf(path) === process.pid) rmSync(path, { force: true });
  }
}

/** Creates the lock file, or takes over one whose owner is gone. */
function take(path) {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  if (ownerLives(path)) return false;
  rmSync(path, { force: true });
  return false;
}

/** 0 where nobody has signed. */
function ownerOf(path) {
  try {
    return Number(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return 0;
    throw error;
  }
}

function ownerLives(path) {
  const pid = ownerOf(path);
  // Written a moment after it was created: an empty file has an owner who is just about to sign it.
  if (!pid) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
