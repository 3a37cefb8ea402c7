import { expect, test } from 'vitest';
import { LIMITS } from '../../shared/limits.ts';
import * as policy from '../../web-worker-client/politeness/policy.ts';
import { defaultSlots, deviceOf, storeCapBytes } from './device.ts';

test('the page promises what the client does', () => {
  for (const cores of [1, 2, 3, 8, 16, 64]) {
    for (const phone of [true, false]) {
      const device = deviceOf({ cores, phone, secure: true });
      expect(defaultSlots(device)).toBe(policy.defaultSlots({ cores, phone }));
      expect(storeCapBytes(device)).toBe(policy.storeCapBytes({ cores, phone }));
    }
  }
});

test('stores keep what the page promises, less on phones', () => {
  const cap = (phone: boolean): number => storeCapBytes(deviceOf({ cores: 4, phone, secure: true }));
  expect([cap(false), cap(true)]).toEqual([LIMITS.storeDesktopBytes, LIMITS.storePhoneBytes]);
});
