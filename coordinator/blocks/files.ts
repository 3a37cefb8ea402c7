/** The few things that blocks need of the file system, so that tests can put a full disk in its place. */
import { closeSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoOf } from './errors.ts';

/** A file that is being written. Positions count from its start. */
export interface NewFile {
  /** Writes all of `parts` one after the other from `at` on. Rejects as Node's file system does (`ENOSPC`). */
  write(parts: readonly Uint8Array[], at: number): Promise<void>;
  /** Exactly `bytes` bytes from `at` on; fewer only where the file ends. */
  read(at: number, bytes: number): Promise<Buffer>;
  close(): Promise<void>;
}

/** Makes a file that was not there. */
export type CreateFile = (path: string) => Promise<NewFile>;

/** Parts that one call of the system takes; Linux and macOS allow 1024. */
const PARTS_AT_ONCE = 512;

export const createFile: CreateFile = async (path) => {
  const handle = await open(path, 'wx+', 0o600);
  return {
    async write(parts, at) {
      let position = at;
      for (let first = 0; first < parts.length; first += PARTS_AT_ONCE) {
        const some = parts.slice(first, first + PARTS_AT_ONCE);
        const { bytesWritten } = await handle.writev(some, position);
        position += bytesWritten;
        const missing = rest(some, bytesWritten);
        // A disk that fills up may take a part first and refuse the rest at the next call.
        for (const part of missing) {
          for (let done = 0; done < part.length; ) {
            const once = await handle.write(part, done, part.length - done, position);
            done += once.bytesWritten;
            position += once.bytesWritten;
          }
        }
      }
    },
    async read(at, bytes) {
      const buffer = Buffer.allocUnsafeSlow(bytes);
      let filled = 0;
      while (filled < bytes) {
        const { bytesRead } = await handle.read(buffer, filled, bytes - filled, at + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return buffer.subarray(0, filled);
    },
    close: () => handle.close(),
  };
};

/**
 * Writes a small file whole, by way of `temporary`, while the event loop waits: without a sync that is 0.1 ms, and passing it to other
 * threads four times takes longer.
 */
export function writeAtOnce(temporary: string, path: string, bytes: Uint8Array): void {
  const file = openSync(temporary, 'wx', 0o600);
  try {
    for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
  } finally {
    closeSync(file);
  }
  try {
    renameSync(temporary, path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    mkdirSync(dirname(path), { recursive: true });
    renameSync(temporary, path);
  }
}

/** What of `parts` lies beyond their first `written` bytes. */
function rest(parts: readonly Uint8Array[], written: number): readonly Uint8Array[] {
  const missing: Uint8Array[] = [];
  let at = 0;
  for (const part of parts) {
    if (at + part.length > written) missing.push(part.subarray(Math.max(0, written - at)));
    at += part.length;
  }
  return missing;
}
