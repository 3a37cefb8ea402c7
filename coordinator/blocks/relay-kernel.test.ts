/** The relay's kernel against what it stands in for. */
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { digestOf, loadHashes } from '../../shared/hash.ts';
import { ARENA, digestOfBytes, kernelBytes, StreamDigest, unmask } from './relay-kernel.ts';

beforeAll(loadHashes);

const MiB = 1024 * 1024;
const bytes = Uint8Array.from({ length: 3 * MiB }, (_, i) => Math.imul(i, 2654435761) >>> 11);

/** Lengths around blocks (64), chunks (1024), groups of four, full trees and the window. */
const LENGTHS = [
  0,
  1,
  63,
  64,
  65,
  1023,
  1024,
  1025,
  2048,
  2049,
  3073,
  4096,
  4097,
  131_071,
  131_073,
  MiB - 1,
  MiB,
  MiB + 1,
  3 * MiB,
];

test.each(LENGTHS)('the digest of %i bytes is BLAKE3', (length) => {
  const some = bytes.subarray(0, length);
  expect(digestOfBytes(some)).toBe(digestOf(some));
});

test('in parts of any length, in the kernel’s memory and elsewhere, several at a time', () => {
  const [one, other] = [new StreamDigest(), new StreamDigest()];
  const inside = kernelBytes(ARENA.at, bytes.length);
  inside.set(bytes);
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.nat(3000), fc.nat(500_000)), { maxLength: 6 }), (cuts) => {
      one.start();
      other.start();
      let at = 0;
      for (const cut of cuts) {
        one.update(inside.subarray(at, at + cut));
        other.update(bytes.subarray(at, at + cut));
        at += cut;
      }
      const expected = digestOf(bytes.subarray(0, at));
      expect(one.digest()).toBe(expected);
      expect(other.digest()).toBe(expected);
    }),
  );
  one.close();
  other.close();
});

test('the mask is taken off whatever the length and place, and nothing beside', () => {
  fc.assert(
    fc.property(fc.nat(70), fc.nat(300), fc.uint8Array({ minLength: 4, maxLength: 4 }), (from, length, key) => {
      const all = kernelBytes(ARENA.at, 400);
      all.set(bytes.subarray(0, 400));
      unmask(ARENA.at + from, length, Buffer.from(key).readUInt32LE());
      const expected = bytes
        .slice(0, 400)
        .map((byte, i) => (i < from || i >= from + length ? byte : byte ^ (key[(i - from) % 4] ?? 0)));
      expect(all).toEqual(expected);
    }),
  );
});
