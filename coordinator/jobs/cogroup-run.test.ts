/** Cogroups over inputs that lie right already, and over some that only seem to: on two real tabs, against SQL. */
import { beforeAll, expect, test } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import type { JobId } from '../../shared/ids.ts';
import { grid, run, runPlan, sql } from './testing/rows-grid.ts';

beforeAll(loadHashes);

const SOURCE = `export const met = ({ k }, left, right) => {
    const sum = (rows) => rows.reduce((total, row) => total + BigInt(row.v), 0n);
    return [{ k, a: sum(left), b: sum(right) }];
  };
  export const total = {
    zero: () => 0n, add: (sum, { v }) => sum + v, merge: (a, b) => a + b, finish: (v, { k }) => ({ k, v }),
  };`;
const code = (name: string) => ({ kind: 'script', source: SOURCE, function: name });
const columns = (...names: string[]) => names.map((name) => ({ name, type: 'BIGINT' }));
const split = (input: string, partitions: number, key = 'k') => ({ kind: 'repartition', input, partitions, keys: [key] });

const A = 'SELECT g AS k, v FROM rows WHERE id % 50 = 0';
const B = 'SELECT g * 2 AS k, v FROM rows WHERE id % 70 = 0';
const a = sql(A);
const b = sql(B);
const narrow = sql(`SELECT k::INTEGER AS k, v FROM (${B})`);
const totals = (input: string) => ({ kind: 'aggregate', input, keys: ['k'], code: code('total'), schema: columns('k', 'v') });

test('what meets is the same, whatever moves for it', async () => {
  const app = await grid();
  const sums = (of: string): string => `(SELECT k, sum(v) AS v FROM (${of}) GROUP BY k)`;
  const same = `SELECT coalesce(a.k, b.k) AS k, coalesce(a.v, 0), coalesce(b.v, 0) FROM ${sums(A)} a FULL JOIN ${sums(B)} b ON a.k = b.k ORDER BY 1`;
  const expected = (await run(app, { sql: same })).rows.map((row) => row.map(Number));
  expect(expected.length).toBeGreaterThan(1000);

  const cases: readonly [name: string, stages: number, relations: Record<string, object>, input: string, other: string][] = [
    ['both lie right', 4, { a: split('a0', 5), b: split('b0', 5) }, 'a', 'b'],
    ['one follows', 4, { a: split('a0', 5), b }, 'a', 'b'],
    ['grouped', 4, { a1: split('a0', 5), a: sql('SELECT k, sum(v)::BIGINT AS v FROM a1 GROUP BY k'), b }, 'a', 'b'],
    ['reduced by a script', 4, { a1: split('a0', 5), a: totals('a1'), b1: split('b0', 5), b: totals('b1') }, 'a', 'b'],
    ['other numbers of partitions', 5, { a: split('a0', 5), b: split('b0', 3) }, 'a', 'b'],
    ['another key', 5, { a: split('a0', 5, 'v'), b: split('b0', 5) }, 'a', 'b'],
    ['a narrower key', 5, { a: split('a0', 5), n: narrow, b: split('n', 5) }, 'a', 'b'],
  ];
  for (const [name, stages, relations, input, other] of cases) {
    const met = { kind: 'cogroup', input, other, keys: ['k'], code: code('met'), schema: columns('k', 'a', 'b') };
    const ran = await runPlan(app, { a0: a, b0: b, ...relations, met, out: sql('SELECT * FROM met ORDER BY k') });
    expect([name, ran.rows.map((row) => row.map(Number))]).toEqual([name, expected]);
    expect([name, app.grid.scheduler.job(ran.jobId as JobId)?.stages.length]).toEqual([name, stages]);
  }
}, 90_000);
