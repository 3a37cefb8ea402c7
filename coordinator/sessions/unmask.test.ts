import http from 'node:http';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { installUnmask, unmask } from './unmask.ts';

test('the mask is taken off whatever the length and place, and nothing beside', () => {
  fc.assert(
    fc.property(fc.nat(9), fc.nat(70), fc.uint8Array({ minLength: 4, maxLength: 4 }), (from, length, mask) => {
      const all = Uint8Array.from({ length: 100 }, (_, i) => i * 7);
      const expected = all.map((byte, i) => (i < from || i >= from + length ? byte : byte ^ (mask[(i - from) % 4] ?? 0)));
      unmask(all.subarray(from, from + length), mask);
      expect(all).toEqual(expected);
    }),
  );
});

test('ws takes what stands in node:http; what Node has stays', () => {
  const own = (): void => undefined;
  const masking = http as { websocketMask?: unknown; websocketUnmask?: unknown };
  const before = { ...masking };
  try {
    Object.assign(masking, { websocketMask: undefined, websocketUnmask: own });
    installUnmask();
    expect(masking.websocketUnmask).toBe(own);
    const out = new Uint8Array(6);
    (masking.websocketMask as (...args: unknown[]) => void)(Uint8Array.of(1, 2, 3), Uint8Array.of(255, 0, 255, 0), out, 2, 3);
    expect([...out]).toEqual([0, 0, 254, 2, 252, 0]);
  } finally {
    Object.assign(masking, { websocketMask: before.websocketMask, websocketUnmask: before.websocketUnmask });
  }
});
