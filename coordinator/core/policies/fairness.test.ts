import { expect, it } from 'vitest';
import { byTurn, type Claim } from './fairness.ts';

const claim = (authorLeases: number, authorWeight: number, jobLeases = authorLeases, jobWeight = 1): Claim => ({
  authorLeases,
  authorWeight,
  jobLeases,
  jobWeight,
});

it('the author with least for the weight comes first, whatever the jobs have', () => {
  expect(byTurn(claim(2, 1), claim(5, 3))).toBeGreaterThan(0);
  expect(byTurn(claim(2, 1), claim(7, 3))).toBeLessThan(0);
  expect(byTurn(claim(4, 1, 0), claim(3, 1, 3))).toBeGreaterThan(0);
});

it('among jobs of one author the one with least for its weight', () => {
  expect(byTurn(claim(6, 1, 2, 1), claim(6, 1, 4, 3))).toBeGreaterThan(0);
  expect(byTurn(claim(6, 1, 3, 1), claim(6, 1, 3, 1))).toBe(0);
});

it('no weight at all is served last, and never divides by nothing', () => {
  expect(byTurn(claim(1, 0), claim(900, 1))).toBeGreaterThan(0);
  expect(byTurn(claim(0, 0), claim(0, 1))).toBe(0);
});
