import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { StoreThread } from './thread-client.ts';

test('a thread that has ended refuses what comes later, and may be closed again', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'muster-thread-'));
  try {
    const thread = await StoreThread.open(join(dir, 'store.db'));
    expect(await thread.run([{ sql: 'SELECT 1 AS one', sets: [[]] }])).toMatchObject([{ rows: [{ one: 1 }] }]);
    await thread.close();
    await expect(thread.run([{ sql: 'SELECT 1', sets: [[]] }])).rejects.toThrow('has ended');
    await expect(thread.copy(join(dir, 'copy.db'))).rejects.toThrow('has ended');
    await thread.close();
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
