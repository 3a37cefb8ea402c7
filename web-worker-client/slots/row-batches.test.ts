import { expect, test } from 'vitest';
import { rowsOf, streamOf } from '../../shared/arrow/testing.ts';
import { RowBatches } from './row-batches.ts';

const COLUMNS = [{ name: 'word', wire: 'VARCHAR' }];
const piece = (...values: readonly (string | null)[]): Uint8Array => streamOf([{ wire: 'VARCHAR', values }]);
const words = (batches: readonly Uint8Array[]): unknown[][] => batches.map((batch) => rowsOf(batch).flat());

test('pieces of any size become batches of one size, and a last one', () => {
  const batches = new RowBatches(COLUMNS, 3);
  batches.add(piece('a', 'b'));
  expect(batches.take()).toEqual([]);
  batches.add(piece('c', null, 'e', 'f', 'g'));
  expect(words(batches.take())).toEqual([
    ['a', 'b', 'c'],
    [null, 'e', 'f'],
  ]);
  batches.end();
  expect(words(batches.take())).toEqual([['g']]);
  expect(batches.take()).toEqual([]);
});

test('what is given back is written over, and nothing else', () => {
  const batches = new RowBatches(COLUMNS, 2);
  batches.add(piece('a long word, so that the next fits', null));
  const [first = new Uint8Array()] = batches.take();
  const { buffer } = first;
  batches.giveBack(first);
  batches.add(piece('b', 'c', 'd', null));
  const [second = new Uint8Array(), third = new Uint8Array()] = batches.take();
  expect(second.buffer).toBe(buffer);
  expect(third.buffer).not.toBe(buffer);
  expect(words([second, third])).toEqual([
    ['b', 'c'],
    ['d', null],
  ]);
});

test('a batch that is larger than what was given back gets memory of its own', () => {
  const batches = new RowBatches(COLUMNS, 1);
  batches.add(piece('a'));
  batches.giveBack(batches.take()[0] ?? new Uint8Array());
  batches.add(piece('b'.repeat(5000)));
  expect(words(batches.take())).toEqual([['b'.repeat(5000)]]);
});
