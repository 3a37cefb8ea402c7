/** Small jobs with caches, cancels, readers that go and tabs that close: all of them end, and afterwards nothing is left of them. */
import { beforeAll, expect, test } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import type { CacheJson } from '../../shared/rest/cache.ts';
import type { App } from '../app.ts';
import { doomedTab, realTab, until } from '../local/testing/two-stages.ts';
import { testApp } from '../sessions/testing/app-fixture.ts';
import { levelsOf } from '../testing/levels.ts';

beforeAll(loadHashes);

const JOBS = 40;
const AT_ONCE = 5;
const LEVELS = ['memory', 'tabs', 'tabs-2', 'coordinator'];
/** These fill up to limits of their own: blocks kept for reuse, ended attempts, stories, pieces that passed. */
const BOUNDED = /#core\.(blocks|reusable|ended|stories)|#disk\.#(sizes|headers)|#pool\./;
/** A leak of one a job would be more. */
const NOISE = JOBS / 4;

const sql = (text: string) => ({ kind: 'sql', sql: text });

async function grid(): Promise<{ readonly app: App; readonly url: string }> {
  const { app, url } = await testApp({ realPlanner: true, localSlot: true, limits: { jobsKept: 0 } });
  const lines = ['id,x,y'];
  for (let i = 0; i < 20_000; i++) lines.push(`${i},${(i * 7919) % 1000},${(i * 104729) % 1000}`);
  const form = new FormData();
  form.append('name', 'rows');
  form.append('file', new Blob([lines.join('\n')]), 'rows.csv');
  expect((await fetch(`${url}/v1/datasets`, { method: 'POST', body: form })).status).toBe(201);
  return { app, url };
}

/** Of five jobs one is cancelled and one has a reader that goes; the others are read to their end. */
async function oneJob(url: string, n: number): Promise<void> {
  const points = sql(`SELECT id, x::DOUBLE AS x, sqrt(y) AS y FROM rows WHERE x <> ${n % 3}`);
  const sums = sql(`SELECT x < ${n} AS near, count(*), sum(y) FROM points GROUP BY ALL`);
  const plan = {
    relations: [
      { name: 'points', relation: points },
      { name: 'out', relation: n % 3 === 0 ? sql('SELECT * FROM points') : sums },
    ],
    result: 'out',
    cache: n % 7 === 6 ? [] : [{ name: 'points', level: LEVELS[n % LEVELS.length] }],
  };
  const headers = { 'content-type': 'application/json' };
  const submitted = await fetch(`${url}/v1/jobs`, { method: 'POST', headers, body: JSON.stringify({ plan }) });
  const { jobId } = (await submitted.json()) as { readonly jobId: string };
  const stop = new AbortController();
  const result = fetch(`${url}/v1/jobs/${jobId}/result?wait=60&format=arrow`, { signal: stop.signal });
  if (n % 5 === 1) await fetch(`${url}/v1/jobs/${jobId}`, { method: 'DELETE' });
  if (n % 5 === 2) {
    stop.abort();
    await expect(result).rejects.toThrow();
    return;
  }
  const { status, body } = await result;
  expect(n % 5 === 1 ? [200, 409] : [200], `job ${n}`).toContain(status);
  if (n % 5 === 3) await body?.cancel();
  else await new Response(body).arrayBuffer();
}

/** With a tab that is closed midway without a word, and one that leaves with one. */
async function round(app: App, url: string, leave: () => Promise<void>): Promise<void> {
  const { scheduler, sessions } = app.grid;
  const known = new Set(scheduler.workers().map(({ workerId }) => workerId));
  await doomedTab(url);
  await until(app, () => scheduler.workers().length === known.size + 1);
  const doomed = scheduler.workers().find(({ workerId }) => !known.has(workerId));
  for (let n = 0; n < JOBS; n += AT_ONCE) {
    const jobs = Array.from({ length: AT_ONCE }, (_, i) => oneJob(url, n + i));
    if (doomed && n === AT_ONCE) sessions.dismiss(doomed.workerId);
    if (n === 2 * AT_ONCE) await leave();
    await Promise.all(jobs);
  }
  await until(app, () => scheduler.jobs().every(({ state }) => state !== 'waiting' && state !== 'running'));
}

/** Lets go of everything that the jobs left on purpose. */
async function forgetAll(app: App): Promise<void> {
  const { scheduler, jobs } = app.grid;
  for (const { id } of (await app.inject('/v1/cache')).json<CacheJson>().relations)
    await app.inject({ method: 'DELETE', url: `/v1/cache/${id}` });
  await jobs.sweep();
  await until(app, () => scheduler.workers().every(({ busySlots }) => busySlots === 0));
}

test('nothing grows with the number of jobs', async () => {
  const { app, url } = await grid();
  const { scheduler } = app.grid;
  await realTab(url);
  const levels: ReadonlyMap<string, number>[] = [];
  for (let turn = 0; turn < 3; turn++) {
    const leave = await realTab(url);
    await until(app, () => scheduler.workers().length === 2);
    await round(app, url, leave);
    await until(app, () => scheduler.workers().length === 1);
    await forgetAll(app);
    expect(scheduler.jobs()).toEqual([]);
    const { blocks, relations, residents } = scheduler.cache();
    expect(relations).toEqual([]);
    expect(residents.filter(({ residentKey }) => residentKey.startsWith('kept/'))).toEqual([]);
    expect(blocks.filter(({ jobs }) => jobs.length > 0)).toEqual([]);
    levels.push(levelsOf(app.grid));
  }
  const [, before, after] = levels;
  const grown = [...(after ?? [])].filter(([path, size]) => !BOUNDED.test(path) && size > (before?.get(path) ?? 0) + NOISE);
  expect(grown).toEqual([]);
}, 60_000);
