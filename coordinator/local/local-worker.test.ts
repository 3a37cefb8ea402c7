/** The coordinator's own slot with the real engine, beside a real tab without a page. */
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import type { BlockId, JobId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { MergedRows, Step } from '../../shared/plan/physical.ts';
import type { App } from '../app.ts';
import { LOCAL_WORKER } from '../core/local-worker.ts';
import type { PlannerPort } from '../jobs/ports.ts';
import { type TestAppOptions, testApp } from '../sessions/testing/app-fixture.ts';
import { TestClock } from '../sessions/testing/clock.ts';
import { FakeWorker } from '../sessions/testing/fake-worker.ts';
import { LocalSlot, type LocalSlotOptions } from './local-slot.ts';
import { DIST, realTab, twoStagePlanner, until } from './testing/two-stages.ts';

beforeAll(loadHashes);

const ENDLESS = 'SELECT count(*)::INTEGER FROM in0, range(1000000) a(i), range(100000) b(j) WHERE (i * j) % 7 = c0';
const ENTRY = join(DIST, 'slot-entry.js');

const hasJoined = (app: App): boolean => app.grid.scheduler.story(LOCAL_WORKER).some((line) => line.what === 'workerJoined');

/** An app with one real tab and, unless told otherwise, the coordinator's own slot, both ready. */
async function grid(options: TestAppOptions = {}): Promise<{ app: App; url: string; endTab: () => Promise<void> }> {
  const { app, url } = await testApp({ localSlot: true, ...parts(options) });
  const endTab = await realTab(url);
  await until(app, () => app.grid.scheduler.workers().length === 1 && (options.localSlot === false || hasJoined(app)));
  return { app, url, endTab };
}

const parts = (options: TestAppOptions): TestAppOptions => ({
  ...options,
  parts: { planner: twoStagePlanner, ...options.parts },
});

const slotWith = (options: Partial<LocalSlotOptions>): TestAppOptions => ({
  parts: { makeLocalSlot: (clock) => new LocalSlot({ clock, entry: ENTRY, ...options }) },
});

async function submit(app: App, sql: string): Promise<JobId> {
  const response = await app.inject({ method: 'POST', url: '/v1/jobs', payload: { sql } });
  expect(response.statusCode, response.body).toBe(202);
  return response.json<{ jobId: JobId }>().jobId;
}

const resultOf = async (app: App, jobId: JobId) => (await app.inject(`/v1/jobs/${jobId}/result?wait=25`)).json();

interface Ended {
  readonly stage: unknown;
  readonly local: boolean;
  readonly how: unknown;
}

/** How the job's attempts ended, oldest first, and whether on the coordinator. */
function endsOf(app: App, jobId: JobId): Ended[] {
  const lines = app.grid.scheduler.story(jobId).filter((line) => line.what === 'attemptEnded');
  return lines.map(({ detail }) => ({ stage: detail?.stage, local: detail?.workerId === LOCAL_WORKER, how: detail?.how }));
}

function blocksOf(app: App): string[] {
  const { scheduler } = app.grid;
  return [...scheduler.blocks()].map(({ blockId }) => `${blockId} ${scheduler.blockInfo(blockId)?.digest}`).sort();
}

test('a last stage runs on the coordinator; its block has the id and digest that a tab gives it', async () => {
  const sql = 'SELECT range::INTEGER FROM range(1000) ;; SELECT sum(c0)::INTEGER FROM in0 GROUP BY c0 % 7 ORDER BY 1';
  const { app } = await grid();
  const jobId = await submit(app, sql);
  const result = await resultOf(app, jobId);
  expect(result).toMatchObject({ columns: [{ name: 'answer' }] });
  expect(endsOf(app, jobId)).toEqual([
    { stage: 0, local: false, how: 'succeeded' },
    { stage: 1, local: true, how: 'succeeded' },
  ]);
  expect((await app.inject('/v1/workers')).json<{ workers: unknown[] }>().workers).toHaveLength(1);
  expect((await app.inject(`/v1/jobs/${jobId}`)).json()).toMatchObject({
    counters: { attempts: 2, tasksPlanned: 2 },
    stages: [{ onCoordinator: 0 }, { onCoordinator: 1 }],
  });
  expect((await app.inject('/metrics')).body).toContain('muster_attempts_ended_total{on="coordinator",how="succeeded"} 1');

  const { app: without } = await grid({ localSlot: false });
  const again = await submit(without, sql);
  expect(await resultOf(without, again)).toEqual(result);
  expect(endsOf(without, again).map(({ local }) => local)).toEqual([false, false]);
  expect(blocksOf(without)).toEqual(blocksOf(app));
});

test("an author's error there is the job's; a cancelled attempt leaves the slot to the next; localTaskBytes: more goes to a tab", async () => {
  const { app } = await grid();
  const failing = await submit(app, "SELECT 42 ;; SELECT (c0::VARCHAR || 'x')::INTEGER FROM in0");
  expect(await resultOf(app, failing)).toMatchObject({
    status: 422,
    code: 'sql-conversion',
    detail: expect.stringContaining('42x'),
  });
  expect(endsOf(app, failing).at(-1)).toEqual({ stage: 1, local: true, how: 'author' });

  const endless = await submit(app, `SELECT 3 ;; ${ENDLESS}`);
  await until(app, () => app.grid.scheduler.job(endless)?.stages[1]?.running === 1);
  expect((await app.inject({ method: 'DELETE', url: `/v1/jobs/${endless}` })).statusCode).toBeLessThan(300);
  const next = await submit(app, 'SELECT 44 ;; SELECT c0 FROM in0');
  expect(await resultOf(app, next)).toMatchObject({ rows: [[44]] });
  expect(endsOf(app, next).at(-1)).toEqual({ stage: 1, local: true, how: 'succeeded' });

  const rows = LIMITS.localTaskBytes / 4 + 1_000;
  const large = await submit(app, `SELECT range::INTEGER FROM range(${rows}) ;; SELECT max(c0) FROM in0`);
  expect(await resultOf(app, large)).toMatchObject({ rows: [[rows - 1]] });
  expect(endsOf(app, large)).toMatchObject([{ local: false }, { local: false }]);
});

test.each<[string, string, TestAppOptions, string]>([
  [
    'localSlotBytes: more memory than the slot has',
    "SELECT count(*)::INTEGER FROM (SELECT hash(c0 + range)::VARCHAR || repeat('x', 40) s FROM in0, range(1000000) GROUP BY s)",
    slotWith({ memoryLimitBytes: 64 * 2 ** 20 }),
    'resource',
  ],
  [
    'localResultBytes: a large result',
    'SELECT range::INTEGER FROM in0, range(2000)',
    slotWith({ resultBytesMax: 1_000 }),
    'resource',
  ],
  ['localRunMs: a long run', `SELECT count(*)::INTEGER FROM in0, range(30000000)`, slotWith({ runMsMax: 1 }), 'deadline'],
  [
    'a thread that ends',
    'SELECT c0 FROM in0',
    slotWith({ entry: join(import.meta.dirname, 'testing', 'crashing-slot.mjs') }),
    'resource',
  ],
])('what the slot cannot do goes to a tab: %s', async (_what, last, options, how) => {
  const { app } = await grid(options);
  const jobId = await submit(app, `SELECT 42 ;; ${last}`);
  expect(await resultOf(app, jobId)).toMatchObject({ columns: [{ name: 'answer' }] });
  expect(endsOf(app, jobId).slice(1)).toEqual([
    { stage: 1, local: true, how },
    { stage: 1, local: false, how: 'succeeded' },
  ]);
  // The next one is tried here again, in a fresh thread if need be.
  const next = await submit(app, 'SELECT 43 ;; SELECT c0 FROM in0');
  expect(await resultOf(app, next)).toMatchObject({ rows: [[43]] });
  expect(endsOf(app, next)[1]).toMatchObject({ stage: 1, local: true });
});

/** The last stage says in words what it merges. */
const mergingPlanner: PlannerPort = {
  async plan(request) {
    const outcome = await twoStagePlanner.plan(request);
    if (!outcome.ok) return outcome;
    const merge: MergedRows = {
      groups: [],
      values: [{ kind: 'max', column: 0 }],
      output: [{ kind: 'value', value: 0 }],
      order: [],
    };
    const saying = (step: Step): Step => (step.kind === 'sql' ? { ...step, merge } : step);
    const stages = outcome.plan.stages.map((stage) => {
      const branches = stage.branches.map((b) => ({ ...b, fragment: { ...b.fragment, steps: b.fragment.steps.map(saying) } }));
      return stage.index === 1 ? { ...stage, branches } : stage;
    });
    return { ...outcome, plan: { ...outcome.plan, stages } };
  },
  async close() {},
};

test.each([
  ['the coordinator merges a few rows itself, and says so', 100, {}, true],
  ['more rows go through the engine', 9_000, {}, false],
  ['a pace is kept by the slot', 100, { paceMs: 1 }, false],
])('%s', async (_what, rows, options, merged) => {
  const { app } = await grid({ ...options, parts: { planner: mergingPlanner } });
  const jobId = await submit(app, `SELECT range::INTEGER FROM range(${rows}) ;; SELECT max(c0) FROM in0`);
  expect(await resultOf(app, jobId)).toMatchObject({ rows: [[rows - 1]] });
  const ended = app.grid.scheduler.story(jobId).findLast((line) => line.what === 'attemptEnded');
  expect(ended).toMatchObject({ detail: { workerId: LOCAL_WORKER, how: 'succeeded', stage: 1 } });
  expect(ended?.why.includes('without an engine')).toBe(merged);
  const plan = (await app.inject(`/v1/jobs/${jobId}/plan`)).json();
  expect(plan.stages[1].fragments[0].steps[0].merge).toMatchObject({ values: [{ kind: 'max', column: 0 }] });
});

test('an input that the coordinator has lost is told, and the job goes on without it', async () => {
  const inputs: BlockId[] = [];
  const { app } = await grid({
    breakpoints: {
      beforeLease: async ({ workerId, blockId }) => {
        if (workerId === LOCAL_WORKER) await app.grid.blocks.discard(inputs);
        else inputs.push(blockId);
      },
    },
  });
  const jobId = await submit(app, 'SELECT 45 ;; SELECT c0 FROM in0');
  expect(await resultOf(app, jobId)).toMatchObject({ rows: [[45]] });
  // The tab still has its copy: nothing is made again.
  expect(endsOf(app, jobId)).toEqual([
    { stage: 0, local: false, how: 'succeeded' },
    { stage: 1, local: true, how: 'input' },
    { stage: 1, local: false, how: 'succeeded' },
  ]);
});

test('a finished stage is enough: the last one needs no tab any more', async () => {
  const { app, endTab } = await grid({
    breakpoints: { beforeLease: async ({ workerId }) => void (workerId === LOCAL_WORKER && (await gone)) },
  });
  let tell = (): void => undefined;
  const gone = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const jobId = await submit(app, 'SELECT 46 ;; SELECT c0 FROM in0');
  await until(app, () => app.grid.scheduler.job(jobId)?.stages[1]?.running === 1);
  await endTab();
  await until(app, () => app.grid.scheduler.workers().length === 0);
  tell();
  expect(await resultOf(app, jobId)).toMatchObject({ rows: [[46]] });
});

test('no thread before the first tab, none some time after the last, and none after closing', async () => {
  const clock = new TestClock();
  const { app, url } = await testApp({ localSlot: true, clock });
  const { local, scheduler } = app.grid;
  expect(local?.threadIds).toEqual([]);
  const first = await FakeWorker.join(url);
  expect(local?.threadIds).toHaveLength(1);
  await until(app, () => hasJoined(app));
  const [thread] = local?.threadIds ?? [];
  first.socket.close();
  await until(app, () => scheduler.workers().length === 0);
  clock.advance(30_000);
  const second = await FakeWorker.join(url);
  expect(local?.threadIds).toEqual([thread]);
  second.socket.close();
  await until(app, () => scheduler.workers().length === 0);
  clock.advance(60_000);
  expect(scheduler.story(LOCAL_WORKER).at(-1)).toMatchObject({ what: 'workerLost' });
  await FakeWorker.join(url);
  expect(local?.threadIds).not.toContain(thread);
  // Closed while it boots.
  await app.close();
  expect(local?.threadIds).toEqual([]);
});

test('a slot that does not start leaves the work to tabs', async () => {
  const { app, url } = await testApp({ localSlot: true, ...parts(slotWith({ entry: '/nowhere/slot-entry.js' })) });
  await realTab(url);
  const jobId = await submit(app, 'SELECT 47 ;; SELECT c0 FROM in0');
  expect(await resultOf(app, jobId)).toMatchObject({ rows: [[47]] });
  expect(endsOf(app, jobId)).toMatchObject([{ local: false }, { local: false }]);
  // The tab may well be done before the thread has found that it can't start.
  await expect.poll(() => app.grid.local?.threadIds, { timeout: 10_000 }).toEqual([]);
});
