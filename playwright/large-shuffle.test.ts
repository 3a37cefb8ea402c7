/**
 * A join that shuffles more than 200 MiB between browser profiles, through a coordinator that is a process of its own: the answer is
 * native DuckDB's, the coordinator's memory stays flat, and no transfer holds another up for ever.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Connection, connect, type JobJson, type ResultJson } from '../client/index.ts';
import { adminToken } from '../coordinator/cli/data-dir.ts';
import { difference } from '../coordinator/cli/demo/difference.ts';
import { Native } from '../coordinator/cli/demo/native.ts';
import { CoordinatorProcess } from './coordinator-process.ts';
import { wideSideFile } from './data.ts';
import { countersOf } from './grid.ts';
import { memoryGrowth } from './process-usage.ts';
import { QuietBrowser } from './quiet-browser.ts';

const MiB = 2 ** 20;
/** Both sides together: 340 MiB, of which three tabs must pass nearly two thirds on to others. */
const ROWS = 1_400_000;
const MOVED_LEAST = 200 * MiB;
const GROWTH_MOST_MIB = 64;

/** A full join can't be broadcast, and every column of both sides is needed. */
const joinOf = (a: string, b: string): string => `SELECT count(*) AS n, count(a.k) AS x, sum(a.v - b.v) AS s, max(a.t || b.t) AS m
  FROM ${a} AS a FULL JOIN ${b} AS b ON a.k = b.k WHERE coalesce(a.v, 0) <> 17`;
const LARGE = joinOf('a', 'b');
const SMALL = joinOf('(FROM a WHERE v % 10 = 3)', '(FROM b WHERE v % 10 = 4)');

let folder: string;
let coordinator: CoordinatorProcess;
let admin: Connection;
let native: Native;
let browser: QuietBrowser;
let profiles = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'muster-large-'));
  native = await Native.open();
  coordinator = await CoordinatorProcess.start(join(folder, 'data'));
  admin = connect(coordinator.url, { token: adminToken(coordinator.dataDir) });
  for (const [name, seed] of [
    ['a', 1],
    ['b', 2],
  ] as const) {
    const path = await wideSideFile(ROWS, seed);
    await native.load(name, path);
    await admin.datasets.register(name, path);
  }
  browser = await QuietBrowser.launch();
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await coordinator?.stop();
  native?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Each takes seconds to load its engine: those of an earlier test stay. */
async function haveProfiles(count: number): Promise<void> {
  for (; profiles < count; profiles++) await browser.join(`${coordinator.url}/`);
}

async function run(sql: string): Promise<{ readonly job: JobJson; readonly rows: ResultJson }> {
  const handle = await admin.sql(sql, { reuse: false });
  const rows = await handle.rows();
  return { job: await handle.status(), rows };
}

test.each([3, 6])(
  '%i profiles: the answer is right, the coordinator stays small, and no attempt ends by its deadline',
  async (count) => {
    await haveProfiles(count);
    // What memory is measured from: all tabs are there, the coordinator's own slot is up (an engine in a thread, about 205 MiB, which has
    // run the small join's last stage), and the small join's 34 MiB have compiled the relay's code and grown V8's young generation.
    const warmUp = await run(SMALL);
    expect(warmUp.job.stages.at(-1)?.onCoordinator).toBe(1);
    const movedBefore = await coordinator.relayedBytes();
    const { growthMiB, result } = await memoryGrowth(coordinator.pid, () => run(LARGE));
    const { job, rows } = result;
    expect(difference(rows, (await native.query(LARGE)).result, [])).toBeUndefined();
    expect((await coordinator.relayedBytes()) - movedBefore).toBeGreaterThan(MOVED_LEAST);
    expect(growthMiB).toBeLessThan(GROWTH_MOST_MIB);
    expect(job.stages.map(({ title, alternative }) => alternative ?? title)).toEqual([
      'scan a, split by hash',
      'scan b, split by hash',
      'full join, filter, aggregate partially',
      'aggregate finally',
    ]);
    const { ended, attempts } = countersOf(job);
    expect(ended).not.toHaveProperty('deadline');
    expect(Object.values(ended).reduce((sum, n) => sum + n, 0)).toBe(attempts);
  },
  60_000,
);
