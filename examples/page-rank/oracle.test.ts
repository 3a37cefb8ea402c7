import { expect, test } from 'vitest';
import { pageRankOracle } from './oracle.ts';

const link = (src: string, dst: string, share: number) => ({ src, dst, share });

test('a circle has equal ranks', () => {
  for (const [, rank] of pageRankOracle([link('a', 'b', 1), link('b', 'c', 1), link('c', 'a', 1)], 20))
    expect(rank).toBeCloseTo(1 / 3, 12);
});

test('ranks are 1 together, also with a node that leads nowhere, and the one that all lead to is first', () => {
  const ranks = new Map(pageRankOracle([link('a', 'c', 0.5), link('a', 'b', 0.5), link('b', 'c', 1)], 30));
  expect([...ranks.values()].reduce((sum, rank) => sum + rank, 0)).toBeCloseTo(1, 12);
  expect(ranks.get('c')).toBe(Math.max(...ranks.values()));
});
