/**
 * Opens muster.sqlite: everything that must survive a restart except blocks. One process owns the data directory; a killed one
 * leaves at most a write-ahead log, which the next opening replays.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Kysely } from 'kysely';
import { AcceptedStore } from './accepted.ts';
import { DatasetStore } from './datasets.ts';
import { messageOf, StoreError } from './errors.ts';
import { JobStore } from './jobs.ts';
import { JournalStore } from './journal.ts';
import { lockDataDir } from './lock.ts';
import { MetaStore } from './meta.ts';
import { ModuleStore } from './modules.ts';
import type { Tables } from './schema.ts';
import { StoreThread } from './thread-client.ts';
import { threadDialect } from './thread-dialect.ts';
import { TokenStore } from './tokens.ts';

export interface Store {
  readonly datasets: DatasetStore;
  readonly tokens: TokenStore;
  readonly jobs: JobStore;
  readonly meta: MetaStore;
  readonly modules: ModuleStore;
  readonly accepted: AcceptedStore;
  readonly journal: JournalStore;
  /** The last transaction of a process that was killed was cut short, and does not count; nobody had been told that it does. */
  readonly cutShort: boolean;
  /** Writes a copy, complete as of now, into a file that does not exist. */
  copyTo(path: string): Promise<void>;
  close(): Promise<void>;
}

export const STORE_FILE = 'muster.sqlite';

/** @throws StoreError when the directory or the file cannot be used; the file is then left as it was. */
export async function openStore(dataDir: string): Promise<Store> {
  ensureWritable(dataDir);
  const unlock = lockDataDir(dataDir);
  let thread: StoreThread;
  try {
    thread = await StoreThread.open(join(dataDir, STORE_FILE));
  } catch (error) {
    unlock();
    throw error;
  }
  const db = new Kysely<Tables>({ dialect: threadDialect(thread) });
  const journal = new JournalStore(thread);
  let closing: Promise<void> | undefined;
  return {
    datasets: new DatasetStore(db),
    tokens: new TokenStore(db),
    jobs: new JobStore(db, thread, journal),
    meta: new MetaStore(db),
    modules: new ModuleStore(db),
    accepted: new AcceptedStore(db, thread),
    journal,
    cutShort: thread.cutShort,
    copyTo(path) {
      journal.flush();
      return thread.copy(path);
    },
    close() {
      journal.stop();
      closing ??= thread.close().then(unlock);
      return closing;
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
