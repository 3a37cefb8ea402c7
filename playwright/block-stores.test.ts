/** Block stores where they live: IndexedDB and OPFS of real Chromium, with tabs that share them, die, and lose them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BLOCK_CACHE_CASES } from '../web-worker-client/blocks/testing/cache-suite.ts';
import { type Lab, Labs } from './lab.ts';

const NAME = 'muster.test';
const MiB = 1024 * 1024;
let labs: Labs;

beforeAll(async () => {
  labs = await Labs.start([`--host-resolver-rules=MAP ${NAME} 127.0.0.1`]);
}, 60_000);

afterAll(() => labs.close());

describe('profiles on disk', () => {
  let directory: string;
  let profile: BrowserContext;
  let lab: Lab;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'muster-profile-'));
    profile = await labs.diskProfile(directory);
    lab = await labs.tab(profile);
  }, 60_000);

  afterAll(async () => {
    await profile.close();
    rmSync(directory, { recursive: true, force: true });
  });

  describe.each(['indexedDb', 'opfs'] as const)('%s passes the suite', (records) => {
    test.each(BLOCK_CACHE_CASES)('%s', (name) => lab.do('runCase', name, records));
  });

  test('which is faster is measured once a profile; records of the other kind are found by a later browser all the same', async () => {
    const first = await labs.tab(profile);
    await first.do('open', { records: 'measured', owner: 'a' });
    await first.do('beginSession', 'st-1');
    const { recordsIn, logs } = await first.do('state');
    expect(['indexedDb', 'opfs']).toContain(recordsIn);
    expect(logs.join()).toMatch(/^Blocks go to (OPFS|IndexedDB): \d+ ms in OPFS, \d+ ms in IndexedDB\.$/);
    await first.do('put', 1, MiB, 'output');
    await first.do('writeSetting', 'recordsIn', recordsIn === 'opfs' ? 'indexedDb' : 'opfs');
    // Its tabs die with it.
    await profile.close();
    profile = await labs.diskProfile(directory);
    const second = await labs.tab(profile);
    await second.do('open', { records: 'measured', owner: 'b' });
    expect((await second.do('beginSession', 'st-1')).length).toBe(1);
    await second.do('put', 3, MiB, 'output');
    expect((await second.do('state')).logs).toEqual([]);
    expect((await second.do('state')).files.length).toBe(1);
    for (const n of [1, 3]) expect(await second.do('read', n, MiB, 1)).toBe('right');
  });
});

describe.each(['indexedDb', 'opfs'] as const)('faults of %s', (records) => {
  test('a block that is damaged on disk is found by its digest, dropped and told; others are served', async () => {
    const tab = await labs.tab(await labs.profile());
    await tab.do('open', { records, owner: 'a' });
    await tab.do('beginSession', 'st-1');
    for (const n of [1, 3]) await tab.do('put', n, MiB, 'output');
    await tab.do('damage', 1);
    const read = [await tab.do('read', 1, MiB, 0), await tab.do('read', 1, MiB, 1)];
    expect(read).toContain('corrupt');
    expect(read).not.toContain('wrong');
    expect(await tab.do('read', 3, MiB, 1)).toBe('right');
    const state = await tab.do('state');
    expect(state.evicted).toEqual([1]);
    expect(state.committed).toEqual([3]);
    expect((await tab.do('beginSession', 'st-1')).length).toBe(1);
  });

  test('a block that was cut short on disk is missing, and told', async () => {
    const profile = await labs.profile();
    const before = await labs.tab(profile);
    await before.do('open', { records, owner: 'a' });
    await before.do('beginSession', 'st-1');
    await before.do('put', 1, MiB, 'output');
    await before.kill();
    const tab = await labs.tab(profile);
    await tab.do('truncate', 1);
    await tab.do('open', { records, owner: 'b' });
    expect((await tab.do('beginSession', 'st-1')).length).toBe(1);
    expect(await tab.do('read', 1, MiB, 1)).toBe('missing');
    expect((await tab.do('state')).evicted).toEqual([1]);
  });

  test('when the quota is used up, sources make way; outputs stay in memory, none is lost, and the cap says so', async () => {
    const profile = await labs.profile();
    const tab = await labs.tab(profile);
    const devTools = await profile.newCDPSession(tab.page);
    const origin = `http://127.0.0.1:${labs.port}`;
    await devTools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 5 * MiB });
    await tab.do('open', { records, owner: 'a', memoryBytes: 64 * MiB });
    await tab.do('beginSession', 'st-1');
    await tab.do('put', 1, MiB, 'source');
    for (const n of [3, 5, 7]) await tab.do('put', n, MiB, 'output');
    for (const n of [3, 5, 7]) expect(await tab.do('read', n, MiB, 1)).toBe('right');
    const full = await tab.do('state');
    expect(full.evicted).toEqual([]);
    // IndexedDB does not give back the room of what was removed at once.
    expect([[3], [3, 5]]).toContainEqual(full.committed);
    expect(full.logs.join()).toMatch(/Blocks stay in memory only: the browser gives no more room/);
    expect(full.usage.capBytes).toBeLessThan(full.usage.outputBytes);
    expect(full.usages.at(-1)).toEqual(full.usage);
    await devTools.send('Storage.overrideQuotaForOrigin', { origin });
    await tab.do('drop', 3);
    expect(new Set((await tab.do('state')).committed)).toEqual(new Set([5, 7]));
  });

  test('a database that another page deletes: what is in memory is kept, the rest is told, new blocks are taken', async () => {
    const profile = await labs.profile();
    const tab = await labs.tab(profile);
    await tab.do('open', { records, owner: 'a', memoryBytes: 3 * MiB });
    await tab.do('beginSession', 'st-1');
    for (const n of [1, 3]) await tab.do('put', n, MiB, 'output');
    const other = await labs.tab(profile);
    await other.page.evaluate(
      () =>
        new Promise<void>((done, failed) => {
          const request = indexedDB.deleteDatabase('muster-lab');
          request.onsuccess = () => done();
          request.onerror = () => failed(request.error);
        }),
    );
    await tab.do('put', 5, 1000, 'output');
    expect(await tab.do('read', 1, MiB, 0)).toBe('missing');
    expect(await tab.do('read', 3, MiB, 1)).toBe('right');
    expect(await tab.do('read', 5, 1000, 1)).toBe('right');
    const state = await tab.do('state');
    expect(state.evicted).toEqual([1]);
    expect(state.committed).toEqual([]);
    expect(state.usage.capBytes).toBe(3 * MiB);
    expect((await tab.do('beginSession', 'st-1')).length).toBe(2);
    await tab.do('close');
  });

  test('site data cleared by the user: the same', async () => {
    const profile = await labs.profile();
    const tab = await labs.tab(profile);
    await tab.do('open', { records, owner: 'a', memoryBytes: MiB });
    await tab.do('beginSession', 'st-1');
    await tab.do('put', 1, MiB, 'output');
    const devTools = await profile.newCDPSession(tab.page);
    await devTools.send('Storage.clearDataForOrigin', { origin: `http://127.0.0.1:${labs.port}`, storageTypes: 'all' });
    expect(await tab.do('read', 1, MiB, 0)).toBe('missing');
    await tab.do('put', 3, 1000, 'output');
    expect(await tab.do('read', 3, 1000, 0)).toBe('right');
    expect((await tab.do('state')).evicted).toEqual([1]);
  });

  test('a tab killed between its report and the commit: the next one does not list the block, and nothing of it stays', async () => {
    const profile = await labs.profile();
    const tab = await labs.tab(profile);
    await tab.do('open', { records, owner: 'a', alive: [] });
    await tab.do('beginSession', 'st-1');
    await tab.do('put', 1, MiB, 'output');
    await tab.do('leaveFile', `${'2'.padStart(64, '0')}-a-9`);
    await tab.kill();
    const next = await labs.tab(profile);
    await next.do('open', { records, owner: 'b', alive: [] });
    expect((await next.do('beginSession', 'st-1')).length).toBe(1);
    expect(await next.do('read', 1, MiB, 1)).toBe('right');
    expect((await next.do('state')).files.length).toBe(records === 'opfs' ? 1 : 0);
  });

  test('two tabs of one profile have one store: both list and serve, and both know when a block goes', async () => {
    const profile = await labs.profile();
    const [a, b] = [await labs.tab(profile), await labs.tab(profile)];
    await a.do('open', { records, owner: 'a', alive: ['a', 'b'] });
    await b.do('open', { records, owner: 'b', alive: ['a', 'b'] });
    for (const tab of [a, b]) await tab.do('beginSession', 'st-1');
    await a.do('put', 1, MiB, 'output');
    await b.do('put', 3, MiB, 'output');
    for (const tab of [a, b]) {
      await expect.poll(async () => (await tab.do('state')).committed.toSorted()).toEqual([1, 3]);
      for (const n of [1, 3]) expect(await tab.do('read', n, MiB, 1)).toBe('right');
      expect((await tab.do('beginSession', 'st-1')).length).toBe(2);
    }
    await b.do('drop', 1);
    await expect.poll(async () => (await a.do('state')).committed).toEqual([3]);
    expect(await a.do('read', 1, MiB, 0)).toBe('missing');
    // Both had it open.
    if (records === 'opfs') await expect.poll(async () => (await a.do('state')).files.length).toBe(1);
    await a.kill();
    expect(await b.do('read', 3, MiB, 0)).toBe('right');
  });
});

test('on plain http, without OPFS, blocks go to IndexedDB', async () => {
  const plain = await labs.tab(await labs.profile(), NAME);
  await plain.do('open', { records: 'measured', owner: 'a' });
  await plain.do('beginSession', 'st-1');
  await plain.do('put', 1, MiB, 'output');
  expect(await plain.do('read', 1, MiB, 1)).toBe('right');
  const state = await plain.do('state');
  expect([state.committed, state.recordsIn, state.logs]).toEqual([[1], undefined, []]);
});

test('where OPFS fails, as with a folder that was deleted, blocks go to IndexedDB from then on', async () => {
  const tab = await labs.tab(await labs.profile());
  await tab.do('open', { records: 'opfs', owner: 'a' });
  await tab.do('beginSession', 'st-1');
  await tab.do('put', 1, MiB, 'output');
  await tab.do('deleteFolder');
  await tab.do('put', 3, MiB, 'output');
  expect(await tab.do('read', 3, MiB, 1)).toBe('right');
  expect(await tab.do('read', 1, MiB, 1)).toBe('missing');
  const state = await tab.do('state');
  expect(state.committed).toEqual([3]);
  expect(state.evicted).toEqual([1]);
  expect(state.logs.join()).toMatch(/^Blocks go to IndexedDB from now on, since OPFS failed: /);
});

test('a file that another tab has locked is read all the same, and leaves when its block is dropped and the lock is gone', async () => {
  const profile = await labs.profile();
  const [a, b] = [await labs.tab(profile), await labs.tab(profile)];
  const known = { records: 'opfs', alive: [] } as const;
  await a.do('open', { ...known, owner: 'a' });
  await a.do('beginSession', 'st-1');
  await a.do('put', 1, MiB, 'output');
  await b.do('lock', 1);
  expect(await a.do('read', 1, MiB, 1)).toBe('right');
  await a.do('drop', 1);
  expect(await a.do('read', 1, MiB, 1)).toBe('missing');
  expect((await a.do('state')).files.length).toBe(1);
  await b.kill();
  await a.do('close');
  const later = await labs.tab(profile);
  await later.do('open', { ...known, owner: 'c' });
  expect((await later.do('state')).files).toEqual([]);
});

test('basic mode: a tab of another coordinator drops the outputs of a living one, which tells', async () => {
  const profile = await labs.profile();
  const [a, b] = [await labs.tab(profile, NAME), await labs.tab(profile, NAME)];
  await a.do('open', { records: 'measured', owner: 'a' });
  await a.do('beginSession', 'st-1');
  await a.do('put', 1, 1000, 'output');
  await b.do('open', { records: 'measured', owner: 'b' });
  await b.do('beginSession', 'st-2');
  await expect.poll(async () => (await a.do('state')).evicted).toEqual([1]);
  expect(await a.do('read', 1, 1000, 0)).toBe('missing');
});
