import { expect, it } from 'vitest';
import { difference } from './difference.ts';

const COLUMNS = [
  { name: 'k', type: 'VARCHAR' },
  { name: 'v', type: 'DOUBLE' },
  { name: 'n', type: 'BIGINT' },
];
const result = (...rows: (string | number | null)[][]) => ({ columns: COLUMNS, rows });

it('takes numbers and their texts, close doubles and any order as equal', () => {
  expect(
    difference(result(['a', 1 / 3, 5], ['b', null, 6]), result(['b', null, '6'], ['a', 1 / 3 + 1e-13, '5']), []),
  ).toBeUndefined();
});

it('holds the promised order', () => {
  expect(difference(result(['b', 1, 1], ['a', 1, 1]), result(['a', 1, 1], ['b', 1, 1]), [0])).toContain('row 1');
});

it('sees other values, counts, types and NULLs', () => {
  expect(difference(result(['a', 1, 1]), result(['a', 1.001, 1]), [])).toContain('column v');
  expect(difference(result(['a', 1, 1]), result(), [])).toContain('1 rows instead of 0');
  expect(difference(result(['a', null, 1]), result(['a', 0, 1]), [])).toContain('NULL');
  expect(difference({ columns: [], rows: [] }, result(), [])).toContain('columns');
});
