import { expect, test } from 'vitest';
import { identifierSql, literalSql } from './literals.ts';

test.each<[unknown, string]>([
  [null, 'NULL'],
  [true, 'true'],
  [7, '7'],
  [-7, '(-7)'],
  [0.1, "CAST('0.1' AS DOUBLE)"],
  [1e21, "CAST('1e+21' AS DOUBLE)"],
  [2 ** 53, "CAST('9007199254740992' AS DOUBLE)"],
  [-0, "CAST('-0.0' AS DOUBLE)"],
  [Number.NaN, "CAST('NaN' AS DOUBLE)"],
  [Number.NEGATIVE_INFINITY, "CAST('-Infinity' AS DOUBLE)"],
  [7n, "CAST('7' AS BIGINT)"],
  [-(2n ** 63n), "CAST('-9223372036854775808' AS BIGINT)"],
  [2n ** 63n, "CAST('9223372036854775808' AS HUGEINT)"],
  ["it's", "'it''s'"],
  ["'; DROP TABLE x; --", "'''; DROP TABLE x; --'"],
  ['a\0b', "('a' || chr(0) || 'b')"],
  [new Date(Date.UTC(2024, 1, 29, 12)), "CAST('2024-02-29 12:00:00.000' AS TIMESTAMP)"],
  [new Uint8Array([0, 171]), "CAST('\\x00\\xAB' AS BLOB)"],
  [[1, 'x', [null]], "[1, 'x', [NULL]]"],
  [[], '[]'],
])('%o is %s', (value, sql) => {
  expect(literalSql(value)).toBe(sql);
});

test.each<[unknown, RegExp]>([
  [undefined, /undefined cannot stand in SQL/],
  [{ a: 1 }, /an object cannot stand in SQL/],
  [new Map(), /a Map cannot/],
  [() => 1, /a function cannot/],
  [[undefined], /undefined cannot/],
  [Symbol('x'), /a symbol cannot/],
  [new Date(Number.NaN), /must be valid/],
  [new Date(8.64e15), /years 0 to 9999/],
  [2n ** 127n, /beyond HUGEINT/],
  ['\ud800', /surrogate/],
])('%o is refused', (value, message) => {
  expect(() => literalSql(value)).toThrow(message);
  expect(() => literalSql(value)).toThrow(TypeError);
});

test('names are quoted whatever they hold', () => {
  expect(identifierSql('a "b" é')).toBe('"a ""b"" é"');
  expect(() => identifierSql('')).toThrow(TypeError);
  expect(() => identifierSql('a\0')).toThrow(TypeError);
});
