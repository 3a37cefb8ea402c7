/**
 * The file of the store: looked at before it is touched, so that one which is damaged, foreign or of a newer Muster stays as it was;
 * then opened and led to this version.
 */
import { closeSync, constants, copyFileSync, mkdtempSync, openSync, readSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { messageOf, StoreError, sqliteCode } from './errors.ts';
import { MIGRATIONS, STORE_VERSION } from './schema.ts';

/** @throws StoreError; the file is then left as it was */
export function openDatabaseFile(path: string): Database.Database {
  checkStoreHeader(path);
  if ((statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0) checkAside(path);
  return openDatabase(path);
}

/** Whoever opens a file that has a log may change both, if only by closing it again: so a copy is looked at. */
function checkAside(path: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'muster-check-'));
  try {
    const aside = join(folder, 'store');
    for (const end of ['', '-wal']) copyFileSync(`${path}${end}`, `${aside}${end}`, constants.COPYFILE_FICLONE);
    checkStoreFile(aside, path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Errors name the file `named`. @throws StoreError when the file is damaged, none of ours, or of a newer Muster */
export function checkStoreFile(path: string, named = path): void {
  checkStoreHeader(path);
  let database: Database.Database | undefined;
  try {
    database = new Database(path);
    refuseNewer(named, userVersion(database));
    checkPages(database, named);
  } catch (error) {
    throw asStoreError(error, named);
  } finally {
    if (database?.open) database.close();
  }
}

/** SQLite would create tables in an empty file and complain late about a foreign one: look before it does. */
export function checkStoreHeader(path: string): void {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0) return;
  const header = Buffer.alloc(100);
  const fd = openSync(path, 'r');
  try {
    readSync(fd, header, 0, header.length, 0);
  } finally {
    closeSync(fd);
  }
  if (size < header.length || header.toString('latin1', 0, 16) !== 'SQLite format 3\0') {
    throw corrupt(path, 'it is not an SQLite database');
  }
  // The header's user_version; a newer one that still waits in the write-ahead log is seen after opening.
  refuseNewer(path, header.readUInt32BE(60));
}

function openDatabase(path: string): Database.Database {
  let database: Database.Database | undefined;
  try {
    database = new Database(path);
    const version = userVersion(database);
    refuseNewer(path, version);
    checkPages(database, path);
    // NORMAL: a killed process loses nothing; a power cut may take the last commits, never the file.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
    migrate(database, version);
    return database;
  } catch (error) {
    if (database?.open) database.close();
    throw asStoreError(error, path);
  }
}

function checkPages(database: Database.Database, path: string): void {
  const check = database.prepare('PRAGMA quick_check(1)').all() as { readonly quick_check: string }[];
  if (check[0]?.quick_check !== 'ok') throw corrupt(path, check[0]?.quick_check ?? 'its check gave no answer');
}

function userVersion(database: Database.Database): number {
  const rows = database.prepare('PRAGMA user_version').all() as { readonly user_version: number }[];
  return rows[0]?.user_version ?? 0;
}

function migrate(database: Database.Database, from: number): void {
  if (from === STORE_VERSION) return;
  database.exec('BEGIN IMMEDIATE');
  try {
    for (const step of MIGRATIONS.slice(from)) for (const statement of step) database.exec(statement);
    database.exec(`PRAGMA user_version = ${STORE_VERSION}`);
    database.exec('COMMIT');
  } catch (error) {
    if (database.inTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

function refuseNewer(path: string, version: number): void {
  if (version <= STORE_VERSION) return;
  throw new StoreError(
    'store-newer',
    `${path} was written by a newer Muster (store version ${version}; this one knows up to ${STORE_VERSION}).`,
    'Start the newer Muster again, or choose another --data-dir. The file was not changed.',
  );
}

function corrupt(path: string, why: string, cause?: unknown): StoreError {
  return new StoreError(
    'store-corrupt',
    `${path} cannot be read: ${why}.`,
    'Restore a backup (muster restore), or move it away and start again; datasets must then be registered anew. The file was not changed.',
    cause,
  );
}

function asStoreError(error: unknown, path: string): unknown {
  const code = sqliteCode(error);
  if (code === 'SQLITE_NOTADB' || code?.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_IOERR_SHORT_READ')
    return corrupt(path, messageOf(error), error);
  if (code?.startsWith('SQLITE_FULL')) {
    return new StoreError('disk-full', `No space is left for ${path}.`, 'Free some disk space and start again.', error);
  }
  if (code?.startsWith('SQLITE_READONLY') || code?.startsWith('SQLITE_CANTOPEN') || messageOf(error).includes('Unable to open')) {
    return new StoreError(
      'data-dir-not-writable',
      `${path} cannot be opened for writing: ${messageOf(error)}`,
      'Choose another one with --data-dir, or change its owner or permissions.',
      error,
    );
  }
  return error;
}
