import { expect, test } from 'vitest';
import { isPlanWords, planWords } from './plan-words.ts';

test('a plan in words is told from SQL', () => {
  const words = planWords({
    relations: [
      { name: 'points', relation: { kind: 'sql', sql: 'SELECT 1 AS x\nFROM flights' } },
      { name: 'some', relation: { kind: 'sample', input: 'points', fraction: 0.5 } },
    ],
    result: 'some',
  });
  expect(words).toBe('points: SELECT 1 AS x\nFROM flights\nsome: sample 0.5 of points\nresult: some');
  expect(isPlanWords(words)).toBe(true);
  const result = planWords({ relations: [{ name: 'result', relation: { kind: 'sql', sql: 'SELECT 1' } }], result: 'result' });
  expect(isPlanWords(result)).toBe(true);
  // DuckDB takes an alias before a colon, within a query.
  for (const sql of ['SELECT 1', 'SELECT\nresult: x FROM t', "select 'a: b\nresult: c'"])
    expect(isPlanWords(sql), sql).toBe(false);
});
