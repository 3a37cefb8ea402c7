import { expect, test } from 'vitest';
import { connect, type JobRequest } from '../index.ts';
import { sendJson, startFakeRest } from '../testing/fake-rest.ts';

test('a query with functions, or a plan, with the options of a job', async () => {
  const rest = await startFakeRest({ 'POST /v1/jobs': (_, response) => sendJson(response, 202, { jobId: 'job-1' }) });
  const grid = connect(rest.url);
  const plan = grid.table('t').limit(1).plan();
  const functions: Required<Extract<JobRequest, { sql: string }>>['functions'] = {
    f: {
      kind: 'table',
      code: { kind: 'script', source: 'export const f = (row) => [row];', function: 'f' },
      schema: [{ name: 'x', type: 'BIGINT' }],
    },
  };
  await grid.submit({ sql: 'FROM f(t)', functions, name: 'n' });
  expect((await grid.submit({ plan, weight: 2, reuse: false })).id).toBe('job-1');
  expect(rest.seen.map(({ body }) => JSON.parse(body))).toEqual([
    { sql: 'FROM f(t)', functions, name: 'n', options: {} },
    { plan, options: { weight: 2, reuse: false } },
  ]);
  await expect(grid.submit({ plan, signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
  await rest.close();
});
