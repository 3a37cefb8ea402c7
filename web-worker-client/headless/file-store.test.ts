import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runBlockCacheTests } from '../blocks/testing/cache-suite.ts';
import { FileStore } from './file-store.ts';

runBlockCacheTests(test, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'muster-store-'));
  const path = (id: string): string => join(directory, 'blocks', id);
  return {
    open: () => FileStore.open(directory),
    damage: async (id) => {
      const record = await readFile(path(id));
      await writeFile(path(id), record.with(record.length >> 1, 77));
    },
    truncate: async (id) => truncate(path(id), (await readFile(path(id))).length >> 1),
    destroy: () => rm(directory, { recursive: true }),
  };
});

test('what a crash left half done does not exist', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'muster-store-'));
  const id = '1'.padStart(64, '0');
  const store = await FileStore.open(directory);
  await store.write([{ meta: { id, digest: id, bytes: 3, kind: 'source', lastUsed: 1 }, record: new Uint8Array(3) }]);
  await writeFile(join(directory, 'blocks', '2'.padStart(64, '0')), 'no metadata');
  await writeFile(join(directory, 'meta', `${'3'.padStart(64, '0')}.json`), '{"id": "3');
  const again = await FileStore.open(directory);
  expect((await again.load()).map((meta) => meta.id)).toEqual([id]);
  expect(await again.read('2'.padStart(64, '0'))).toBeUndefined();
  await rm(directory, { recursive: true });
});
