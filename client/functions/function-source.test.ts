import { expect, test } from 'vitest';
import { functionSource } from './function-source.ts';

const object = {
  add(a: number, b: number) {
    return a + b;
  },
  *twice(a: number) {
    yield a;
    yield a;
  },
};
function named(a: number) {
  return a + 1;
}

/** The function that the text makes. */
const made = (fn: unknown) => new Function(`return ${functionSource(fn, 'map_1')}`)() as (...args: unknown[]) => unknown;

test('arrows, functions, methods and generators become expressions', () => {
  expect(made((x: number) => x + 1)(1)).toBe(2);
  expect(made(named)(1)).toBe(2);
  expect(made(object.add)(1, 2)).toBe(3);
  expect([...(made(object.twice)(1) as Iterable<number>)]).toEqual([1, 1]);
  expect([
    ...(made(function* () {
      yield 1;
    })() as Iterable<number>),
  ]).toEqual([1]);
});

test.each<[unknown, RegExp]>([
  [Math.max, /map_1 .* built in/],
  [named.bind(null), /bound/],
  [class {}, /not a class/],
  [async () => 1, /not async/],
  ['x', /needs a function, not string/],
  [null, /not null/],
])('%o is refused', (fn, message) => {
  expect(() => functionSource(fn, 'map_1')).toThrow(message);
});
