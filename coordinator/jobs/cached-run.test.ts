/** Cached relations from REST to their blocks, on real tabs without pages: loops read them, lineage remakes them, authors let them go. */
import { beforeAll, expect, test } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import type { CacheJson, RelationCache } from '../../shared/rest/cache.ts';
import type { App } from '../app.ts';
import { doomedTab, realTab, until } from '../local/testing/two-stages.ts';
import { testApp } from '../sessions/testing/app-fixture.ts';

beforeAll(loadHashes);

/** Two chunks. */
const ROWS = 130_000;
const sql = (text: string) => ({ kind: 'sql', sql: text });

interface Room {
  readonly app: App;
  readonly url: string;
}

async function grid(coordinatorDiskBytes?: number): Promise<Room> {
  const limits = coordinatorDiskBytes === undefined ? {} : { limits: { coordinatorDiskBytes } };
  const { app, url } = await testApp({ realPlanner: true, ...limits });
  const lines = ['id,x,y'];
  for (let i = 0; i < ROWS; i++) lines.push(`${i},${(i * 7919) % 1000},${(i * 104729) % 1000}`);
  const form = new FormData();
  form.append('name', 'rows');
  form.append('file', new Blob([lines.join('\n')]), 'rows.csv');
  expect((await fetch(`${url}/v1/datasets`, { method: 'POST', body: form })).status).toBe(201);
  return { app, url };
}

async function twoTabs({ app, url }: Room): Promise<readonly (() => Promise<void>)[]> {
  const before = app.grid.scheduler.workers().length;
  const tabs = await Promise.all([realTab(url), realTab(url)]);
  await until(app, () => app.grid.scheduler.workers().length === before + 2);
  return tabs;
}

interface Ran {
  readonly jobId: string;
  readonly rows: readonly (readonly unknown[])[];
}

async function run(app: App, relations: Readonly<Record<string, object>>, cache: readonly unknown[] = []): Promise<Ran> {
  const list = Object.entries(relations).map(([name, relation]) => ({ name, relation }));
  const payload = { plan: { relations: list, result: list.at(-1)?.name, cache } };
  const submitted = await app.inject({ method: 'POST', url: '/v1/jobs', payload });
  expect(submitted.statusCode, submitted.body).toBe(202);
  const { jobId } = submitted.json<{ jobId: string }>();
  const result = await app.inject(`/v1/jobs/${jobId}/result?wait=60`);
  expect(result.statusCode, result.body).toBe(200);
  return { jobId, rows: result.json<Ran>().rows };
}

async function cached(app: App): Promise<readonly RelationCache[]> {
  return (await app.inject('/v1/cache')).json<CacheJson>().relations;
}

interface Moved {
  readonly title: string;
  readonly isLastStage: boolean;
  readonly fetched: number;
  readonly loaded: number;
}

/** What each attempt of the job ran and moved, by its stage's title. */
function attemptsOf(app: App, { jobId }: Ran): Moved[] {
  const stages = app.grid.scheduler.job(jobId as never)?.stages ?? [];
  const ends = app.grid.scheduler.story(jobId).filter((line) => line.what === 'attemptEnded');
  return ends.map(({ detail }) => ({
    title: stages[Number(detail?.stage)]?.title ?? '',
    isLastStage: Number(detail?.stage) === stages.length - 1,
    fetched: Number(detail?.fetchedBytes),
    loaded: Number(detail?.loadedBytes),
  }));
}

/** As k-means reads its points: again and again, with other centroids each time. */
const step = (cx: number) => ({
  points: sql('SELECT id, x::DOUBLE AS x, sqrt(y) AS y FROM rows WHERE x <> 13'),
  sums: sql(`SELECT x < ${cx} AS near, count(*), sum(x), max(y) FROM points GROUP BY ALL ORDER BY ALL`),
});

test('a loop over a cached relation reads its source once, and gives what it gives without a cache', async () => {
  const room = await grid();
  await twoTabs(room);
  const { app } = room;
  for (const [turn, cx] of [100, 500].entries()) {
    const ran = await run(app, step(cx), ['points']);
    if (turn === 1) expect(ran.rows).toEqual((await run(app, step(cx))).rows);
    const scans = attemptsOf(app, ran).filter(({ title }) => title.includes('scan rows'));
    expect(scans.length, `turn ${turn}`).toBe(turn === 0 ? 2 : 0);
  }
  const rows = ROWS - Math.ceil(ROWS / 1000);
  const [points] = await cached(app);
  expect(points).toMatchObject({
    name: 'points',
    level: 'tabs',
    owner: 'local',
    total: { blocks: 2 },
    lost: { blocks: 0 },
    rows,
  });
  expect(points?.stores).toHaveLength(2);
}, 60_000);

