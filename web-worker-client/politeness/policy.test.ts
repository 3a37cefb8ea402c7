import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LIMITS } from '../../shared/limits.ts';
import { batteryRests, clampShare, clampSlots, defaultSlots, memoryPerSlotBytes, storeCapBytes } from './policy.ts';

const GiB = 1024 ** 3;

test('half the cores, between one and eight, one on phones', () => {
  expect([undefined, 1, 2, 3, 4, 16, 64].map((cores) => defaultSlots({ phone: false, ...(cores ? { cores } : {}) }))).toEqual([
    1, 1, 1, 1, 2, 8, 8,
  ]);
  expect(defaultSlots({ phone: true, cores: 8 })).toBe(1);
});

test('slots together take at most a quarter of the memory, while each keeps what an engine needs', () => {
  expect(memoryPerSlotBytes({ phone: false, memoryBytes: 32 * GiB }, 2)).toBe(LIMITS.slotMemoryBytes);
  expect(memoryPerSlotBytes({ phone: false }, 2)).toBe(GiB / 2);
  expect(memoryPerSlotBytes({ phone: true, memoryBytes: 4 * GiB }, 1)).toBe(LIMITS.slotMemoryPhoneBytes);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: 64 }), fc.boolean(), (slots, gib, phone) => {
      const each = memoryPerSlotBytes({ phone, memoryBytes: gib * GiB }, slots);
      return each >= 128 * 1024 ** 2 && (each * slots <= (gib * GiB) / 4 || each === 128 * 1024 ** 2);
    }),
  );
});

test('rests on a low battery, not on mains, and does not flutter', () => {
  expect(batteryRests({ charging: false, level: 0.2 }, false)).toBe(true);
  expect(batteryRests({ charging: true, level: 0.2 }, true)).toBe(false);
  expect(batteryRests({ charging: false, level: 0.32 }, false)).toBe(false);
  expect(batteryRests({ charging: false, level: 0.32 }, true)).toBe(true);
  expect(batteryRests({ charging: false, level: 0.36 }, true)).toBe(false);
});

test('what volunteers set is kept within bounds', () => {
  expect([-1, 0, 2.4, 1000, Number.NaN].map(clampSlots)).toEqual([1, 1, 2, LIMITS.slotsPerWorker, 1]);
  expect([0, 0.5, 2, Number.NaN].map(clampShare)).toEqual([0.05, 0.5, 1, 0.5]);
  expect(storeCapBytes({ phone: true })).toBe(LIMITS.storePhoneBytes);
});
