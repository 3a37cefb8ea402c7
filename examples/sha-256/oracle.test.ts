import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { SIZES } from './job.ts';
import { sha256Oracle } from './oracle.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

test('finds the least nonce, in the middle of the ranges', () => {
  const [nonce = 0, ...others] = sha256Oracle(sha256, SIZES);
  expect(others).toEqual([]);
  expect(sha256(`${SIZES.text}${nonce}`)).toMatch(/^0000[0-7]/);
  const range = Math.floor(nonce / SIZES.rangeLength);
  expect(range).toBeGreaterThan(3);
  expect(range).toBeLessThan(SIZES.ranges / 2);
});
