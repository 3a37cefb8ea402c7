/**
 * Bad input, one test for each kind: a clear error that says what was wrong, where and what to do; the grid goes on. A real tab
 * does the work throughout, and the last test asks it for one more right answer.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { connect, type ProblemError } from '../client/index.ts';
import { LIMITS } from '../shared/limits.ts';
import { CLOSE, PROTOCOL } from '../shared/protocol/version.ts';
import type { Tab } from './browser.ts';
import { airportsFile, flightsFile } from './data.ts';
import { Gate } from './gate.ts';
import { Grid } from './grid.ts';

const UPLOAD_BYTES = 200_000;
let grid: Grid;
let tab: Tab;
let diskIsFull = false;

beforeAll(async () => {
  grid = await Grid.start({
    limits: { uploadBytes: UPLOAD_BYTES },
    parts: {
      createUpload: (path) => (diskIsFull ? fullDisk() : writeTo(path)),
    },
  });
  await grid.dataset('flights', flightsFile());
  await grid.dataset('airports', airportsFile());
  [tab] = (await grid.openTabs(1)) as [Tab];
}, 60_000);

afterAll(() => grid.close());

function fullDisk(): Writable {
  return new Writable({
    write: (_chunk, _encoding, done) => done(Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })),
  });
}

function writeTo(path: string): Writable {
  const parts: Buffer[] = [];
  return new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      parts.push(chunk);
      done();
    },
    final: (done) => {
      writeFileSync(path, Buffer.concat(parts));
      done();
    },
  });
}

async function problemOf(promise: Promise<unknown>): Promise<ProblemError> {
  try {
    await promise;
  } catch (error) {
    return error as ProblemError;
  }
  throw new Error('it was accepted');
}

const rejected = (sql: string): Promise<ProblemError> => problemOf(grid.sql(sql));
const failed = async (sql: string): Promise<ProblemError> => problemOf((await grid.sql(sql)).rows());

test('SQL syntax error: position and hint', async () => {
  const sql = 'SELECT origin FORM flights WHERE delay > 3 GROUP origin';
  const problem = await rejected(sql);
  expect(problem).toMatchObject({ status: 400, code: 'sql-syntax' });
  expect(problem.position).toBe(sql.indexOf('flights'));
  expect(problem.hint).toBeTruthy();
});

test('unknown table and column: near names', async () => {
  const table = await rejected('SELECT count(*) FROM fligths');
  expect(table).toMatchObject({ status: 400, code: 'sql-unknown-table', position: 21 });
  expect(table.hint).toContain('flights');
  const column = await rejected('SELECT orgin FROM flights');
  expect(column).toMatchObject({ status: 400, code: 'sql-unknown-column', position: 7 });
  expect(column.hint).toContain('origin');
});

test("cast error inside a task: the author's error, with its stage", async () => {
  const problem = await failed('SELECT max(CAST(destination AS INTEGER)) AS m FROM flights');
  expect(problem).toMatchObject({ status: 422, code: 'sql-conversion', stage: 0 });
  expect(problem.detail).toMatch(/Could not convert string '[A-Z0-9]{3}' to INT32/);
});

test('memory limit: a clear resource error, and the tab lives', async () => {
  const problem = await failed('SELECT len(list(range)) AS n FROM range(400000000)');
  expect(problem.status).toBe(422);
  expect(problem.code).toBe('memory-limit');
  expect(problem.hint).toBeTruthy();
  expect(await tab.state()).toMatch(/idle|working/);
});

test('broken parquet and CSV', async () => {
  const upload = (name: string, bytes: Uint8Array, format: 'parquet' | 'csv'): Promise<ProblemError> =>
    problemOf(grid.admin.datasets.upload(name, new Blob([bytes as Uint8Array<ArrayBuffer>]), { format }));
  const half = readFileSync(flightsFile()).subarray(0, 100_000);
  expect(await upload('half', half, 'parquet')).toMatchObject({ status: 400, code: expect.stringMatching(/broken|file/) });
  const csv = new TextEncoder().encode(`a,b\n${'1,2\n'.repeat(30_000)}1,2,3,4\n`);
  const problem = await upload('csv', csv, 'csv');
  expect(problem.status).toBe(400);
  expect(problem.detail).toMatch(/line/i);
  expect((await grid.admin.datasets.list()).map((d) => d.name).sort()).toEqual(['airports', 'flights']);
});

test('upload over the limit', async () => {
  const big = new Blob([new Uint8Array(UPLOAD_BYTES + 1)]);
  const problem = await problemOf(grid.admin.datasets.upload('big', big, { format: 'csv' }));
  expect(problem.status).toBe(413);
  expect(problem.detail).toMatch(/\d/);
});

test('unknown ids', async () => {
  for (const promise of [
    grid.admin.job('job-nobody').status(),
    grid.admin.job('job-nobody').plan(),
    grid.admin.job('job-nobody').cancel(),
    grid.admin.datasets.get('nothing'),
    grid.admin.datasets.delete('nothing'),
  ]) {
    expect((await problemOf(promise)).status).toBe(404);
  }
});

test('result while running', async () => {
  const job = await grid.sql('SELECT count(*) AS n FROM range(100000) a, range(100000) b WHERE (a.range * b.range) % 7 = 3');
  const response = await fetch(`${grid.url}/v1/jobs/${job.id}/result`, { headers: grid.adminHeaders() });
  expect(response.status).toBe(409);
  expect(await response.json()).toMatchObject({ code: 'job-running' });
  await job.cancel();
  expect(await problemOf(job.rows())).toMatchObject({ status: 409, code: 'job-cancelled' });
});

test('wrong token, and a role that is too low', async () => {
  expect((await problemOf(connect(grid.url, { token: 'wrong' }).jobs())).status).toBe(401);
  const author = connect(grid.url);
  expect((await problemOf(author.datasets.register('mine', flightsFile()))).status).toBe(403);
});

/** Sends one frame and resolves with the close code and reason. */
async function closedAfter(frame: string): Promise<{ code: number; reason: string }> {
  const socket = new WebSocket(`${grid.url.replace('http', 'ws')}/v1/session`);
  const closed = new Gate<{ code: number; reason: string }>();
  socket.on('open', () => socket.send(frame));
  socket.on('close', (code, reason) => closed.open({ code, reason: reason.toString() }));
  return closed.opened;
}

