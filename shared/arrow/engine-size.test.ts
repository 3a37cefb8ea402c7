import { expect, test } from 'vitest';
import { engineBytes } from './engine-size.ts';

test('decimals take the width of their precision, not the sixteen bytes of Arrow', () => {
  const sizes = ['DECIMAL(4,2)', 'DECIMAL(9,2)', 'DECIMAL(15,2)', 'DECIMAL(38,0)'].map((wire) => engineBytes(wire, 800, 12_800));
  expect(sizes).toEqual([1_700, 3_300, 6_500, 12_900]);
});

test('texts have a head of sixteen bytes besides their own', () => {
  expect(engineBytes('VARCHAR', 1_000, 4_000 + 5_000)).toBe(16_000 + 5_000);
});

test('all else is as large as in Arrow', () => {
  expect(engineBytes('BIGINT', 1_000, 8_000)).toBe(8_000);
});
