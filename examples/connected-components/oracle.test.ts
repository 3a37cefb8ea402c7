import { expect, test } from 'vitest';
import { connectedComponentsOracle } from './oracle.ts';

test('two components, one of them a chain', () => {
  const links = [
    ['d', 'e'],
    ['b', 'f'],
    ['e', 'c'],
    ['c', 'a'],
  ] as const;
  expect(connectedComponentsOracle(links)).toEqual([
    ['a', 'a'],
    ['b', 'b'],
    ['c', 'a'],
    ['d', 'a'],
    ['e', 'a'],
    ['f', 'b'],
  ]);
});
