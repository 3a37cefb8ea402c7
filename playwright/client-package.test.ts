/** `muster/client` as it is built: the same file in a page under the pages' policy, and in Node. */
import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from './browser.ts';
import { type HeadlessGrid, startHeadlessGrid } from './headless-grid.ts';

type Library = typeof import('../client/index.ts');

const BUILT = resolve(import.meta.dirname, '../dist/client/index.js');
let headless: HeadlessGrid;

beforeAll(async () => {
  headless = await startHeadlessGrid(1);
}, 60_000);

afterAll(() => headless?.close());

const EXPECTED = {
  counts: [
    ['a', 2],
    ['b', 1],
  ],
  rows: [{ x: 2 }],
  arrow: true,
};

test('in Node', async () => {
  const { connect } = (await import(BUILT)) as Library;
  const grid = connect(headless.grid.url);
  const pairs = grid.parallelize(['a', 'b', 'a']).map((word): [string, number] => [word, 1]);
  const counts = await pairs
    .reduceByKey((a, b) => a + b)
    .sortByKey()
    .collect();
  const frame = grid.sql<{ x: number }>`SELECT ${1} AS x`.map(({ x }) => ({ x: x + 1 }), { schema: { x: 'INTEGER' } });
  expect({ counts, rows: await frame.collect(), arrow: (await frame.toArrow()).length > 0 }).toEqual(EXPECTED);
});

test('in a page of Chromium, under its policy', async () => {
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage();
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    await page.route('**/client-under-test.js', (route) => route.fulfill({ path: BUILT, contentType: 'text/javascript' }));
    await page.goto(`${headless.grid.url}/dashboard`);
    // As text: what this file is compiled to would not run in a page.
    const answer = await page.evaluate(`(async () => {
      const { connect } = await import('/client-under-test.js');
      const grid = connect('');
      const pairs = grid.parallelize(['a', 'b', 'a']).map((word) => [word, 1]);
      const counts = await pairs.reduceByKey((a, b) => a + b).sortByKey().collect();
      const frame = grid.sql\`SELECT \${1} AS x\`.map(({ x }) => ({ x: x + 1 }), { schema: { x: 'INTEGER' } });
      const rows = [];
      for await (const row of frame) rows.push(row);
      return { counts, rows, arrow: (await frame.toArrow()).length > 0 };
    })()`);
    expect(answer).toEqual(EXPECTED);
    expect(problems).toEqual([]);
  } finally {
    await browser.close();
  }
});
