import fc from 'fast-check';
import { expect, it } from 'vitest';
import { appended, Few } from './few.ts';

it('answers as a map would, in the same order', () => {
  const keys = [{ n: 0 }, { n: 1 }, { n: 2 }];
  const step = fc.record({ at: fc.nat(2), sets: fc.boolean(), value: fc.nat(9) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const few = new Few<{ n: number }, number>();
      const map = new Map<{ n: number }, number>();
      for (const { at, sets, value } of steps) {
        const key = keys[at] ?? { n: -1 };
        if (sets) {
          few.set(key, value);
          map.set(key, value);
        } else {
          expect(few.delete(key)).toBe(map.delete(key));
        }
        expect([...few]).toEqual([...map]);
        expect([...few.keys()]).toEqual([...map.keys()]);
        expect(few.size).toBe(map.size);
        for (const each of keys) expect([few.has(each), few.get(each)]).toEqual([map.has(each), map.get(each)]);
      }
    }),
  );
});

it('adds to a copy', () => {
  const none: readonly number[] = [];
  const one = appended(none, 1);
  expect([none, one, appended(one, 2)]).toEqual([[], [1], [1, 2]]);
});
