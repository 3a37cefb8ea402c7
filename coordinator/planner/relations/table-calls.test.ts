import { describe, expect, it } from 'vitest';
import { RefusedSql } from '../sql-errors.ts';
import { pairsOf, tokensOf } from './sql-tokens.ts';
import { tableCallsIn } from './table-calls.ts';

const NAMES = ['words', 'f'];

function callsIn(sql: string) {
  let n = 0;
  const { query, calls } = tableCallsIn(
    sql,
    (name) => NAMES.find((known) => known === name),
    (name) => `${name} ${++n}`,
  );
  return {
    sql: query.sql,
    origin: (position: number) => query.origin(position),
    calls: calls.map(({ relation, tables, params }) => [relation, tables.map((t) => t.sql), params]),
    tables: calls.flatMap((c) => c.tables),
  };
}

describe('tokens', () => {
  it('keep texts, names, numbers and comments apart', () => {
    const sql = `SELECT 'it''s (', "a "" b", $x$ ) $x$, 1.5e-3, c.d -- ( words(
      /* ( */ := E'\\'('`;
    expect(tokensOf(sql).map((t) => t.text)).toEqual([
      'SELECT',
      "'it''s ('",
      ',',
      'a " b',
      ',',
      '$x$ ) $x$',
      ',',
      '1.5e-3',
      ',',
      'c',
      '.',
      'd',
      ':=',
      "E'\\'('",
    ]);
    expect(tokensOf(sql).every((t) => t.kind === 'quoted' || sql.slice(t.start, t.end) === t.text)).toBe(true);
    expect(pairsOf(tokensOf('((a)[b])(')).size).toBe(3);
  });
});

describe('calls in FROM', () => {
  it.each([
    ['SELECT * FROM words(lines)', 'SELECT * FROM "words 1" AS "words"', [['words 1', ['FROM lines'], {}]]],
    ['FROM WORDS ( TABLE lines ) w WHERE w.x', 'FROM "words 1"  w WHERE w.x', [['words 1', ['TABLE lines'], {}]]],
    [
      "SELECT * FROM a, words((SELECT x FROM b), least := -3, \"of\" => ['a', 'b''c']) AS w(x) JOIN c USING (x)",
      'SELECT * FROM a, "words 1"  AS w(x) JOIN c USING (x)',
      [['words 1', ['SELECT x FROM b'], { least: -3, of: ['a', "b'c"] }]],
    ],
    ['SELECT (SELECT count(*) FROM words(a.b, f("C d")))', 'SELECT (SELECT count(*) FROM "words 2" AS "words")', 'refused'],
    [
      'SELECT * FROM f((SELECT * FROM words(lines) WHERE x = 1), sides)',
      'SELECT * FROM "f 2" AS "f"',
      [
        ['words 1', ['FROM lines'], {}],
        ['f 2', ['SELECT * FROM "words 1" AS "words" WHERE x = 1', 'FROM sides'], {}],
      ],
    ],
    [
      'WITH a AS (SELECT 1 AS x), b(y) AS MATERIALIZED (FROM f(a)) SELECT * FROM b JOIN f((SELECT * FROM b), on_top := true) ON 1 = 1',
      'WITH a AS (SELECT 1 AS x), b(y) AS MATERIALIZED (FROM "f 1" AS "f") SELECT * FROM b JOIN "f 2" AS "f" ON 1 = 1',
      [
        ['f 1', ['WITH a AS (SELECT 1 AS x) FROM a'], {}],
        ['f 2', ['WITH a AS (SELECT 1 AS x), b(y) AS MATERIALIZED (FROM "f 1" AS "f") SELECT * FROM b'], { on_top: true }],
      ],
    ],
    ['SELECT \'FROM words(a)\', "words"', 'SELECT \'FROM words(a)\', "words"', []],
    ['  SELECT other(x) FROM t -- words(x)\n', '  SELECT other(x) FROM t -- words(x)\n', []],
  ])('%s', (sql, rewritten, calls) => {
    if (calls === 'refused') return expect(() => callsIn(sql)).toThrow(RefusedSql);
    const found = callsIn(sql);
    expect([found.sql, found.calls]).toEqual([rewritten, calls]);
  });

  it('places are those of the text that the author wrote', () => {
    const sql = 'WITH q AS (SELECT 7 AS seven) SELECT nope FROM words((SELECT wrong FROM q)) WHERE odd';
    const { sql: query, origin, tables } = callsIn(sql);
    for (const word of ['nope', 'odd', 'seven']) expect(origin(query.indexOf(word))).toBe(sql.indexOf(word));
    const [table] = tables;
    for (const word of ['wrong', 'seven']) expect(table?.origin(table.sql.indexOf(word))).toBe(sql.indexOf(word));
  });

  it.each([
    ['SELECT words(x) FROM t', 'FROM', 7],
    ['SELECT * FROM t WHERE f(x)', 'FROM', 22],
    ['SELECT * FROM words()', 'table', 14],
    ['SELECT * FROM words(1 + 2)', 'parameters are named', 20],
    ['SELECT * FROM words(t, least := x + 1)', 'parameter', 32],
    ['WITH RECURSIVE r AS (SELECT 1 UNION ALL FROM words(r)) FROM r', 'relation', 45],
  ])('%s', (sql, hint, position) => {
    try {
      callsIn(sql);
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(RefusedSql);
      if (thrown instanceof RefusedSql)
        expect(thrown.error).toMatchObject({ hint: expect.stringContaining(hint), position, code: 'sql-refused' });
      return;
    }
    expect.unreachable('it was taken');
  });
});
