import { expect, it } from 'vitest';
import { OldestFirst, OldestFirstSet } from './oldest-first.ts';

it('keeps the order in which keys came first, whatever is taken out of it', () => {
  const map = new OldestFirst<string, number>();
  for (const [i, key] of ['a', 'b', 'c', 'd'].entries()) map.set(key, i);
  map.set('a', 9);
  expect([...map.keys()]).toEqual(['a', 'b', 'c', 'd']);
  expect(map.oldest()).toBe(0);
  expect([map.delete('a'), map.delete('c'), map.delete('x')]).toEqual([true, true, false]);
  map.set('a', 4);
  expect([...map.values()]).toEqual([1, 3, 4]);
  expect([map.size, map.has('c'), map.has('d'), map.oldest()]).toEqual([3, false, true, 1]);
  for (const key of ['b', 'd', 'a']) map.delete(key);
  expect([map.size, map.oldest(), [...map.keys()]]).toEqual([0, undefined, []]);
});

it('can be read while members go and come', () => {
  const set = new OldestFirstSet<number>();
  for (let i = 0; i < 6; i++) set.add(i);
  const seen: number[] = [];
  for (const member of set) {
    seen.push(member);
    set.delete(member);
    if (member === 1) for (const other of [2, 3]) set.delete(other);
    if (member === 4) set.add(7);
  }
  expect(seen).toEqual([0, 1, 4, 5, 7]);
});

it('finds the oldest of many at no cost, however many went before it', () => {
  const set = new OldestFirstSet<number>();
  for (let i = 0; i < 200_000; i++) set.add(i);
  let sum = 0;
  for (let i = 0; i < 200_000; i++) {
    const [oldest] = set;
    sum += oldest === i ? 1 : 0;
    set.delete(i);
  }
  expect(sum).toBe(200_000);
});
