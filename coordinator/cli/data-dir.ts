/** The data directory as the command line sees it: who is running from it, and its admin token. The coordinator itself checks the rest. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from './errors.ts';

export const DEFAULT_DATA_DIR = '.muster';

/** Written by `serve` while it runs, so that other commands on this machine find it without an address. */
export interface RunningCoordinator {
  readonly pid: number;
  readonly url: string;
}

const RUNNING = 'coordinator.json';

/** The coordinator that runs from this directory, or undefined: none, or its process is gone. */
export function runningIn(dataDir: string): RunningCoordinator | undefined {
  const text = readOptional(join(dataDir, RUNNING));
  if (text === undefined) return undefined;
  try {
    const { pid, url } = JSON.parse(text) as Partial<RunningCoordinator>;
    return typeof pid === 'number' && typeof url === 'string' && isAlive(pid) ? { pid, url } : undefined;
  } catch {
    // Cut short by a crash while it was written: as good as absent.
    return undefined;
  }
}

export function announceRunning(dataDir: string, running: RunningCoordinator): void {
  writeFileSync(join(dataDir, RUNNING), `${JSON.stringify(running)}\n`);
}

export function forgetRunning(dataDir: string): void {
  rmSync(join(dataDir, RUNNING), { force: true });
}

/** MUSTER_ADMIN_TOKEN, or the one that the coordinator keeps in its data directory. */
export function adminToken(dataDir: string): string | undefined {
  return process.env.MUSTER_ADMIN_TOKEN || readOptional(join(dataDir, 'admin.token'))?.trim() || undefined;
}

function readOptional(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR' || codeOf(error) === 'EACCES') return undefined;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}
