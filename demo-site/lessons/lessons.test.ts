import { expect, test } from 'vitest';
import { planOf, sql } from '../../examples/example.ts';
import { monteCarloPiOracle } from '../../examples/monte-carlo-pi/oracle.ts';
import { css, ramp } from './colours.ts';
import { largest } from './pictures/bars.tsx';
import { rightDigits } from './pictures/convergence.tsx';
import { darts } from './pictures/darts.ts';
import { componentSizes } from './pictures/network.tsx';
import { someSolution } from './pictures/queens.tsx';
import { escapeRaster, heatRaster, scoreMatrix, UNKNOWN } from './pictures/raster.ts';
import { scale, ticks } from './pictures/scale.ts';
import { freshened, withInputs } from './plans.ts';
import { Lines, readRows } from './row-stream.ts';
import { Tally } from './tally.ts';

const leased = (subject: string, workerId: string, jobId: string, cause = 'planned') => ({
  atMs: 0,
  subject,
  what: 'attemptLeased',
  why: '',
  detail: { workerId, jobId, cause },
});
const ended = (subject: string, how: string) => ({ atMs: 0, subject, what: 'attemptEnded', why: '', detail: { how } });

test('the tally counts by tab, of the jobs that are asked for', () => {
  const tally = new Tally();
  for (const line of [
    leased('a-1', 'w-1', 'j-1'),
    leased('a-2', 'w-2', 'j-1'),
    leased('a-3', 'w-1', 'j-2'),
    ended('a-1', 'succeeded'),
    ended('a-2', 'died'),
    leased('a-4', 'w-1', 'j-1', 'retry'),
    ended('a-0', 'succeeded'),
    leased('a-5', 'w-2', 'j-1'),
    ended('a-5', 'cancelled'),
  ])
    tally.tell(line);
  expect(tally.shares(new Set(['j-1']))).toEqual([
    { workerId: 'w-1', done: 1, running: 1, lost: 0 },
    { workerId: 'w-2', done: 0, running: 0, lost: 1 },
  ]);
  expect(tally.shares(new Set(['j-2', 'j-3']))).toEqual([{ workerId: 'w-1', done: 0, running: 1, lost: 0 }]);
});

test('lines come whole, wherever the pieces were cut', () => {
  const lines = new Lines();
  expect([lines.take('{"a"'), lines.take(':1}\n{"a":2}\n\n{'), lines.end()]).toEqual([[], ['{"a":1}', '{"a":2}'], ['{']]);
});

test('rows are told as they come, all of them each time', async () => {
  const told: unknown[] = [];
  const bytes = new TextEncoder().encode('{"w":"é","n":1}\n{"w":"b","n":2}\n{"w":"c","n":3}');
  const body = new ReadableStream({
    start(controller) {
      // In the middle of a letter.
      controller.enqueue(bytes.subarray(0, 7));
      controller.enqueue(bytes.subarray(7, 20));
      controller.enqueue(bytes.subarray(20));
      controller.close();
    },
  });
  await readRows(new Response(body), (rows) => told.push(rows.map((row) => row[0])));
  expect(told).toEqual([['é'], ['é', 'b'], ['é', 'b', 'c']]);
});

test('plans read a lesson’s data under the example’s names, and guests compute anew', () => {
  const script = { kind: 'script' as const, source: 'x', function: 'f', params: { k: 2 } };
  const plan = planOf({
    points: sql('SELECT 1'),
    out: { kind: 'guest', operation: 'map', input: 'points', code: script, schema: [{ name: 'a', type: 'INTEGER' }] },
  });
  expect(withInputs(plan, new Map([['flights', 'flights']]))).toEqual(plan);
  expect(withInputs(plan, new Map([['text', 'lesson_text_1']])).relations[0]).toEqual({
    name: 'text',
    relation: { kind: 'sql', sql: 'SELECT * FROM lesson_text_1' },
  });
  expect(freshened(plan, 7)).toMatchObject({
    relations: [{ relation: { sql: 'SELECT 1' } }, { relation: { code: { params: { k: 2, lesson_run: 7 } } } }],
  });
});

test('rasters: what is not known is transparent, what never escapes is black', () => {
  const { rgba } = escapeRaster([UNKNOWN, 100, 0, 25], 2, 2, 100);
  expect([...rgba.slice(0, 8)]).toEqual([0, 0, 0, 0, 0, 0, 0, 255]);
  expect([...rgba.slice(8, 16)]).toEqual([...ramp(0), 255, ...ramp(Math.log(26) / Math.log(101)), 255]);
  expect([...heatRaster([5], 1, 1, 5, 5).rgba]).toEqual([...ramp(0), 255]);
});

test('the ramp grows lighter, and is cut at its ends', () => {
  const light = [0, 0.25, 0.5, 0.75, 1].map((at) => ramp(at)).map(([r, g, b]) => 0.21 * r + 0.72 * g + 0.07 * b);
  expect(light).toEqual([...light].sort((a, b) => a - b));
  expect([ramp(-1), ramp(2)]).toEqual([ramp(0), ramp(1)]);
  expect(css([1, 2, 3])).toBe('rgb(1 2 3)');
});

test('scales and round marks', () => {
  const x = scale([0, 10], [100, 200]);
  expect([x(0), x(5), scale([3, 3], [0, 8])(3)]).toEqual([100, 150, 4]);
  expect(ticks([0, 28], 8)).toEqual([0, 5, 10, 15, 20, 25]);
  expect(ticks([3.1, 3.18], 4)).toEqual([3.1, 3.12, 3.14, 3.16, 3.18]);
});

test('the largest first, equal ones by name', () => {
  const amounts = [
    { name: 'b', value: 2 },
    { name: 'a', value: 2 },
    { name: 'c', value: 9 },
  ];
  expect(largest(amounts, 2).map(({ name }) => name)).toEqual(['c', 'a']);
});

test('digits are counted while they are right', () => {
  expect([rightDigits(3.1418, Math.PI), rightDigits(3.2, Math.PI), rightDigits(9, Math.PI)]).toEqual(['3.141', '3.', '']);
});

test('the darts shown are those that are counted', () => {
  const inside = [0, 1, 2].flatMap((seed) => darts(seed, 500)).filter((dart) => dart.inside).length;
  expect(inside).toBe(monteCarloPiOracle({ seeds: 3, darts: 500, partitions: 1 }).inside);
});

test('a solution for each board that has one', () => {
  for (const n of [4, 5, 8, 12]) {
    const queens = someSolution(n);
    expect(new Set(queens).size).toBe(n);
    expect(new Set(queens.map((column, row) => column + row)).size).toBe(n);
    expect(new Set(queens.map((column, row) => column - row)).size).toBe(n);
  }
  expect(someSolution(3)).toEqual([]);
});

test('scores are a matrix with both halves', () => {
  const values = scoreMatrix([[0, 2, 7]], 3, 9);
  expect([values[0], values[2], values[4], values[6]]).toEqual([9, 7, 9, 7]);
  expect(Number.isNaN(values[1])).toBe(true);
});

test('components: the largest first, equal ones by name', () => {
  expect(
    componentSizes([
      ['a', 'a'],
      ['c', 'c'],
      ['d', 'c'],
      ['e', 'e'],
    ]),
  ).toEqual([
    ['c', 2],
    ['a', 1],
    ['e', 1],
  ]);
});
