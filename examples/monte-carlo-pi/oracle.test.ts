import { expect, test } from 'vitest';
import { SIZES } from './job.ts';
import { monteCarloPiOracle } from './oracle.ts';

test('is near pi', () => {
  expect(monteCarloPiOracle({ ...SIZES, seeds: 4 }).pi).toBeCloseTo(Math.PI, 1);
});
