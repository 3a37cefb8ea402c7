/**
 * Opens muster.sqlite: everything that must survive a restart except blocks. One process owns the data directory; a killed one
 * leaves at most a write-ahead log, which the next opening replays.
 */
import { closeSync, mkdirSync, openSync, readSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Kysely, SqliteDialect } from 'kysely';
import Database from 'libsql';
import { DatasetStore } from './datasets.ts';
import { messageOf, StoreError, sqliteCode } from './errors.ts';
import { JobStore } from './jobs.ts';
import { lockDataDir } from './lock.ts';
import { MetaStore } from './meta.ts';
import { ModuleStore } from './modules.ts';
import { MIGRATIONS, STORE_VERSION, type Tables } from './schema.ts';
import { TokenStore } from './tokens.ts';

export interface Store {
  readonly datasets: DatasetStore;
  readonly tokens: TokenStore;
  readonly jobs: JobStore;
  readonly meta: MetaStore;
  readonly modules: ModuleStore;
  close(): Promise<void>;
}

export const STORE_FILE = 'muster.sqlite';

/** @throws StoreError when the directory or the file cannot be used; the file is then left as it was. */
export async function openStore(dataDir: string): Promise<Store> {
  ensureWritable(dataDir);
  const path = join(dataDir, STORE_FILE);
  const unlock = lockDataDir(dataDir);
  let database: Database.Database;
  try {
    checkHeader(path);
    database = openDatabase(path);
  } catch (error) {
    unlock();
    throw error;
  }
  const db = new Kysely<Tables>({ dialect: new SqliteDialect({ database: async () => database }) });
  let open = true;
  return {
    datasets: new DatasetStore(db),
    tokens: new TokenStore(db),
    jobs: new JobStore(db),
    meta: new MetaStore(db),
    modules: new ModuleStore(db),
    async close() {
      if (!open) return;
      open = false;
      // The log goes back into the file, so that a copy of the file alone is complete.
      database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      // Destroying kysely closes the database only if a query was ever run; closing twice does no harm.
      await db.destroy();
      if (database.open) database.close();
      unlock();
    },
  };
}

function ensureWritable(dataDir: string): void {
  const probe = join(dataDir, `.write-probe-${process.pid}`);
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    writeFileSync(probe, '');
    rmSync(probe);
  } catch (error) {
    throw new StoreError(
      'data-dir-not-writable',
      `The data directory ${dataDir} cannot be written: ${messageOf(error)}`,
      'Choose another one with --data-dir, or change its owner or permissions.',
      error,
    );
  }
}

/** SQLite would create tables in an empty file and complain late about a foreign one: look before it does. */
function checkHeader(path: string): void {
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
    const check = database.prepare('PRAGMA quick_check(1)').all() as { readonly quick_check: string }[];
    if (check[0]?.quick_check !== 'ok') throw corrupt(path, check[0]?.quick_check ?? 'its check gave no answer');
    // NORMAL: a killed process loses nothing; a power cut may take the last commits, never the file.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
    migrate(database, version);
    return database;
  } catch (error) {
    if (database?.open) database.close();
    throw asStoreError(error, path);
  }
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
    'Restore it from a copy, or move it away and start again; datasets must then be registered anew. The file was not changed.',
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
