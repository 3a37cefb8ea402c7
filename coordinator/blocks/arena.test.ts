import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Arena } from './arena.ts';

const UNIT = 16 * 1024;

test('runs never overlap, lie within the arena, and all of it comes back', () => {
  const step = fc.record({
    give: fc.boolean(),
    which: fc.nat(),
    bytes: fc.nat(20 * UNIT),
    trim: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const arena = new Arena(5 * UNIT, 64 * UNIT);
      const runs: { readonly at: number; readonly bytes: number }[] = [];
      for (const { give, which, bytes, trim } of steps) {
        if (give && runs.length > 0) {
          const [run] = runs.splice(which % runs.length, 1);
          if (run) arena.give(run.at);
          continue;
        }
        const at = arena.take(bytes);
        if (at === undefined) continue;
        const kept = Math.floor(bytes * trim);
        arena.trim(at, kept);
        expect(at).toBeGreaterThanOrEqual(5 * UNIT);
        expect(at + bytes).toBeLessThanOrEqual(69 * UNIT);
        for (const run of runs) expect(at >= run.at + run.bytes || at + kept <= run.at).toBe(true);
        runs.push({ at, bytes: kept });
      }
      for (const { at } of runs) arena.give(at);
      expect(arena.usedBytes).toBe(0);
      expect(arena.take(64 * UNIT)).toBe(5 * UNIT);
    }),
  );
});

test('what is full says so; what was never taken can’t be given back', () => {
  const arena = new Arena(0, 4 * UNIT);
  expect(arena.take(3 * UNIT)).toBe(0);
  expect(arena.take(2 * UNIT)).toBeUndefined();
  expect(arena.take(1)).toBe(3 * UNIT);
  expect(() => arena.give(UNIT)).toThrow('no run');
});