test('at level memory the second job and later ones load and fetch nothing, and lead to the same rows', async () => {
  const room = await grid();
  await twoTabs(room);
  const { app } = room;
  const cache = [{ name: 'points', level: 'memory' }];
  await run(app, step(100), cache);
  for (const cx of [200, 500, 700]) {
    const ran = await run(app, step(cx), cache);
    // The last stage reads a few partial sums.
    const moved = attemptsOf(app, ran).filter(({ isLastStage }) => !isLastStage);
    expect(moved.length).toBeGreaterThan(0);
    expect(moved.map(({ fetched, loaded }) => fetched + loaded)).toEqual(moved.map(() => 0));
    expect(ran.rows).toEqual((await run(app, step(cx))).rows);
  }
}, 60_000);

test('let go, it is loaded nowhere any more: who caches it again loads it again', async () => {
  const room = await grid();
  await twoTabs(room);
  const { app } = room;
  const cache = [{ name: 'points', level: 'memory' }];
  const loadedBy = async (cx: number): Promise<number> => {
    const ran = await run(app, step(cx), cache);
    const reads = attemptsOf(app, ran).filter(({ title, isLastStage }) => !isLastStage && !title.includes('scan rows'));
    return reads.reduce((sum, { loaded }) => sum + loaded, 0);
  };
  const first = await loadedBy(100);
  expect([first > 0, await loadedBy(200)]).toEqual([true, 0]);
  const [points] = await cached(app);
  expect(points?.loaded.map(({ slots }) => slots)).toEqual([1, 1]);
  const loadedBytes = points?.loaded.reduce((sum, { bytes }) => sum + bytes, 0) ?? 0;
  expect(loadedBytes / (points?.total.bytes ?? 0)).toBeCloseTo(1, 1);
  expect((await app.inject({ method: 'DELETE', url: `/v1/cache/${points?.id}` })).statusCode).toBe(204);
  expect([await loadedBy(300), await loadedBy(400)]).toEqual([first, 0]);
}, 60_000);

test('what a closed tab had of it is made again by lineage, on the tabs that are there', async () => {
  const room = await grid();
  const { app, url } = room;
  await doomedTab(url);
  await until(app, () => app.grid.scheduler.workers().length === 1);
  const [worker] = app.grid.scheduler.workers();
  await realTab(url);
  await until(app, () => app.grid.scheduler.workers().length === 2);
  await run(app, step(100), ['points']);
  // Without a word, as a browser that is killed.
  if (worker) app.grid.sessions.dismiss(worker.workerId);
  await until(app, () => app.grid.scheduler.workers().length === 1);
  expect(await cached(app)).toMatchObject([{ total: { blocks: 2 }, lost: { blocks: 1 }, copies: 0 }]);
  const again = await run(app, step(500), ['points']);
  expect(again.rows).toEqual((await run(app, step(500))).rows);
  expect(attemptsOf(app, again).filter(({ title }) => title.includes('scan rows'))).toHaveLength(1);
  expect(await cached(app)).toMatchObject([{ lost: { blocks: 0 }, copies: 1 }]);
}, 60_000);

test('it is let go by its id, once; and what others cached is not theirs to let go', async () => {
  const room = await grid();
  await twoTabs(room);
  const { app } = room;
  await run(app, step(100), [{ name: 'points', level: 'tabs' }]);
  const id = (await cached(app))[0]?.id ?? '';
  const ben = { authorization: `Bearer ${await app.grid.tokens.issue('author', 'ben')}` };
  const url = `/v1/cache/${id}`;
  const refused = await app.inject({ method: 'DELETE', url, headers: ben });
  expect(refused.statusCode).toBe(404);
  expect((await app.inject({ method: 'DELETE', url })).statusCode).toBe(204);
  expect(await cached(app)).toEqual([]);
  expect((await app.inject({ method: 'DELETE', url })).json()).toMatchObject({ status: 404, code: 'relation-not-found' });
}, 60_000);