test('protocol violation: that session is closed with its code, others are not', async () => {
  expect((await closedAfter('no json at all')).code).toBe(CLOSE.badMessage);
  expect((await closedAfter(JSON.stringify({ type: 'attemptSucceeded' }))).code).toBe(CLOSE.badMessage);
  expect((await closedAfter('x'.repeat(LIMITS.sessionFrameBytes + 1))).code).not.toBe(1000);
  expect(await tab.state()).toMatch(/idle|working/);
});

test('other protocol version: told to reload', async () => {
  const { code, reason } = await closedAfter(JSON.stringify({ type: 'hello', protocol: PROTOCOL + 1, role: 'worker' }));
  expect(code).toBe(CLOSE.version);
  expect(reason).toMatch(/reload/i);
});

test('disk full on the coordinator: 507, and nothing is left behind', async () => {
  diskIsFull = true;
  const problem = await problemOf(grid.admin.datasets.upload('small', new Blob(['a,b\n1,2\n']), { format: 'csv' }));
  diskIsFull = false;
  expect(problem.status).toBe(507);
  expect(readdirSync(join(grid.dataDir, 'uploads'))).toEqual([]);
});

test('quota full in the tab: the answer is right all the same', async () => {
  const session = await tab.page.context().newCDPSession(tab.page);
  await session.send('Storage.overrideQuotaForOrigin', { origin: grid.url, quotaSize: 50_000 });
  const { difference } = await grid.compare(
    "SELECT date_trunc('month', date) AS m, count(*) AS n FROM flights GROUP BY 1 ORDER BY 1",
  );
  expect(difference).toBeUndefined();
  await session.send('Storage.overrideQuotaForOrigin', { origin: grid.url });
  expect(tab.problems).toEqual([]);
});

/** The planner's process among this process's children. */
function plannerPid(): number {
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const status = readFileSync(`/proc/${entry}/status`, 'utf8');
      const command = readFileSync(`/proc/${entry}/cmdline`, 'utf8');
      if (command.includes('planner-child') && status.includes(`PPid:\t${process.pid}\n`)) return Number(entry);
    } catch {
      // It ended while we looked.
    }
  }
  throw new Error('no planner process');
}

test('planner crash: one request fails', async () => {
  const pid = plannerPid();
  process.kill(pid, 'SIGSTOP');
  const asked = rejected('SELECT 1 AS one');
  // The request lies in the stopped child's pipe, or will; either way it is the one that fails.
  process.kill(pid, 'SIGKILL');
  const problem = await asked;
  expect(problem.status).toBeGreaterThanOrEqual(500);
  expect(problem.code).toMatch(/planner/);
  const { difference } = await grid.compare('SELECT 1 AS one');
  expect(difference).toBeUndefined();
});

test.each([
  "SELECT * FROM read_text('/etc/passwd')",
  "SELECT * FROM read_csv('/etc/passwd')",
  "SELECT * FROM '/etc/passwd.csv'",
  "SELECT * FROM glob('/*')",
  'SELECT * FROM duckdb_settings()',
  "SELECT getenv('HOME')",
  "COPY (SELECT 1) TO '/tmp/out.csv'",
  "ATTACH '/tmp/other.db'",
  'SET threads = 8',
  'INSTALL httpfs',
  'PRAGMA database_list',
  'SELECT 1; SELECT 2',
])('refused in SQL: %s', async (sql) => {
  const problem = await rejected(sql);
  expect(problem.status).toBe(400);
  expect(problem.code).toMatch(/^sql-/);
  expect(problem.detail.length).toBeGreaterThan(10);
});

test('after all that the tab still answers rightly', async () => {
  const { difference } = await grid.compare(
    'SELECT origin, max(delay) AS worst FROM flights GROUP BY origin ORDER BY origin',
    [0],
  );
  expect(difference).toBeUndefined();
  expect(tab.problems).toEqual([]);
});
