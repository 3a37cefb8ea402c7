import { expect, test } from 'vitest';
import { WrittenTail } from './written-tail.ts';

const MiB = 1024 * 1024;

test('parts are found where they were written, cut and not copied', () => {
  const tail = new WrittenTail();
  const [one, two] = [Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5)];
  tail.append(10, [one]);
  tail.append(13, [two]);
  expect(tail.slice(11, 14)).toEqual([Uint8Array.of(2, 3), Uint8Array.of(4)]);
  expect(tail.slice(10, 99).map((part) => part.buffer)).toEqual([one.buffer, two.buffer]);
  expect([tail.slice(9, 12), tail.slice(15, 20)]).toEqual([[], []]);
  tail.append(100, [two]);
  expect([tail.slice(10, 99), tail.slice(100, 101)]).toEqual([[], [Uint8Array.of(4)]]);
});

test('of much only the last is kept', () => {
  const tail = new WrittenTail();
  for (let i = 0; i < 10; i++) tail.append(i * MiB, [new Uint8Array(MiB).fill(i)]);
  expect(tail.slice(5 * MiB, 10 * MiB)).toEqual([]);
  expect(tail.slice(6 * MiB, 10 * MiB).map((part) => part[0])).toEqual([6, 7, 8, 9]);
});
