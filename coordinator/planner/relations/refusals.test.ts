/** What authors of plans are told before anything runs. */
import { describe, expect, it } from 'vitest';
import type { AuthorPlan } from '../../../shared/plan/author-plan.ts';
import type { SqlError } from '../sql-errors.ts';
import { batch, map, N, planningRoom, type Relations, STREAM, script, sql } from './testing/plans.ts';

const room = planningRoom();

async function refusal(relations: Relations, options?: Partial<AuthorPlan>): Promise<SqlError> {
  const outcome = await room.plan(relations, options);
  if (outcome.ok) throw new Error('it was planned');
  return outcome.error;
}

const FUNCTIONS: AuthorPlan['functions'] = {
  words: { kind: 'table', code: script('words'), schema: [{ name: 'word', type: 'VARCHAR' }] },
  total: { kind: 'aggregate', args: ['v'], code: script('total'), returns: { name: 'total', type: 'BIGINT' } },
};

describe('what authors are told', () => {
  it.each<[string, Relations, Partial<SqlError>, Partial<AuthorPlan>?]>([
    [
      'an unknown relation',
      { out: map('fligths') },
      { code: 'plan-unknown-relation', relation: 'out', hint: 'Did you mean "flights"?' },
    ],
    ['one that comes later', { a: map('b'), b: sql('SELECT 1 AS x') }, { code: 'plan-unknown-relation', relation: 'a' }],
    [
      'an unknown table in SQL',
      { a: sql('SELECT 1 AS x'), b: sql('SELECT * FROM aa') },
      { code: 'sql-unknown-table', relation: 'b', position: 14 },
    ],
    [
      'an unknown column of a relation in SQL',
      { a: sql('SELECT 1 AS first'), b: sql('SELECT firts FROM a') },
      { code: 'sql-unknown-column', relation: 'b', hint: expect.stringContaining('first') },
    ],
    [
      'an unknown key',
      { out: { kind: 'aggregate', input: 'flights', keys: ['orgin'], code: script('f'), schema: N } },
      { code: 'plan-unknown-column', hint: 'Did you mean "origin"?' },
    ],
    [
      'a key named twice',
      { out: { kind: 'aggregate', input: 'flights', keys: ['origin', 'origin'], code: script('f'), schema: N } },
      { code: 'plan-invalid' },
    ],
    [
      'an unknown module',
      { out: map('flights', { code: { ...batch('sum'), module: 'c'.repeat(64) } }) },
      { code: 'plan-unknown-module' },
    ],
    [
      'an unknown function',
      { out: map('flights', { code: batch('summ') }) },
      { code: 'plan-unknown-function', hint: 'Did you mean "sum"?' },
    ],
    [
      'the wrong kind of module',
      { out: map('flights', { code: { ...batch('sum'), module: STREAM.digest } }) },
      { code: 'plan-invalid', hint: 'Say code.kind "stream".' },
    ],
    [
      'an unknown key to split by',
      { out: { kind: 'repartition', input: 'flights', partitions: 4, keys: ['orgin'] } },
      { code: 'plan-unknown-column', hint: 'Did you mean "origin"?' },
    ],
    [
      'a key that no hash tells',
      {
        times: map('airports', { schema: [{ name: 't', type: 'TIME WITH TIME ZONE' }] }),
        out: { kind: 'repartition', input: 'times', partitions: 4, keys: ['t'] },
      },
      { code: 'plan-schema', relation: 'out' },
    ],
    [
      'numbers without a name of their own',
      { rows: sql('SELECT 1 AS Index'), out: { kind: 'zipWithIndex', input: 'rows' } },
      { code: 'plan-schema', relation: 'out', hint: expect.stringContaining('`column`') },
    ],
    [
      'what a guest in FROM is given',
      { out: sql('SELECT * FROM words((SELECT orgin FROM flights))') },
      { code: 'sql-unknown-column', relation: 'out', position: 28, hint: expect.stringContaining('origin') },
      { functions: FUNCTIONS },
    ],
    [
      'a function of rows among values',
      { out: sql('SELECT words(origin) FROM flights') },
      { code: 'sql-refused', relation: 'out', position: 7 },
      { functions: FUNCTIONS },
    ],
    [
      'a column that a guest does not make',
      { out: sql('SELECT wrod FROM words(flights)') },
      { code: 'sql-unknown-column', position: 7, hint: expect.stringContaining('word') },
      { functions: FUNCTIONS },
    ],
    ...['total(DISTINCT delay)', 'total(delay) FILTER (WHERE delay > 1)', 'total(delay) OVER ()'].map(
      (call): [string, Relations, Partial<SqlError>, Partial<AuthorPlan>] => [
        `a guest as an aggregate with more: ${call}`,
        { out: sql(`SELECT ${call} FROM flights`) },
        { code: 'sql-binding', detail: expect.stringContaining('total()'), relation: 'out' },
        { functions: FUNCTIONS },
      ],
    ),
    [
      'too few arguments of one',
      { out: sql('SELECT total() FROM flights') },
      { code: 'sql-binding', relation: 'out' },
      { functions: FUNCTIONS },
    ],
    [
      'grouping sets of one',
      { out: sql('SELECT origin, total(delay) FROM flights GROUP BY ROLLUP (origin)') },
      { code: 'sql-refused', hint: expect.stringContaining('UNION ALL') },
      { functions: FUNCTIONS },
    ],
    [
      'other keys than it is made for',
      { out: sql('SELECT total(delay) FROM flights GROUP BY origin') },
      { code: 'plan-schema', relation: 'total' },
      {
        functions: {
          total: { kind: 'aggregate', args: ['v'], code: script('f'), returns: { name: 'n', type: 'BIGINT' }, keys: [] },
        },
      },
    ],
    ...['sum', 'unnest'].map((name): [string, Relations, Partial<SqlError>, Partial<AuthorPlan>] => [
      `a name that SQL has: ${name}`,
      { out: sql('SELECT sum(delay) FROM flights') },
      { detail: expect.stringContaining(`${name}()`), hint: 'Call yours something else.' },
      { functions: { [name]: { kind: 'aggregate', args: ['v'], code: script('f'), returns: { name: 'n', type: 'BIGINT' } } } },
    ]),
    ['no schema', { out: map('flights', { schema: undefined }) }, { code: 'plan-schema' }],
    [
      'a type that there is not',
      { out: map('flights', { schema: [{ name: 'n', type: 'INTEGRE' }] }) },
      { code: 'plan-schema', detail: expect.stringContaining('INTEGRE') },
    ],
    [
      'a type that does not travel',
      { out: map('flights', { schema: [{ name: 'n', type: 'UNION(a INTEGER)' }] }) },
      { code: 'plan-schema' },
    ],
    [
      'two columns of one name',
      { out: map('flights', { schema: [...N, { name: 'N', type: 'DATE' }] }) },
      { code: 'plan-schema' },
    ],
    [
      'two columns of one name in SQL',
      { a: sql('SELECT origin, origin FROM flights'), b: map('a') },
      { code: 'plan-schema', relation: 'a' },
    ],
    ['two relations of one name', { a: sql('SELECT 1 AS x'), A: sql('SELECT 1 AS x') }, { code: 'plan-invalid' }],
    ['a filter with other columns', { out: map('flights', { operation: 'filter' }) }, { code: 'plan-schema' }],
    [
      'no state of a module’s aggregate',
      { out: { kind: 'aggregate', input: 'flights', keys: [], code: batch('sum'), schema: N } },
      { code: 'plan-schema' },
    ],
    [
      'a key that a script needs itself',
      { out: { kind: 'aggregate', input: 'airports', keys: ['state'], code: script('f'), schema: N } },
      { code: 'plan-schema', detail: expect.stringContaining('"state"') },
    ],
    [
      'a state without the keys',
      { out: { kind: 'aggregate', input: 'flights', keys: ['origin'], code: batch('sum'), state: N, schema: N } },
      { code: 'plan-schema' },
    ],
    [
      'keys of types that cannot be equal',
      { out: { kind: 'cogroup', input: 'flights', other: 'order_lines', keys: ['date'], code: batch('sum'), schema: N } },
      { code: 'plan-unknown-column' },
    ],
    [
      'a list of several types as a parameter',
      { out: map('flights', { code: { ...script('f'), params: { p: [1, 'a'] } } }) },
      { code: 'plan-invalid' },
    ],
    [
      'keys of types that are never equal',
      {
        a: sql('SELECT 1 AS k'),
        b: sql("SELECT 'x' AS k"),
        out: { kind: 'cogroup', input: 'a', other: 'b', keys: ['k'], code: batch('sum'), schema: N },
      },
      { code: 'plan-schema', hint: 'Cast one of them in SQL before.' },
    ],
    [
      'a column whose name is a long query',
      { a: sql(`SELECT ${'1 + '.repeat(100)} 1`), b: map('a') },
      { code: 'plan-schema', hint: 'Name the columns with AS.' },
    ],
    ['a function without a name', { out: map('flights', { code: script('') }) }, { code: 'plan-unknown-function' }],
    ['an unknown result', { out: map('flights') }, { code: 'plan-unknown-relation' }, { result: 'other' }],
    ['an unknown cached relation', { out: map('flights') }, { code: 'plan-unknown-relation' }, { cache: ['other'] }],
    [
      'SQL that runs as a whole only',
      { out: sql('WITH RECURSIVE r AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM r WHERE i < 3) FROM r') },
      { code: 'sql-unsupported', relation: 'out' },
    ],
    ['what SQL must not do', { out: sql("COPY flights TO 'x'") }, { code: 'sql-refused', relation: 'out' }],
  ])('%s', async (_, relations, error, options) => {
    expect(await refusal(relations, options)).toMatchObject(error);
  });
});

it('names of relations win over datasets, and are gone with their plan', async () => {
  const outcome = await room.plan({ flights: sql('SELECT 1 AS mine'), out: sql('SELECT mine FROM flights') });
  expect(outcome).toMatchObject({ ok: true, plan: { datasets: [] } });
  expect((await room.plan({ out: sql('SELECT count(delay) FROM flights') })).ok).toBe(true);
  expect((await refusal({ out: sql('SELECT mine FROM out') })).code).toBe('sql-unknown-table');
});
