/**
 * One build at a time in a clone: commands started together wait for the first one's build instead of repeating it. The holder
 * touches the lock file while it builds, so that a lock whose holder died or stopped is told from one that is held, also where
 * the process id went to another process or is one of another container.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const POLL_MS = 100;
const TOUCH_MS = 2_000;
/** A lock that was not touched for this long is nobody's. Longer than any step of a build that keeps its process busy. */
const STALE_MS = 60_000;
/** A build that takes longer than this hangs. */
const MOST_MS = 300_000;

/** Resolves with what `work` resolves with. Rejects when another build holds the lock for too long. */
export async function withBuildLock(root, log, work) {
  const path = join(root, 'dist', '.build-lock');
  mkdirSync(join(root, 'dist'), { recursive: true });
  const mine = `${process.pid} ${randomBytes(9).toString('hex')}`;
  await take(path, mine, log);
  const touching = setInterval(() => touch(path, mine), TOUCH_MS);
  touching.unref();
  try {
    return await work();
  } finally {
    clearInterval(touching);
    if (contentOf(path) === mine) rmSync(path, { force: true });
  }
}

async function take(path, mine, log) {
  const began = performance.now();
  let said = false;
  while (!create(path, mine)) {
    const found = contentOf(path);
    if (found === undefined) continue;
    const held = isHeld(path, found);
    if (!held) {
      setAside(path, found);
      continue;
    }
    if (performance.now() - began > MOST_MS) throw hanging(path, pidOf(found));
    if (!said) log('another build is running; waiting for it');
    said = true;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function create(path, mine) {
  try {
    writeFileSync(path, mine, { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    return false;
  }
}

function isHeld(path, content) {
  const pid = pidOf(content);
  // An empty file is one that is just being signed.
  if (pid !== 0 && !lives(pid)) return false;
  const touchedMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  return touchedMs !== undefined && Date.now() - touchedMs < STALE_MS;
}

/** Removes the lock that was looked at, and no other: somebody else may have set it aside and taken the lock meanwhile. */
function setAside(path, content) {
  const aside = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (error.code === 'ENOENT') return;
    throw error;
  }
  const taken = contentOf(aside);
  if (taken !== undefined && taken !== content) create(path, taken);
  rmSync(aside, { force: true });
}

function touch(path, mine) {
  if (contentOf(path) !== mine) return;
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
}

/** Undefined where there is no lock. */
function contentOf(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** 0 where nobody has signed. */
function pidOf(content) {
  const pid = Number.parseInt(content, 10);
  return Number.isNaN(pid) ? 0 : pid;
}

function lives(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function hanging(path, pid) {
  const who = pid === 0 ? 'Another build' : `Another build (process ${pid})`;
  return new Error(
    `${who} has not ended within ${MOST_MS / 1000} s. End that process, or delete ${path} if there is none, and try again.`,
  );
}
