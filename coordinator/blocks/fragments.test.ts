import { expect, test } from 'vitest';
import { encodeFrame } from '../../shared/protocol/frames.ts';
import { readFragments } from './fragments.ts';

const LIMITS = { text: 100, binary: 1000 };
const payload = Uint8Array.from({ length: 300 }, (_, i) => i);
const frame = Buffer.from(encodeFrame({ type: 'piece', index: 3 }, [payload]));
const cut = (bytes: Buffer, ...at: readonly number[]): Buffer[] =>
  [0, ...at].map((from, i) => bytes.subarray(from, at[i] ?? bytes.length));

test.each([
  ['whole', [frame], 1],
  ['within its payload', cut(frame, 100, 200), 3],
  ['at the end of its header', cut(frame, frame.length - payload.length), 1],
  ['within its header', cut(frame, 2, 20), 1],
] as const)('a frame that came cut %s', (_, fragments, parts) => {
  const read = readFragments(fragments, LIMITS);
  expect(read.message).toEqual({ type: 'piece', index: 3 });
  expect(read.payload).toHaveLength(parts);
  expect(Buffer.compare(Buffer.concat(read.payload), payload)).toBe(0);
});

test('an empty payload is one part', () => {
  expect(readFragments([Buffer.from(encodeFrame({}, []))], LIMITS).payload.map((part) => part.length)).toEqual([0]);
});

test('too long a frame, or no frame, is refused', () => {
  expect(() => readFragments(cut(frame, 100), { text: 100, binary: frame.length - 1 })).toThrow('over the limit');
  expect(() => readFragments([], LIMITS)).toThrow('at least 4 bytes');
  expect(() => readFragments([Buffer.of(200, 0, 0, 0, 1)], LIMITS)).toThrow('longer than the frame');
});
