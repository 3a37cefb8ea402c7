import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DatasetVersion, JobId } from '../../shared/ids.ts';
import type { DatasetRecord } from '../catalog/types.ts';
import type { JobView } from '../core/views.ts';
import type { JobRecord } from './jobs.ts';
import { openStore, STORE_FILE } from './open.ts';
import { MIGRATIONS, STORE_VERSION } from './schema.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'muster-store-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const dataset = (name: string): DatasetRecord => ({
  name,
  version: 'ab'.repeat(32) as DatasetVersion,
  owner: 'admin',
  format: 'csv',
  columns: [{ name: 'a', type: 'HUGEINT', wire: 'DECIMAL(38,0)' }],
  rows: 5_000_000_000,
  bytes: 12,
  chunks: [],
  createdAtMs: 1_700_000_000_000,
});

const job = (id: string, expiresAtMs: number): JobRecord => ({
  jobId: id as JobId,
  owner: 'local',
  sql: "SELECT 'it''s'",
  state: 'failed',
  submittedAtMs: 1,
  settledAtMs: 2,
  expiresAtMs,
  view: { jobId: id, state: 'failed' } as unknown as JobView,
  columns: [{ name: 'x', type: 'INTEGER', wire: 'INTEGER' }],
  result: [],
  error: { code: 'sql-conversion', title: 'Bad cast', detail: 'no' },
  planMs: 1.5,
  fallbacks: [{ scope: 'query', operator: 'ASOF', why: 'one task' }],
});

