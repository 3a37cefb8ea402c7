import { expect, test } from 'vitest';
import { layoutOf } from './layout.ts';
import { readSchema, schemaMessage } from './schema.ts';
import { formatSqlType, parseSqlType, sameSqlType, UnsupportedTypeError, wireTypeOf } from './types.ts';

test('types that Arrow carries travel as themselves, letter for letter', () => {
  for (const type of [
    'INTEGER',
    'DECIMAL(15,2)',
    'TIMESTAMP WITH TIME ZONE',
    'VARCHAR[]',
    'STRUCT(a INTEGER, "b c" DATE)[3]',
    'TIMESTAMP_NS',
  ]) {
    expect(wireTypeOf(type)).toBe(type);
  }
});

test.each([
  ['HUGEINT', 'DECIMAL(38,0)'],
  ['UHUGEINT', 'DECIMAL(38,0)'],
  ['UUID', 'VARCHAR'],
  ["ENUM('a', 'it''s')", 'VARCHAR'],
  ['BIT', 'VARCHAR'],
  ['BIGNUM', 'VARCHAR'],
  ['TIME WITH TIME ZONE', 'VARCHAR'],
  ['TIMESTAMP_S', 'TIMESTAMP'],
  ['TIMESTAMP_MS', 'TIMESTAMP'],
  ['"NULL"', 'INTEGER'],
  ['HUGEINT[][2]', 'DECIMAL(38,0)[][2]'],
  ['STRUCT(a UUID, "b ""c" INTEGER)', 'STRUCT("a" VARCHAR, "b ""c" INTEGER)'],
  ["MAP(ENUM('x'), STRUCT(h HUGEINT)[])", 'MAP(VARCHAR, STRUCT("h" DECIMAL(38,0))[])'],
])('%s travels as %s', (type, wire) => {
  expect(wireTypeOf(type)).toBe(wire);
  layoutOf(wire);
});

test.each([
  'UNION(a INTEGER, b VARCHAR)',
  'VARIANT',
  'GEOMETRY',
  'STRUCT(a VARIANT)',
  'DECIMAL(39,0)',
  'INTEGER[',
  '',
  'INTEGER)',
])('%s does not travel', (type) => {
  expect(() => wireTypeOf(type)).toThrow(UnsupportedTypeError);
});

test('aliases and spellings name the same type', () => {
  expect(sameSqlType('timestamptz', 'TIMESTAMP WITH TIME ZONE')).toBe(true);
  expect(sameSqlType('STRUCT(a int4)', 'STRUCT("a" INTEGER)')).toBe(true);
  expect(sameSqlType('INTEGER', 'BIGINT')).toBe(false);
  expect(formatSqlType(parseSqlType('numeric(10)'))).toBe('DECIMAL(10,0)');
});

test('a schema message reads back, and is a function of names and types', () => {
  const columns = [
    { name: 'a', wire: 'UTINYINT' },
    { name: 'größe', wire: 'DECIMAL(38,4)' },
    { name: '', wire: 'STRUCT("x" TIME, "y" MAP(VARCHAR, BLOB[2]))[]' },
    { name: 'i', wire: 'INTERVAL' },
  ];
  expect(readSchema(schemaMessage(columns))).toEqual(columns);
  expect(schemaMessage(columns)).toEqual(schemaMessage(structuredClone(columns)));
  expect(schemaMessage(columns).length % 8).toBe(0);
});
