/** Basic mode: plain http on a name that is not loopback, where browsers have no secure context. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { flightsFile } from './data.ts';
import { Grid } from './grid.ts';

const NAME = 'muster.test';
let grid: Grid;

beforeAll(async () => {
  grid = await Grid.start({ advertise: [NAME], browserArgs: [`--host-resolver-rules=MAP ${NAME} 127.0.0.1`] });
  await grid.dataset('flights', flightsFile());
}, 60_000);

afterAll(() => grid.close());

test('a tab on plain http joins with its token, loads two engines under our policy and gives the right answer', async () => {
  const token = grid.volunteerToken();
  const tab = await grid.openTab({ url: `http://${NAME}:${grid.port}/#t=${token}` });
  expect(await tab.page.evaluate(() => globalThis.isSecureContext)).toBe(false);
  expect(await tab.page.evaluate(() => globalThis.crypto.subtle === undefined)).toBe(true);
  await tab.join({ slots: 2, sharePercent: 100 });
  expect(new URL(tab.page.url()).hash).toBe('');
  const sql = 'SELECT origin, count(*) AS n, avg(delay) AS mean FROM flights GROUP BY origin ORDER BY n DESC, origin LIMIT 12';
  const { difference, job } = await grid.compare(sql, [1, 0]);
  expect(difference).toBeUndefined();
  const slots = new Set(
    grid
      .story(job.jobId)
      .filter((line) => line.what === 'attemptLeased')
      .map((line) => line.detail?.slot),
  );
  expect(slots).toEqual(new Set([0, 1]));
  expect(tab.problems).toEqual([]);
});

test('without the token the name is refused', async () => {
  const response = await fetch(`${grid.url}/v1/jobs`, { headers: { 'x-test': '1' } });
  expect(response.status).toBe(200);
  const tab = await grid.openTab({ url: `http://${NAME}:${grid.port}/` });
  const status = await tab.page.evaluate(async () => (await fetch('/v1/jobs')).status);
  expect(status).toBe(401);
});
