/** Guests in real Chromium, under the pages' policy, between SQL. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compileGuestSource } from '../guest/assemblyscript/testing/compile.ts';
import type { AuthorRelation } from '../shared/plan/author-plan.ts';
import { GuestLab } from './guest-lab.ts';

let lab: GuestLab;

beforeAll(async () => {
  lab = await GuestLab.start({ tabs: 2, slots: 1 });
}, 90_000);

afterAll(() => lab.close());

type Code = Extract<AuthorRelation, { kind: 'guest' }>['code'];

/** Over all distances: the squares by a guest, and by SQL. */
async function expectSquares(code: Code): Promise<void> {
  const schema = ['x', 'square'].map((name) => ({ name, type: 'DOUBLE' }));
  const sum = (what: string, from: string): AuthorRelation => ({
    kind: 'sql',
    sql: `SELECT count(*) AS n, sum(${what}) AS s FROM ${from}`,
  });
  const answer = await lab.run({
    distances: { kind: 'sql', sql: 'SELECT CAST(distance AS DOUBLE) AS x FROM flights' },
    squares: { kind: 'guest', operation: 'map', input: 'distances', code, schema },
    result: sum('square', 'squares'),
  });
  const direct = await lab.run({ direct: sum('CAST(distance AS DOUBLE) ** 2', 'flights') });
  expect(direct.rows).toHaveLength(1);
  expect(answer.rows).toEqual(direct.rows);
}

test('a module in AssemblyScript', async () => {
  const module = await lab.module(await compileGuestSource('examples/map.ts'));
  await expectSquares({ kind: 'batch', module, function: 'square' });
});

test('a function in JavaScript', () => {
  const source = 'export const square = ({ x }) => ({ x, square: x * x });';
  return expectSquares({ kind: 'script', source, function: 'square' });
});
