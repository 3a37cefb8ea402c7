import { describe, expect, it } from 'vitest';
import { secondAttempt, secondsMost, usualMs } from './speculation.ts';

const samples = (...ms: number[]) => ms.map((each) => ({ ms: each, bytes: 1_000 }));

describe('what is usual', () => {
  it('is the median, and more only for what reads more', () => {
    expect(usualMs(samples(900, 1_000, 9_000), 10, 1_000)).toBe(1_000);
    expect(usualMs(samples(900, 1_000, 9_000), 10, 5_000)).toBe(5_000);
    expect(usualMs(samples(900, 1_000, 9_000), 10, 1)).toBe(1_000);
  });

  it('is not known before three tasks are done, or all others of a small stage', () => {
    expect(usualMs(samples(1_000, 1_000), 10, 1_000)).toBeUndefined();
    expect(usualMs(samples(1_000), 2, 1_000)).toBe(1_000);
    expect(usualMs([], 1, 1_000)).toBeUndefined();
  });
});

describe('a second attempt', () => {
  const unknown = { elapsedMs: 0, usualMs: undefined, hereMs: undefined, thereMs: undefined };

  it('comes after one and a half times what is usual, and never for what is short', () => {
    expect(secondAttempt({ ...unknown, usualMs: 4_000 })).toEqual({ afterMs: 6_000, why: 'unusual' });
    expect(secondAttempt({ ...unknown, usualMs: 10 })).toEqual({ afterMs: 1_000, why: 'unusual' });
    expect(secondAttempt(unknown).afterMs).toBe(Number.POSITIVE_INFINITY);
  });

  it('comes at once where a worker is known to be slow, while there is much left to gain', () => {
    expect(secondAttempt({ elapsedMs: 1_000, usualMs: 9_000, hereMs: 9_000, thereMs: 2_000 })).toEqual({
      afterMs: 1_000,
      why: 'slow',
    });
    expect(secondAttempt({ elapsedMs: 6_000, usualMs: 9_000, hereMs: 9_000, thereMs: 2_000 })).toEqual({
      afterMs: 13_500,
      why: 'unusual',
    });
  });

  it('leaves three quarters of the slots to new work', () => {
    expect([1, 4, 10, 100].map(secondsMost)).toEqual([1, 1, 2, 25]);
  });
});
