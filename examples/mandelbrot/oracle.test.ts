import { expect, test } from 'vitest';
import { SIZES } from './job.ts';
import { mandelbrotOracle } from './oracle.ts';

test('0 never escapes, 2 + 2i does at once, -1.5 + i after one step more', () => {
  const of = (left: number, top: number): number | undefined =>
    mandelbrotOracle({ ...SIZES, width: 1, height: 1, left, top })[0]?.[0];
  expect([of(0, 0), of(2, 2), of(-1.5, 1), of(-1, 0)]).toEqual([SIZES.iterations, 1, 2, SIZES.iterations]);
});
