import { expect, test } from 'vitest';
import type { Cell } from '../types.ts';
import { rowReader } from './cell-values.ts';
import { JsonRows } from './json-rows.ts';

const RESULT = {
  columns: [{ name: 'a"],[{', type: 'VARCHAR' }],
  rows: [['x]]"\\'], [[1, [2]]], [{ b: '}' }], [null]] as Cell[][],
};

test('rows come as they are complete, however the text is cut', () => {
  const text = `${JSON.stringify(RESULT)}\n`;
  for (const chars of [1, 2, 7, 1000]) {
    const parser = new JsonRows();
    const rows: (readonly Cell[])[] = [];
    for (let at = 0; at < text.length; at += chars) rows.push(...parser.feed(text.slice(at, at + chars)));
    expect(rows).toEqual(RESULT.rows);
    expect(parser.columns).toEqual(RESULT.columns);
  }
  const parser = new JsonRows();
  expect(parser.feed('{"columns":[{"name":"a","type":"INTEGER"}],"rows":[[1],[2')).toEqual([[1]]);
});

test('cells become values by their types; names tell columns apart', () => {
  const columns = [
    ['n', 'BIGINT'],
    ['n', 'HUGEINT'],
    ['d', 'DOUBLE'],
    ['b', 'BLOB'],
    ['l', 'BIGINT[]'],
    ['s', 'STRUCT(a UBIGINT, b VARCHAR)'],
    ['m', 'MAP(BIGINT, DOUBLE)'],
    ['t', 'DECIMAL(5,2)'],
    ['i', 'INTEGER'],
    ['z', 'SOMETHING NEW'],
  ].map(([name = '', type = '']) => ({ name, type }));
  const row = rowReader(columns);
  expect(
    row([1, '36893488147419103232', 'NaN', 'AP8=', [1, null], { a: '5', b: 'x' }, [[1, 'Infinity']], '1.50', 3, 'z']),
  ).toEqual({
    n: 1n,
    n_1: 36893488147419103232n,
    d: Number.NaN,
    b: new Uint8Array([0, 255]),
    l: [1n, null],
    s: { a: 5n, b: 'x' },
    m: [[1n, Number.POSITIVE_INFINITY]],
    t: '1.50',
    i: 3,
    z: 'z',
  });
  expect(Object.values(row(columns.map(() => null)))).toEqual(columns.map(() => null));
});
