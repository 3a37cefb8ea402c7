/** `muster/client` as it is built: the same file in a page under the pages' policy, in Node, and as a package with its declarations. */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from './browser.ts';
import { type HeadlessGrid, startHeadlessGrid } from './headless-grid.ts';

type Library = typeof import('../client/index.ts');

const ROOT = resolve(import.meta.dirname, '..');
const BUILT = join(ROOT, 'dist/client/index.js');
const run = promisify(execFile);
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

/** A program of somebody who has the package. */
const PROGRAM = `
import { type AuthorPlan, connect, type DataFrame, type Rdd } from 'muster/client';

interface Flight { readonly origin: string; readonly delay: bigint }
const grid = connect('http://127.0.0.1:1', { token: 't' });
const late: DataFrame<Flight> = grid.table<Flight>('flights').where('delay > 60');
const counts: Rdd<[string, number]> = grid.parallelize(['a']).map((word): [string, number] => [word, 1]).reduceByKey((a, b) => a + b);
const plan: AuthorPlan = late.plan();
export const rows = (): Promise<Flight[]> => late.collect();
export const pairs = (): Promise<[string, number][]> => counts.collect();
// @ts-expect-error no such column
export const wrongColumn = () => late.select('nothing');
// @ts-expect-error a number is no name: the plan's type is known
plan.result = 7;
// @ts-expect-error keys need pairs
export const wrongPairs = () => grid.parallelize([1]).reduceByKey((a, b) => a + b);
console.log(plan.relations.map(({ name }) => name).join());
`;

/** A folder in which the package is installed: what `exports` names, and nothing else. */
function consumer(): string {
  const folder = mkdtempSync(join(tmpdir(), 'muster-consumer-'));
  const installed = join(folder, 'node_modules', 'muster');
  mkdirSync(installed, { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(installed, 'package.json'));
  cpSync(join(ROOT, 'dist', 'client'), join(installed, 'dist', 'client'), { recursive: true });
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    target: 'es2022',
    lib: ['es2023', 'dom'],
    types: [],
    module: 'nodenext',
  };
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['program.ts'] }));
  writeFileSync(join(folder, 'program.ts'), PROGRAM);
  return folder;
}

test('installed: a strict TypeScript program compiles against its declarations, and runs in Node', async () => {
  await run(process.execPath, [join(ROOT, 'scripts/build.mjs'), '--only', 'client-types']);
  const folder = consumer();
  try {
    const compiled = run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc')], { cwd: folder });
    expect(await compiled.catch((error: { stdout: string }) => error)).toMatchObject({ stdout: '' });
    expect(await run(process.execPath, ['program.js'], { cwd: folder })).toMatchObject({ stdout: 'where_1\n' });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
