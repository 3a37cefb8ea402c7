/**
 * Common queries nested in one another at random are planned to be distributed. DuckDB itself could not resolve a third of them while
 * one of its passes ran without another that it counts on, and all of a query ran in one task.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inflatedPlanner } from './testing/inflated-planner.ts';

const { planOf } = inflatedPlanner();

/** Queries of the columns k and v, of the same types everywhere; `named` are those of the WITH in front. */
const { query } = fc.letrec<{ query: string; rows: string }>((tie) => ({
  rows: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constantFrom(
      '(SELECT origin AS k, delay AS v FROM flights)',
      '(SELECT iata AS k, 1::INTEGER AS v FROM airports)',
      'named',
    ),
    tie('query').map((of) => `(${of})`),
  ),
  query: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    tie('rows').map((of) => `SELECT k, v FROM ${of} t`),
    tie('rows').map((of) => `SELECT k, v FROM ${of} t WHERE v > 3`),
    tie('rows').map((of) => `SELECT k, max(v) AS v FROM ${of} t GROUP BY k`),
    tie('rows').map((of) => `SELECT DISTINCT k, v FROM ${of} t`),
    tie('rows').map((of) => `SELECT k, v FROM ${of} t ORDER BY v, k LIMIT 5`),
    fc.tuple(tie('rows'), tie('rows')).map(([one, two]) => `SELECT k, v FROM ${one} t UNION ALL SELECT k, v FROM ${two} u`),
    fc.tuple(tie('rows'), tie('rows')).map(([one, two]) => `SELECT t.k, u.v FROM ${one} t JOIN ${two} u ON t.k = u.k`),
    tie('rows').map((of) => `SELECT k, v FROM ${of} t WHERE k IN (SELECT iata FROM airports)`),
  ),
}));
const whole = fc.constantFrom('SELECT k, v FROM', 'SELECT v FROM', 'SELECT count(*) FROM', 'SELECT k, sum(v) FROM');

test('queries of usual parts never run as a whole in one task', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(query, query, whole, async (named, body, head) => {
      const first = 'all_airports AS (SELECT iata AS k, 2::INTEGER AS v FROM airports)';
      const second = `named AS (${named.replaceAll('named', 'all_airports')})`;
      const sql = `WITH ${first}, ${second} ${head} (${body}) q${head.includes('sum') ? ' GROUP BY k' : ''}`;
      const plan = await planOf(sql);
      expect(plan.fallbacks.filter(({ scope }) => scope === 'query')).toEqual([]);
    }),
    { numRuns: 150, seed: 7 },
  );
});
