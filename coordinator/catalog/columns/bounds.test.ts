import { describe, expect, test } from 'vitest';
import { lowerBound, upperBound } from './text-bounds.ts';

const utf8 = new TextEncoder();
const compare = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

describe('text bounds', () => {
  test('short texts bound themselves', () => {
    expect(lowerBound(utf8.encode('Zürich'))).toBe('Zürich');
    expect(upperBound(utf8.encode('Zürich'))).toBe('Zürich');
  });

  test.each([
    'a'.repeat(65),
    `${'ä'.repeat(31)}xyz${'y'.repeat(40)}`,
    `${'😀'.repeat(16)}!`,
    `${'a'.repeat(63)}\ud7ff`.repeat(2),
    `${'a'.repeat(10)}${'\u{10ffff}'.repeat(20)}`,
    '\ufeffbom'.repeat(20),
  ])('long texts lie between their bounds', (text) => {
    const bytes = utf8.encode(text);
    const low = lowerBound(bytes);
    const high = upperBound(bytes) as string;
    expect(Buffer.byteLength(low)).toBeLessThanOrEqual(64);
    expect(compare(low, text)).toBeLessThanOrEqual(0);
    expect(compare(high, text)).toBeGreaterThan(0);
    for (const bound of [low, high]) expect(Buffer.from(bound).toString()).toBe(bound);
  });

  test('no bound above the largest text', () => {
    expect(upperBound(utf8.encode('\u{10ffff}'.repeat(17)))).toBeUndefined();
  });
});
