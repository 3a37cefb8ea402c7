/** Elements as text, here and in the tabs: the same format, without loss. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decode, encode, encodeKey } from './encoding.ts';
import { RUNTIME } from './functions/runtime.ts';

interface Runtime {
  encode(value: unknown): string;
  decode(text: string): unknown;
  keyOf(value: unknown): string;
  order(value: unknown): string;
}

/** The text that QuickJS runs, in this engine. */
const runtime = new Function(`${RUNTIME}return $muster;`)() as Runtime;

const leaf = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.double(),
  fc.integer(),
  fc.bigInt(),
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('$', '$n', '$$b', '__proto__', '\0', '\ud800', '"$'),
  fc.uint8Array({ maxLength: 9 }),
);
const { value: values } = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, leaf, fc.array(tie('value'), { maxLength: 4 }), tie('object')),
  object: fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('$', '$n', '$b', '$$')), tie('value'), {
    maxKeys: 4,
    noNullPrototype: true,
  }),
}));

test('what goes in comes out, in either engine', () => {
  fc.assert(
    fc.property(values, (value) => {
      const text = encode(value);
      expect(runtime.encode(value)).toBe(text);
      expect(decode(text)).toEqual(value);
      expect(runtime.decode(text)).toEqual(value);
      expect(runtime.keyOf(value)).toBe(encodeKey(value));
      expect(encodeKey(decode(encodeKey(value)))).toBe(encodeKey(value));
    }),
  );
});

test('keys that are alike are equal texts', () => {
  expect(encodeKey({ a: 1, b: [-0] })).toBe(encodeKey({ b: [0], a: 1 }));
  expect(encodeKey(1)).not.toBe(encodeKey(1n));
  expect(encodeKey('1')).not.toBe(encodeKey(1));
});

test.each<[unknown, RegExp]>([
  [undefined, /undefined is no value/],
  [new Date(0), /a Date is no value/],
  [new Map(), /a Map/],
  [() => 1, /a function/],
  [{ a: Symbol('x') }, /a symbol/],
])('%o is refused by both', (value, message) => {
  expect(() => encode(value)).toThrow(message);
  expect(() => runtime.encode(value)).toThrow(message);
});

const byText = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
const byValue = <T extends number | bigint>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0);

function byItems(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((x, i) => x !== b[i]);
  const [x, y] = [a[at], b[at]];
  return x === undefined || y === undefined ? byValue(a.length, b.length) : byValue(x, y);
}

function sortsAs<T>(some: fc.Arbitrary<T>, compare: (a: T, b: T) => number): void {
  const property = fc.property(some, some, (a, b) => {
    expect(byText(runtime.order(a), runtime.order(b))).toBe(compare(a, b));
  });
  fc.assert(property);
}

test('texts of order sort as their values do', () => {
  sortsAs(fc.double({ noNaN: true }), byValue);
  sortsAs(fc.bigInt(), byValue<bigint>);
  sortsAs(fc.string({ unit: 'binary' }), byText);
  sortsAs(fc.array(fc.integer({ min: -2, max: 2 }), { maxLength: 3 }), byItems);
});
