/** An author's endless loop on one of two tabs: other jobs go on, also those that were leased behind it. */
import { beforeAll, expect, test } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import { until } from '../local/testing/two-stages.ts';
import { grid, run } from './testing/rows-grid.ts';

beforeAll(loadHashes);

const LOOP = {
  plan: {
    relations: [
      { name: 'few', relation: { kind: 'sql', sql: 'SELECT id FROM rows WHERE id < 3' } },
      {
        name: 'loop',
        relation: {
          kind: 'guest',
          operation: 'map',
          input: 'few',
          code: { kind: 'script', source: 'export const loop = () => { for (;;); };', function: 'loop' },
          schema: [{ name: 'id', type: 'BIGINT' }],
        },
      },
    ],
    result: 'loop',
  },
};

test('a query that was leased behind it ends while it runs on', { timeout: 60_000 }, async () => {
  const app = await grid();
  await run(app, { sql: 'SELECT sum(id) FROM rows' });
  const submitted = await app.inject({ method: 'POST', url: '/v1/jobs', payload: LOOP });
  const { jobId } = submitted.json<{ jobId: string }>();
  const lines = () => app.grid.scheduler.storiesSince(0).lines;
  await until(app, () => lines().some(({ what, detail }) => what === 'attemptLeased' && detail?.jobId === jobId));
  // Both chunks are loaded in one slot each: one of the two tasks waits behind the loop.
  for (let i = 0; i < 3; i++) {
    const { rows } = await run(app, { sql: `SELECT count(*), sum(id + ${i}) FROM rows` });
    expect(rows[0]?.[0]).toBe(130_000);
  }
  const moved = lines().filter(({ why }) => why.startsWith('it waited behind a task'));
  expect(moved.length).toBeGreaterThan(0);
  expect((await app.inject(`/v1/jobs/${jobId}`)).json()).toMatchObject({ state: 'running' });
  await app.inject({ method: 'DELETE', url: `/v1/jobs/${jobId}` });
});
