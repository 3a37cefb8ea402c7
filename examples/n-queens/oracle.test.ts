import { expect, test } from 'vitest';
import { nQueensOracle } from './oracle.ts';

test('known counts', () => {
  expect([4, 5, 6, 7, 8, 9].map(nQueensOracle)).toEqual([2, 10, 4, 40, 92, 352]);
});
