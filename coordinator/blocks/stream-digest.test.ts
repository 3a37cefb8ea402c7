/** The kernel's digests against those that it stands in for. */
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { digestOf, loadHashes } from '../../shared/hash.ts';
import { StreamDigest } from './stream-digest.ts';

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
  const digest = new StreamDigest();
  digest.update(some);
  expect(digest.digest()).toBe(digestOf(some));
  digest.close();
});

test('in parts of any length, several at a time, in places that were used before', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.nat(3000), fc.nat(500_000)), { maxLength: 6 }), fc.nat(MiB), (cuts, from) => {
      const [one, other] = [new StreamDigest(), new StreamDigest()];
      const shifted = bytes.subarray(from);
      let at = 0;
      for (const cut of cuts) {
        one.update(bytes.subarray(at, at + cut));
        other.update(shifted.subarray(at, at + cut));
        at += cut;
      }
      expect(one.digest()).toBe(digestOf(bytes.subarray(0, at)));
      expect(other.digest()).toBe(digestOf(shifted.subarray(0, at)));
      one.close();
      other.close();
    }),
  );
});

test('many states at once', () => {
  const all = Array.from({ length: 200 }, () => new StreamDigest());
  for (const [i, digest] of all.entries()) digest.update(bytes.subarray(0, i * 10));
  expect(all.map((digest) => digest.digest())).toEqual(all.map((_, i) => digestOf(bytes.subarray(0, i * 10))));
  for (const digest of all) digest.close();
});
