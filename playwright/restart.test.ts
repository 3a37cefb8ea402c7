/**
 * `kill -9` of the coordinator in the middle of a job, at points that matter: it is started again, its workers come back by themselves,
 * and the job ends with the right answer.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JobJson } from '../client/index.ts';
import { orderLinesFile } from './data.ts';
import { MortalGrid, redoneOf } from './mortal-grid.ts';

/** `n` makes a query whose blocks no other test has made. */
const query = (n: number): string =>
  `SELECT order_key, count(*) AS n, sum(quantity) AS q FROM lines WHERE tax >= ${n / 1000} GROUP BY order_key ORDER BY q DESC, order_key LIMIT 400`;

let grid: MortalGrid;

beforeAll(async () => {
  grid = await MortalGrid.start(['--pace', '250']);
  await grid.dataset('lines', await orderLinesFile(600_000));
  await grid.addWorkers(2);
}, 120_000);

afterAll(() => grid.close());

const stage = (job: JobJson, index: number) => job.stages[index] ?? { done: 0, tasks: 0, running: 0 };

/** The job with the query, once `reached` is true of it. */
async function runUntil(sql: string, what: string, reached: (job: JobJson) => boolean): Promise<string> {
  const { id } = await grid.admin.sql(sql);
  await grid.until(what, async () => reached(await grid.job(id)));
  return id;
}

test.each([
  ['it is accepted', 1, () => true],
  ['some of its first tasks are done and others run', 2, (job: JobJson) => stage(job, 0).done > 1],
  ['its second stage runs', 3, (job: JobJson) => stage(job, 1).running > 0],
  ['some of its second stage is done', 4, (job: JobJson) => stage(job, 1).done > 0],
])(
  'a job goes on when the coordinator dies once %s',
  async (what, n, reached) => {
    const sql = query(n);
    const id = await runUntil(sql, what, reached);
    const before = await grid.job(id);
    const done = before.stages.reduce((sum, { done: tasks }) => sum + tasks, 0);
    await grid.crash();
    expect(grid.notes).toContain('goes on from the journal');
    expect(await grid.differs(id, sql, [2, 0])).toBeUndefined();
    const job = await grid.job(id);
    const { recomputes, tasks } = redoneOf(job);
    process.stderr.write(`killed once ${what}: ${done} of ${tasks} tasks were done, ${recomputes} of them ran again\n`);
    expect(recomputes).toBeLessThanOrEqual(1);
  },
  60_000,
);

test('a result that was seen is there after the coordinator died at once', async () => {
  const sql = query(5);
  const { id } = await grid.admin.sql(sql);
  const seen = await grid.result(id);
  await grid.crash();
  expect((await grid.job(id)).state).toBe('successful');
  expect(await grid.result(id)).toEqual(seen);
}, 60_000);
