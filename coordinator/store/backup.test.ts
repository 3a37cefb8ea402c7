import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { BlockId, DatasetVersion, Digest } from '../../shared/ids.ts';
import type { DatasetRecord } from '../catalog/types.ts';
import { backUp, restoreBackup } from './backup.ts';
import { openStore, STORE_FILE, type Store } from './open.ts';

const BLOCK = 'ab'.repeat(32) as BlockId;
let folder: string;
let data: string;
let store: Store;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'muster-backup-'));
  data = join(folder, 'data');
  store = await openStore(data);
  await store.datasets.insert(dataset('flights', BLOCK));
  putBlock(BLOCK, 'rows');
  writeFileSync(join(data, 'admin.token'), 'secret');
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

function dataset(name: string, blockId: BlockId): DatasetRecord {
  const column = { blockId, digest: 'cd'.repeat(32) as Digest, bytes: 4, storedBytes: 4, nulls: 0 };
  const columns = [{ name: 'a', type: 'INTEGER', wire: 'INTEGER' }];
  const chunks = [{ rows: 1, columns: [column as never] }];
  return {
    name,
    version: 'ef'.repeat(32) as DatasetVersion,
    owner: 'admin',
    format: 'csv',
    columns,
    rows: 1,
    bytes: 4,
    chunks,
    createdAtMs: 1,
  };
}

function putBlock(id: string, text: string): void {
  mkdirSync(join(data, 'blocks', 'chunks', id.slice(0, 2)), { recursive: true });
  writeFileSync(join(data, 'blocks', 'chunks', id.slice(0, 2), id), text);
}

test('a copy made while the coordinator runs is complete as of then, and makes an equal data directory', async () => {
  const backup = join(folder, 'backup');
  const { isRunning, files } = await backUp(data, backup);
  expect({ isRunning, files }).toEqual({ isRunning: true, files: 2 });
  await store.datasets.insert(dataset('later', BLOCK));
  const again = join(folder, 'again');
  await restoreBackup(backup, again);
  const restored = await openStore(again);
  expect((await restored.datasets.list()).map(({ name }) => name)).toEqual(['flights']);
  await restored.close();
  expect(readFileSync(join(again, 'blocks', 'chunks', 'ab', BLOCK), 'utf8')).toBe('rows');
  expect(readFileSync(join(again, 'admin.token'), 'utf8')).toBe('secret');
});

test('a directory that nobody uses is copied as well', async () => {
  await store.close();
  expect((await backUp(data, join(folder, 'backup'))).isRunning).toBe(false);
});

test('neither overwrites anything', async () => {
  const backup = join(folder, 'backup');
  await backUp(data, backup);
  await expect(backUp(data, backup)).rejects.toMatchObject({ code: 'folder-not-empty' });
  await expect(restoreBackup(backup, data)).rejects.toMatchObject({
    code: 'folder-not-empty',
    hint: expect.stringContaining('--data-dir'),
  });
});

test('a copy that would not be complete is not left behind', async () => {
  await store.datasets.insert(dataset('gone', 'cc'.repeat(32) as BlockId));
  await expect(backUp(data, join(folder, 'backup'))).rejects.toMatchObject({ code: 'backup-incomplete' });
  expect(readdirSync(folder)).toEqual(['data']);
});

test('a copy that was damaged since makes nothing', async () => {
  const backup = join(folder, 'backup');
  await backUp(data, backup);
  rmSync(join(backup, 'blocks', 'chunks', 'ab', BLOCK));
  await expect(restoreBackup(backup, join(folder, 'again'))).rejects.toMatchObject({ code: 'backup-incomplete' });
  writeFileSync(join(backup, STORE_FILE), 'no database at all, '.repeat(400));
  await expect(restoreBackup(backup, join(folder, 'again'))).rejects.toMatchObject({ code: 'store-corrupt' });
  await expect(restoreBackup(folder, join(folder, 'again'))).rejects.toMatchObject({ code: 'backup-incomplete' });
  expect(existsSync(join(folder, 'again'))).toBe(false);
});

test('says so where there is nothing to copy', async () => {
  await expect(backUp(folder, join(folder, 'backup'))).rejects.toMatchObject({ code: 'nothing-to-back-up' });
});
