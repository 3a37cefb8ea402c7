/**
 * Copies of a data directory. The database is copied by SQLite as of one moment, also while a coordinator runs; blocks are files that
 * never change, so they are copied after it, and then it is looked whether all that the database names is there.
 */
import { constants, existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import Database from 'libsql';
import type { DatasetRecord } from '../catalog/types.ts';
import type { ResultBlock } from '../core/commands.ts';
import { checkStoreFile, checkStoreHeader } from './database.ts';
import { messageOf, StoreError } from './errors.ts';
import { lockDataDir } from './lock.ts';
import { STORE_FILE } from './open.ts';

/** Written last: a copy without it is not complete. */
const MANIFEST = 'muster-backup.json';
/** What lies in a data directory and belongs into a copy; the rest is made anew. */
const FOLDERS = [join('blocks', 'chunks'), join('blocks', 'modules'), join('blocks', 'outputs')];
const TOKEN_FILES = ['admin.token', 'author.token', 'volunteer.token'];
/** Something was deleted while it was copied: the next try does not miss it. */
const TRIES = 5;
const ABREAST = 16;

export interface CopySums {
  readonly files: number;
  readonly bytes: number;
}

interface Manifest extends CopySums {
  readonly v: 1;
  readonly madeAt: string;
}

/** @throws StoreError; `target` is then as it was. `isRunning`: a coordinator uses the data directory, and goes on. */
export async function backUp(dataDir: string, target: string): Promise<CopySums & { readonly isRunning: boolean }> {
  if (!existsSync(join(dataDir, STORE_FILE))) {
    throw new StoreError(
      'nothing-to-back-up',
      `There is no store in ${dataDir}.`,
      'Name the data directory of a coordinator with --data-dir.',
    );
  }
  await refuseUsed(target, 'Choose a folder that does not exist yet.');
  const unlock = lockIfIdle(dataDir);
  const unfinished = beside(target);
  try {
    const sums = await copyAll(dataDir, unfinished);
    await rm(target, { recursive: true, force: true });
    await rename(unfinished, target);
    return { ...sums, isRunning: unlock === undefined };
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw error;
  } finally {
    unlock?.();
  }
}

/** @throws StoreError; nothing is left in `dataDir` then */
export async function restoreBackup(backup: string, dataDir: string): Promise<CopySums & { readonly madeAt: string }> {
  const manifest = await readManifest(backup);
  checkStoreFile(join(backup, STORE_FILE));
  await refuseUsed(dataDir, 'Choose another --data-dir, or move that one away first.');
  const unfinished = beside(dataDir);
  try {
    await mkdir(unfinished, { recursive: true, mode: 0o700 });
    await copyFile(join(backup, STORE_FILE), join(unfinished, STORE_FILE));
    const sums = await copyFiles(backup, unfinished);
    if (sums.files < manifest.files || sums.bytes < manifest.bytes) throw incomplete(backup, 'files of it are missing');
    await rm(dataDir, { recursive: true, force: true });
    await rename(unfinished, dataDir);
    return { ...sums, madeAt: manifest.madeAt };
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw error;
  }
}

async function copyAll(dataDir: string, target: string): Promise<CopySums> {
  for (let attempt = 1; ; attempt++) {
    await rm(target, { recursive: true, force: true });
    await mkdir(target, { recursive: true, mode: 0o700 });
    const named = copyDatabase(join(dataDir, STORE_FILE), join(target, STORE_FILE));
    const sums = await copyFiles(dataDir, target);
    const missing = named.filter(({ folder, id }) => !existsSync(join(target, 'blocks', folder, id.slice(0, 2), id)));
    if (missing.length === 0) {
      const manifest: Manifest = { v: 1, madeAt: new Date().toISOString(), ...sums };
      await writeFile(join(target, MANIFEST), `${JSON.stringify(manifest)}\n`);
      return sums;
    }
    if (attempt < TRIES) continue;
    throw new StoreError(
      'backup-incomplete',
      `${missing.length} blocks that the store in ${dataDir} names are not there, the first one ${missing[0]?.id}.`,
      'Delete the datasets that the coordinator says it has lost, or stop it, and try again.',
    );
  }
}

interface NamedBlock {
  readonly folder: 'chunks' | 'outputs';
  readonly id: string;
}

/** A copy as of one moment, and the blocks that it cannot do without. */
function copyDatabase(from: string, to: string): NamedBlock[] {
  checkStoreHeader(from);
  const source = new Database(from);
  try {
    source.prepare('VACUUM INTO ?').run(to);
  } finally {
    source.close();
  }
  checkStoreFile(to, from);
  const copy = new Database(to);
  try {
    const datasets = copy.prepare('SELECT record FROM datasets').all() as { readonly record: string }[];
    const jobs = copy.prepare('SELECT result FROM jobs WHERE expires_at_ms > ?').all(Date.now()) as { readonly result: string }[];
    const chunks = datasets.flatMap(({ record }) =>
      (JSON.parse(record) as DatasetRecord).chunks.flatMap((chunk) => chunk.columns.map(({ blockId }) => blockId)),
    );
    const known = new Set<string>(chunks);
    const outputs = jobs.flatMap(({ result }) => (JSON.parse(result) as ResultBlock[]).map(({ blockId }) => blockId));
    return [
      ...chunks.map((id) => ({ folder: 'chunks' as const, id })),
      // A result may be a part of a dataset, and lie there.
      ...outputs.filter((id) => !known.has(id)).map((id) => ({ folder: 'outputs' as const, id })),
    ];
  } finally {
    copy.close();
  }
}

/** Blocks and tokens. What is deleted meanwhile is passed over. */
async function copyFiles(from: string, to: string): Promise<CopySums> {
  const paths = TOKEN_FILES.filter((name) => existsSync(join(from, name)));
  for (const folder of FOLDERS) {
    for (const part of await listOrNothing(join(from, folder))) {
      // Two hex digits; what is still being written lies elsewhere.
      if (!/^[0-9a-f]{2}$/.test(part)) continue;
      await mkdir(join(to, folder, part), { recursive: true, mode: 0o700 });
      for (const name of await listOrNothing(join(from, folder, part))) paths.push(join(folder, part, name));
    }
  }
  let files = 0;
  let bytes = 0;
  for (let at = 0; at < paths.length; at += ABREAST) {
    const copied = await Promise.all(paths.slice(at, at + ABREAST).map((path) => copyOne(join(from, path), join(to, path))));
    for (const size of copied) {
      if (size === undefined) continue;
      files++;
      bytes += size;
    }
  }
  return { files, bytes };
}

async function copyOne(from: string, to: string): Promise<number | undefined> {
  try {
    await copyFile(from, to, constants.COPYFILE_FICLONE);
    return (await stat(to)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new StoreError(
      'backup-failed',
      `${from} could not be copied: ${messageOf(error)}`,
      'Look at free space and permissions, then try again.',
      error,
    );
  }
}

async function listOrNothing(folder: string): Promise<string[]> {
  return existsSync(folder) ? readdir(folder) : [];
}

async function readManifest(backup: string): Promise<Manifest> {
  try {
    const manifest = JSON.parse(await readFile(join(backup, MANIFEST), 'utf8')) as Manifest;
    if (manifest.v === 1) return manifest;
  } catch (error) {
    throw incomplete(backup, `its ${MANIFEST} cannot be read`, error);
  }
  throw new StoreError('store-newer', `${backup} was made by a newer Muster.`, 'Restore it with that one. It was not changed.');
}

function incomplete(backup: string, why: string, cause?: unknown): StoreError {
  return new StoreError(
    'backup-incomplete',
    `${backup} is no complete backup: ${why}.`,
    'Name a folder that `muster backup` has finished. Nothing was changed.',
    cause,
  );
}

async function refuseUsed(path: string, hint: string): Promise<void> {
  const inside = await readdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new StoreError('folder-not-empty', `${path} is not a folder that can be written to: ${messageOf(error)}`, hint, error);
  });
  if (inside.length > 0) throw new StoreError('folder-not-empty', `${path} is not empty: it is left as it is.`, hint);
}

/** Undefined when a coordinator runs there: copies are complete all the same. */
function lockIfIdle(dataDir: string): (() => void) | undefined {
  try {
    return lockDataDir(dataDir);
  } catch (error) {
    if (error instanceof StoreError && error.code === 'data-dir-in-use') return undefined;
    throw error;
  }
}

/** On the same file system, so that it is moved at once. */
function beside(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}`);
}
