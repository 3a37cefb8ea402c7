import { expect, test } from 'vitest';
import { kMeansOracle } from './oracle.ts';

test('two heaps of points are found; a centroid without points stays where it is', () => {
  const points = { xs: [0, 1, 0, 10, 11, 10], ys: [0, 0, 1, 10, 10, 11] };
  const start = [
    { x: 0, y: 0, n: 0 },
    { x: 3, y: 3, n: 0 },
    { x: -50, y: 0, n: 0 },
  ];
  expect(kMeansOracle(points, start, 3)).toEqual([
    { x: 1 / 3, y: 1 / 3, n: 3 },
    { x: 31 / 3, y: 31 / 3, n: 3 },
    { x: -50, y: 0, n: 0 },
  ]);
});