describe('openStore', () => {
  test('keeps datasets, tokens, jobs and meta over a restart', async () => {
    const first = await openStore(dir);
    await first.datasets.insert(dataset('Flights'));
    await first.tokens.put({ hash: 'h1', role: 'admin', name: 'root', createdAtMs: 5 });
    await first.tokens.put({ hash: 'h1', role: 'author', name: 'ada', createdAtMs: 6 });
    await first.jobs.put(job('job-1', 100));
    const key = await first.meta.getOrCreate('signing-key', () => 'k1');
    await first.close();

    const second = await openStore(dir);
    expect(await second.datasets.list()).toEqual([dataset('Flights')]);
    expect(await second.datasets.get('fLIGHTS')).toEqual(dataset('Flights'));
    expect(await second.tokens.list()).toEqual([{ hash: 'h1', role: 'author', name: 'ada', createdAtMs: 5 }]);
    expect(await second.jobs.list()).toEqual([job('job-1', 100)]);
    expect(await second.meta.getOrCreate('signing-key', () => 'k2')).toBe(key);
    await second.close();
  });

  test('what a killed process committed is there at the next start', async () => {
    const first = await openStore(dir);
    await first.datasets.insert(dataset('flights'));
    // A killed process closes nothing: what it leaves on disk is the file and its log.
    const copy = mkdtempSync(join(tmpdir(), 'muster-store-'));
    for (const name of [STORE_FILE, `${STORE_FILE}-wal`]) writeFileSync(join(copy, name), readFileSync(join(dir, name)));
    await first.close();
    const second = await openStore(copy);
    expect((await second.datasets.list()).map((d) => d.name)).toEqual(['flights']);
    await second.close();
    rmSync(copy, { recursive: true });
  });

  test('a name in use is refused whatever its case, until it was removed', async () => {
    const store = await openStore(dir);
    await store.datasets.insert(dataset('a'));
    await expect(store.datasets.insert(dataset('A'))).rejects.toThrow(/UNIQUE/);
    expect(await store.datasets.remove('A')).toBe(true);
    expect(await store.datasets.remove('A')).toBe(false);
    await store.datasets.insert(dataset('A'));
    await store.close();
  });

  test('tells which results have expired', async () => {
    const store = await openStore(dir);
    await store.jobs.put(job('job-1', 100));
    await store.jobs.put(job('job-2', 200));
    expect(await store.jobs.expired(150)).toEqual(['job-1']);
    expect(await store.jobs.remove('job-1')).toBe(true);
    expect(await store.jobs.get('job-1')).toBeUndefined();
    await store.close();
  });

  test('takes over the jobs of a store of version 1, with the fallbacks of their plans', async () => {
    const raw = new Database(join(dir, STORE_FILE));
    raw.exec(`${MIGRATIONS[0]?.join(';')}; PRAGMA user_version = 1`);
    const insert = raw.prepare("INSERT INTO jobs VALUES (?, 'o', NULL, 'q', 'failed', 1, 2, 3, '{}', '[]', '[]', NULL, ?)");
    const { fallbacks = [] } = job('job-1', 3);
    insert.run('job-1', JSON.stringify({ stages: [], fallbacks }));
    insert.run('job-2', null);
    raw.close();
    const store = await openStore(dir);
    const [first, second] = await store.jobs.list();
    expect(first).toMatchObject({ jobId: 'job-1', fallbacks });
    expect(first).not.toHaveProperty('planMs');
    expect(second).not.toHaveProperty('fallbacks');
    await store.close();
  });

  test('refuses a store of a newer version and leaves it as it was', async () => {
    const path = join(dir, STORE_FILE);
    const raw = new Database(path);
    raw.exec(`CREATE TABLE later (x); PRAGMA user_version = ${STORE_VERSION + 1}`);
    raw.close();
    const before = readFileSync(path);
    await expect(openStore(dir)).rejects.toMatchObject({ code: 'store-newer', message: expect.stringContaining('newer Muster') });
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  test('refuses a newer version or damage that its log tells of, and leaves both files as they were', async () => {
    const names = [STORE_FILE, `${STORE_FILE}-wal`];
    const changes = [
      'PRAGMA user_version = 99',
      "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = 9999 WHERE name = 'jobs'",
    ];
    for (const change of changes) {
      const other = mkdtempSync(join(tmpdir(), 'muster-store-'));
      await (await openStore(other)).close();
      const raw = new Database(join(other, STORE_FILE));
      raw.exec(change);
      const killed = mkdtempSync(join(tmpdir(), 'muster-store-'));
      for (const name of names) writeFileSync(join(killed, name), readFileSync(join(other, name)));
      raw.close();
      const before = names.map((name) => readFileSync(join(killed, name)));
      await expect(openStore(killed), change).rejects.toMatchObject({
        message: expect.stringContaining(join(killed, STORE_FILE)),
      });
      expect(names.map((name) => readFileSync(join(killed, name)))).toEqual(before);
      for (const path of [other, killed]) rmSync(path, { recursive: true });
    }
  });

  test('passes over a transaction that was cut short, and says so', async () => {
    const first = await openStore(dir);
    await first.datasets.insert(dataset('flights'));
    await first.datasets.insert(dataset('later'));
    const killed = mkdtempSync(join(tmpdir(), 'muster-store-'));
    writeFileSync(join(killed, STORE_FILE), readFileSync(join(dir, STORE_FILE)));
    const log = readFileSync(join(dir, `${STORE_FILE}-wal`));
    await first.close();
    const opened: [boolean, string[]][] = [];
    for (const cut of [0, 1, 30, 2_000]) {
      writeFileSync(join(killed, `${STORE_FILE}-wal`), log.subarray(0, log.length - cut));
      const second = await openStore(killed);
      opened.push([second.cutShort, (await second.datasets.list()).map(({ name }) => name)]);
      await second.close();
      writeFileSync(join(killed, STORE_FILE), readFileSync(join(dir, STORE_FILE)).fill(0, 0, 0));
    }
    rmSync(killed, { recursive: true });
    expect(opened[0]).toEqual([false, ['flights', 'later']]);
    expect(opened.slice(1).every(([cutShort]) => cutShort)).toBe(true);
  });

  test('a record of the journal that cannot be read is passed over', async () => {
    const first = await openStore(dir);
    first.journal.append([{ type: 'workerJoined', workerId: 'w-1' as never }]);
    await first.close();
    const raw = new Database(join(dir, STORE_FILE));
    raw.exec(`INSERT INTO journal (body) VALUES ('{"type":"workerJo')`);
    raw.close();
    const second = await openStore(dir);
    expect(await second.journal.load()).toEqual({ records: [{ type: 'workerJoined', workerId: 'w-1' }], unreadable: 1 });
    await second.close();
  });

  test('a lease goes once its attempt is accepted, and what stays is in the order in which it was written', async () => {
    const store = await openStore(dir);
    const jobId = 'job-1' as JobId;
    const id = (n: number) => ({ jobId, attemptId: `a-${n}` as never, number: n });
    const lease = (n: number) => ({
      type: 'attemptLeased' as const,
      ...id(n),
      blockId: `b-${n}` as never,
      storeId: 's' as never,
      salted: false,
    });
    const block = (n: number) => ({
      blockId: `b-${n}` as never,
      digest: 'd' as never,
      buckets: [],
      salted: false,
      acceptedAt: n,
      runMs: 1,
    });
    const by = (n: number) => ({ ...id(n), workerId: 'w' as never, cause: 'planned' as const, why: '' });
    const accepted = (n: number) => ({
      type: 'blockAccepted' as const,
      jobId,
      stage: 0,
      block: block(n),
      verdict: 'inTime' as const,
      attempt: by(n),
    });
    await store.accepted.add({
      jobId,
      owner: 'o',
      sql: 'q',
      options: { reuse: true, weight: 1 },
      submittedAtMs: 1,
      datasets: [],
    });
    const all = Array.from({ length: 3_000 }, (_, i) => i);
    for (const n of all) {
      store.journal.append([lease(n)]);
      if (n % 7 === 0) store.journal.flush();
      // One in a thousand still runs.
      if (n % 1_000 !== 0) store.journal.append([accepted(n)]);
    }
    store.journal.flush();
    const { records } = await store.journal.load();
    expect(records).toEqual(all.map((n) => (n % 1_000 === 0 ? lease(n) : accepted(n))));
    await store.jobs.put(job(jobId, 100));
    await store.jobs.end(jobId);
    expect((await store.journal.load()).records.filter(({ type }) => type === 'attemptLeased')).toEqual([]);
    await store.close();
  });

  test('keeps of an ended job what it made, and that within bounds', async () => {
    const store = await openStore(dir);
    const jobId = 'job-1' as JobId;
    const cut = { type: 'stageCut' as const, jobId, stage: 0, salt: jobId, fragments: [], tasks: [] };
    const block = { blockId: 'b' as never, digest: 'd' as never, buckets: [], salted: false, acceptedAt: 1, runMs: 1 };
    const accepted = { type: 'blockAccepted' as const, jobId, stage: 0, block, verdict: 'inTime' as const };
    await store.accepted.add({
      jobId,
      owner: 'o',
      sql: 'q',
      options: { reuse: true, weight: 1 },
      submittedAtMs: 1,
      datasets: [],
    });
    store.journal.append([cut, ...Array.from({ length: 5_000 }, () => accepted)]);
    store.journal.flush();
    expect((await store.journal.load()).records).toHaveLength(5_001);
    await store.jobs.put(job(jobId, 100));
    await store.jobs.end(jobId);
    expect(await store.accepted.list()).toEqual([]);
    const { records } = await store.journal.load();
    expect(records).toHaveLength(4_000);
    expect(records).not.toContainEqual(cut);
    await store.close();
  });

  test.each([
    ['not a database', () => Buffer.from('this is not a database at all\n'.repeat(400))],
    ['a damaged one', (good: Buffer) => Buffer.from(good).fill(7, 100, 4_000)],
    ['a cut one', (good: Buffer) => good.subarray(0, 50)],
  ])('refuses %s and leaves it as it was', async (_what, damage) => {
    const other = join(dir, 'other');
    await (await openStore(other)).close();
    const damaged = damage(readFileSync(join(other, STORE_FILE)));
    const path = join(dir, STORE_FILE);
    writeFileSync(path, damaged);
    await expect(openStore(dir)).rejects.toMatchObject({ name: 'StoreError', code: 'store-corrupt' });
    expect(readFileSync(path).equals(damaged)).toBe(true);
  });

  test('refuses a directory that another coordinator uses', async () => {
    const first = await openStore(dir);
    await expect(openStore(dir)).rejects.toMatchObject({ code: 'data-dir-in-use' });
    await first.close();
    await (await openStore(dir)).close();
  });

  test('says so when the data directory cannot be written', async () => {
    writeFileSync(join(dir, 'file'), '');
    await expect(openStore(join(dir, 'file', 'data'))).rejects.toMatchObject({
      code: 'data-dir-not-writable',
      hint: expect.stringContaining('--data-dir'),
    });
  });
});
