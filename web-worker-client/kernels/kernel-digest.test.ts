import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { digestOf, loadHashes } from '../../shared/hash.ts';
import { digestOfStream } from './kernel-digest.ts';

beforeAll(loadHashes);

/** Lengths around blocks (64), chunks (1024), groups of four and full trees. */
const LENGTHS = [
  1, 63, 64, 65, 1023, 1024, 1025, 2048, 2049, 3072, 3073, 4096, 4097, 5121, 8192, 8193, 12_289, 65_536, 65_537, 131_072, 131_073,
  132_097,
];

test('the digest is BLAKE3, whatever the length', () => {
  const bytes = Uint8Array.from({ length: 200_000 }, (_, i) => Math.imul(i, 2654435761) >>> 11);
  const same = (from: number, to: number) =>
    expect(digestOfStream(bytes.subarray(from, to))).toBe(digestOf(bytes.subarray(from, to)));
  for (const length of LENGTHS) same(0, length);
  fc.assert(
    fc.property(fc.nat(99_999), fc.integer({ min: 1, max: 100_000 }), (from, length) => {
      same(from, from + length);
    }),
  );
});

test('bytes of an earlier, longer stream do not show', () => {
  digestOfStream(new Uint8Array(50_000).fill(255));
  const short = Uint8Array.of(1, 2, 3);
  expect(digestOfStream(short)).toBe(digestOf(short));
});

test('streams of many windows', () => {
  const large = new Uint8Array(20 * 1024 * 1024 + 5).fill(7);
  expect(digestOfStream(large)).toBe(digestOf(large));
  expect(digestOfStream(large.subarray(0, 100))).toBe(digestOf(large.subarray(0, 100)));
});