test('a cached relation is found by what it says, whatever the plan around it, by its owner', async () => {
  const room = await grid();
  await twoTabs(room);
  const { app } = room;
  await run(app, step(100), ['points']);
  const [points] = await cached(app);
  const find = async (relation: object, headers = {}) => {
    const plan = { relations: [{ name: 'other_name', relation }], result: 'other_name', cache: ['other_name'] };
    const answer = await app.inject({ method: 'POST', url: '/v1/cache/find', payload: { plan }, headers });
    return answer.json<{ relations: unknown }>().relations;
  };
  expect(await find(step(7).points)).toEqual([{ name: 'other_name', id: points?.id }]);
  expect(await find(sql('SELECT id, x::DOUBLE AS x, sqrt(y) AS y FROM rows WHERE x <> 14'))).toEqual([]);
  expect(await find(step(7).points, { authorization: `Bearer ${await app.grid.tokens.issue('author', 'ben')}` })).toEqual([]);
  const wrong = { relations: [{ name: 'a', relation: sql('SELECT nothing FROM rows') }], result: 'a' };
  const refused = await app.inject({ method: 'POST', url: '/v1/cache/find', payload: { plan: wrong } });
  expect(refused.json()).toMatchObject({ status: 400, code: 'sql-unknown-column', relation: 'a' });
}, 60_000);

test('a checkpoint is read from the coordinator when all tabs are gone, by tabs that were not there', async () => {
  const room = await grid();
  const tabs = await twoTabs(room);
  const { app } = room;
  const cache = [{ name: 'points', level: 'coordinator' }];
  const first = await run(app, step(100), cache);
  await until(app, () => app.grid.scheduler.cache().relations.every(({ blocks }) => blocks.every((one) => one.onCoordinator)));
  await Promise.all(tabs.map((close) => close()));
  await until(app, () => app.grid.scheduler.workers().length === 0);
  expect(await cached(app)).toMatchObject([{ lost: { blocks: 0 }, coordinator: { blocks: 2 }, stores: [], copies: 1 }]);
  await twoTabs(room);
  const again = await run(app, step(100), cache);
  expect(again.rows).toEqual(first.rows);
  expect(attemptsOf(app, again).filter(({ title }) => title.includes('scan rows'))).toEqual([]);
}, 60_000);

test('a checkpoint makes way on a full disk for a result, and is made again by the next job that reads it', async () => {
  const room = await grid(5_000_000);
  await twoTabs(room);
  const { app } = room;
  const cache = [{ name: 'points', level: 'coordinator' }];
  await run(app, step(100), cache);
  const isThere = (): boolean =>
    app.grid.scheduler.cache().relations.every(({ blocks }) => blocks.every((one) => one.onCoordinator));
  await until(app, isThere);
  // Of 24 bytes a row, and so is the relation.
  const { rows } = await run(app, { all: sql('SELECT id::BIGINT AS id, x::BIGINT AS x, y::BIGINT AS y FROM rows') });
  expect(rows).toHaveLength(ROWS);
  expect(isThere()).toBe(false);
  expect(await cached(app)).toMatchObject([{ lost: { blocks: 0 } }]);
  expect((await run(app, step(500), cache)).rows).toEqual((await run(app, step(500))).rows);
}, 60_000);

test('with two copies in tabs, closing one of them loses nothing and remakes nothing', async () => {
  const room = await grid();
  const [close] = await twoTabs(room);
  const { app } = room;
  const cache = [{ name: 'points', level: 'tabs-2' }];
  const first = await run(app, step(100), cache);
  await until(app, () =>
    app.grid.scheduler.cache().relations.every(({ blocks }) => blocks.every((one) => one.stores.length === 2)),
  );
  expect(await cached(app)).toMatchObject([{ copies: 2, coordinator: { blocks: 0 } }]);
  await close?.();
  await until(app, () => app.grid.scheduler.workers().length === 1);
  expect(await cached(app)).toMatchObject([{ lost: { blocks: 0 }, copies: 1 }]);
  const again = await run(app, step(100), cache);
  expect(again.rows).toEqual(first.rows);
  expect(attemptsOf(app, again).filter(({ title }) => title.includes('scan rows'))).toEqual([]);
}, 60_000);
