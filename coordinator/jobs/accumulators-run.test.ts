/** Accumulators from a script to REST, over two workers that are processes of their own, one of which is killed midway. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import type { WorkerId } from '../../shared/ids.ts';
import type { JobCounters } from '../../shared/rest/views.ts';
import type { App } from '../app.ts';
import { DIST, until } from '../local/testing/two-stages.ts';
import type { AttemptPoint } from '../sessions/breakpoints.ts';
import { testApp } from '../sessions/testing/app-fixture.ts';

beforeAll(loadHashes);

/** Two chunks, and so two tasks. */
const ROWS = 130_000;
const SOURCE = `export const words = ({ id, line }, ctx) => {
  ctx.add('lines', 1);
  if (id % 10n === 0n) ctx.add('tenths', 0.25);
  return line.split(' ').map((word) => ({ word }));
};`;
/** A stage of its own, so that a second job finds its blocks. */
const plan = (select: string) => ({
  plan: {
    relations: [
      {
        name: 'words',
        relation: {
          kind: 'guest',
          operation: 'flatMap',
          input: 'rows',
          code: { kind: 'script', source: SOURCE, function: 'words' },
          schema: [{ name: 'word', type: 'VARCHAR' }],
        },
      },
      { name: 'out', relation: { kind: 'sql', sql: `SELECT ${select} FROM words` } },
    ],
    cache: ['words'],
    result: 'out',
  },
});

const COUNTED = { lines: ROWS, tenths: ROWS / 40 };

/** A worker of one slot, as a process. */
function worker(url: string): ChildProcess {
  const start = `import(${JSON.stringify(join(DIST, 'main.js'))}).then(async (m) => process.exit(await m.main(process.argv.slice(1))))`;
  const child = spawn(process.execPath, ['-e', start, 'worker', '--url', url, '--slots', '1'], { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('close', resolve));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return child;
}

interface JobBody {
  readonly accumulators?: object;
  readonly counters: JobCounters;
}

async function run(app: App, work: object): Promise<JobBody & { rows: unknown }> {
  const submitted = await app.inject({ method: 'POST', url: '/v1/jobs', payload: work });
  expect(submitted.statusCode, submitted.body).toBe(202);
  const { jobId } = submitted.json<{ jobId: string }>();
  const result = await app.inject(`/v1/jobs/${jobId}/result?wait=60`);
  expect(result.statusCode, result.body).toBe(200);
  return { ...(await app.inject(`/v1/jobs/${jobId}`)).json<JobBody>(), rows: result.json<{ rows: unknown }>().rows };
}

test('a worker is killed after it made its block: the block is made again and counted once, by a second job too', async () => {
  const processes = new Map<WorkerId, ChildProcess>();
  let killed: AttemptPoint | undefined;
  const afterAccept = async (point: AttemptPoint): Promise<void> => {
    if (killed || point.stage > 0) return;
    killed = point;
    processes.get(point.workerId)?.kill('SIGKILL');
  };
  const { app, url } = await testApp({ realPlanner: true, breakpoints: { afterAccept } });
  const form = new FormData();
  form.append('name', 'rows');
  const lines = Array.from({ length: ROWS }, (_, i) => `${i},word${i} w${i % 7}`);
  form.append('file', new Blob([['id,line', ...lines].join('\n')]), 'rows.csv');
  expect(await (await fetch(`${url}/v1/datasets`, { method: 'POST', body: form })).json()).toMatchObject({ rows: ROWS });
  for (const count of [1, 2]) {
    const child = worker(url);
    await until(app, () => app.grid.scheduler.workers().length === count);
    const { workerId } = app.grid.scheduler.workers().find((one) => !processes.has(one.workerId)) ?? {};
    if (workerId !== undefined) processes.set(workerId, child);
  }

  const first = await run(app, plan('count(*), count(DISTINCT word)'));
  expect(first.rows).toEqual([[2 * ROWS, ROWS + 7]]);
  expect(first.counters.recomputes).toBeGreaterThan(0);
  expect(app.grid.scheduler.workers()).toHaveLength(1);
  expect(first.accumulators).toEqual(COUNTED);

  // How many slots there are decides how the rows are cut.
  worker(url);
  await until(app, () => app.grid.scheduler.workers().length === 2);
  const second = await run(app, plan('max(length(word))'));
  expect(second.rows).toEqual([[`word${ROWS - 1}`.length]]);
  expect(second.counters.tasksReused).toBeGreaterThan(1);
  expect(second.accumulators).toEqual(first.accumulators);

  const plain = await run(app, { sql: 'SELECT count(*) FROM rows' });
  expect(plain).not.toHaveProperty('accumulators');
}, 90_000);
