/**
 * One coordinator per data directory. The lock is SQLite's own, on an empty database beside the store: the operating system
 * drops it with the process, however that dies, so there is never a stale one to clean up. It is not taken on the store itself
 * because libsql finalises prepared statements, and so lets go of a closed connection's locks, only when they are collected.
 */
import { join } from 'node:path';
import Database from 'libsql';
import { StoreError, sqliteCode } from './errors.ts';

/** @returns what releases the lock. @throws StoreError `data-dir-in-use` */
export function lockDataDir(dataDir: string): () => void {
  const lock = new Database(join(dataDir, 'muster.lock'));
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    if (!sqliteCode(error)?.startsWith('SQLITE_BUSY')) throw error;
    throw new StoreError(
      'data-dir-in-use',
      `Another coordinator uses the data directory ${dataDir}.`,
      'Stop it first, or choose another --data-dir.',
      error,
    );
  }
  return () => {
    if (lock.open) lock.close();
  };
}
