import { expect, test } from 'vitest';
import { invertedIndexOracle } from './oracle.ts';

test('words with their documents', () => {
  const lines = ['the cat', 'a dog', 'the dog the', 'the end'].map((line, i) => ({ doc: 12 - i, line }));
  expect(invertedIndexOracle(lines)).toEqual([
    ['a', [11]],
    ['cat', [12]],
    ['dog', [10, 11]],
    ['end', [9]],
    ['the', [9, 10, 12]],
  ]);
});
