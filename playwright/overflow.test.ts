/**
 * More intermediate data than the tabs' stores may keep: the rest goes to the coordinator's disk and the job ends rightly; where that
 * has no room either, the job ends with an error that names the stage and says what to change. `muster bench overflow` is the same with gigabytes.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeAll, expect, test } from 'vitest';
import type { ProblemError } from '../client/index.ts';
import { Native } from '../coordinator/cli/demo/native.ts';
import { runHeadlessWorker } from '../web-worker-client/headless/index.ts';
import { countersOf, Grid, type GridOptions } from './grid.ts';
import { BULKY_ROW_BYTES, bulkyJoinSql, bulkySideSql } from './tables.ts';

const MiB = 2 ** 20;
const MADE_BYTES = 160 * MiB;
const STORE_CAP_BYTES = 32 * MiB;
const SLOT_MEMORY_BYTES = 128 * MiB;
const ROWS = Math.ceil(MADE_BYTES / 2 / BULKY_ROW_BYTES);
const SQL = bulkyJoinSql('a', 'b');
const slotEntry = resolve(import.meta.dirname, '..', 'dist', 'node', 'slot-entry.js');

let folder: string;
let undo: (() => unknown)[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'muster-overflow-'));
  const native = await Native.open();
  for (const [name, seed] of [
    ['a', 1],
    ['b', 2],
  ] as const) {
    await native.run(bulkySideSql(ROWS, seed, join(folder, `${name}.parquet`)));
  }
  native.close();
  return () => rmSync(folder, { recursive: true, force: true });
}, 60_000);

afterEach(async () => {
  for (const step of undo.reverse()) await step();
  undo = [];
});

/** Two slots with small memory, and one small store between them. */
async function start(options: GridOptions = {}): Promise<Grid> {
  const grid = await Grid.start(options);
  undo.push(() => grid.close());
  for (const name of ['a', 'b']) await grid.dataset(name, join(folder, `${name}.parquet`));
  const stop = new AbortController();
  const worker = runHeadlessWorker({
    url: grid.url,
    slots: 2,
    slotEntry,
    memoryPerSlotBytes: SLOT_MEMORY_BYTES,
    storeCapBytes: STORE_CAP_BYTES,
    signal: stop.signal,
  });
  undo.push(async () => {
    stop.abort();
    await worker;
  });
  await grid.until('the worker has joined', async () => (await grid.workers()).some((w) => w.slots === 2));
  return grid;
}

test('what the store has no room for goes to the coordinator, and the answer is right', async () => {
  const grid = await start();
  const { difference, job } = await grid.compare(SQL);
  expect(difference).toBeUndefined();
  const made = job.stages.filter(({ title }) => /split by hash/.test(title)).reduce((sum, { bytes }) => sum + bytes, 0);
  expect(made).toBeGreaterThan(0.9 * MADE_BYTES);
  expect(countersOf(job).recomputes).toBe(0);
  // The last stage's one row is all that would have gone there anyway.
  const taken = grid.stories().filter(({ what }) => what === 'blockCollected');
  expect(taken.length).toBeGreaterThan(1);
  expect(grid.stories().map(({ what }) => what)).toContain('storeFull');
}, 60_000);

test('where the coordinator has no room either, the job fails and says where and what to do', async () => {
  const grid = await start({ limits: { coordinatorDiskBytes: 16 * MiB } });
  const handle = await grid.sql(SQL);
  const problem = (await handle.rows().catch((error: unknown) => error)) as ProblemError;
  expect(problem).toMatchObject({ status: 422, code: 'storage-full', stage: expect.any(Number) });
  expect(problem.detail).toMatch(/outputs of stage \d \(scan [ab], split by hash\)/);
  expect(problem.hint).toMatch(/more tabs|disk space/);
}, 60_000);
