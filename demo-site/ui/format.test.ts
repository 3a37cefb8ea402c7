import { expect, test } from 'vitest';
import { formatBytes, formatCount, formatMs, plural } from './format.ts';

test('bytes in decimal units', () => {
  expect([0, 999, 1_000, 5_300_000, 99_950_000, 2_147_483_648].map(formatBytes)).toEqual([
    '0 B',
    '999 B',
    '1.0 kB',
    '5.3 MB',
    '100 MB',
    '2.1 GB',
  ]);
});

test('durations and counts', () => {
  expect([0.4, 12, 1_234, 12_345, 61_000, 3_720_000].map(formatMs)).toEqual([
    '<1 ms',
    '12 ms',
    '1.23 s',
    '12.3 s',
    '1 min 1 s',
    '1 h 2 min',
  ]);
  expect(formatCount(1_234_567)).toBe('1,234,567');
  expect([plural(1, 'row'), plural(2, 'row')]).toEqual(['1 row', '2 rows']);
});
