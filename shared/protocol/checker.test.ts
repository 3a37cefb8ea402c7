/** The checks made of schemas against TypeBox's own, on messages that are right and on the same with something changed. */
import fc from 'fast-check';
import Type, { type TSchema } from 'typebox';
import { Check, Create } from 'typebox/value';
import { describe, expect, it } from 'vitest';
import { checkerOf } from './checker.ts';
import { DataMessage, PieceHeader } from './data.ts';
import { CoordinatorMessage, WorkerMessage } from './session.ts';

const HEX = 'ab'.repeat(32);
const SCHEMAS = { CoordinatorMessage, WorkerMessage, DataMessage, PieceHeader };

/** One value of each member of a union, and of an object with and without what is optional. */
function samples(schema: TSchema): unknown[] {
  const { anyOf, type, properties, required, items, pattern, minItems = 0, patternProperties } = schema as unknown as Shape;
  if (anyOf) return anyOf.flatMap(samples);
  if (pattern !== undefined) return [HEX];
  if (type === 'array') {
    const all = items ? samples(items) : [];
    return [...(minItems === 0 ? [[]] : []), ...all.slice(0, 8).map((one) => [one])];
  }
  if (patternProperties)
    return [{}, ...Object.values(patternProperties).flatMap((one) => samples(one).map((value) => ({ a: value })))];
  if (!properties) return [Create(schema)];
  const named = Object.entries(properties).map(([name, one]) => [name, samples(one)] as const);
  const most = Math.max(...named.map(([, values]) => values.length));
  return [...Array(most + 1).keys()].map((i) =>
    Object.fromEntries(
      named.flatMap(([name, values]) => (i < most || required?.includes(name) ? [[name, values[i % values.length]]] : [])),
    ),
  );
}

interface Shape {
  readonly anyOf?: readonly TSchema[];
  readonly type?: string;
  readonly properties?: { readonly [name: string]: TSchema };
  readonly required?: readonly string[];
  readonly items?: TSchema;
  readonly pattern?: string;
  readonly minItems?: number;
  readonly patternProperties?: { readonly [pattern: string]: TSchema };
}

const ODD = [null, true, 0, -1, 1.5, Number.MAX_VALUE, '', 'x', 'é'.repeat(5_000), HEX.toUpperCase(), [], [null], {}, { a: 1 }];

/** Every place of a value, as a copy of the whole with something else there. */
function* changed(value: unknown, put: (other: unknown) => unknown = (other) => other): Generator<unknown> {
  for (const odd of ODD) yield put(odd);
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) yield* changed(item, (other) => put(value.with(i, other)));
    return;
  }
  yield put({ ...value, strange: 1 });
  for (const [name, item] of Object.entries(value)) {
    yield put(Object.fromEntries(Object.entries(value).filter(([key]) => key !== name)));
    yield* changed(item, (other) => put({ ...value, [name]: other }));
  }
}

describe.each(Object.entries(SCHEMAS))('%s', (_name, schema) => {
  const check = checkerOf(schema);
  const right = samples(schema);

  it('takes what is right', () => {
    expect(right.length).toBeGreaterThan(0);
    for (const value of right) expect([check(value), Check(schema, value)], JSON.stringify(value)).toEqual([true, true]);
  });

  it('says of everything that is changed in one place what TypeBox says', () => {
    let refused = 0;
    for (const value of right)
      for (const other of changed(value)) {
        const expected = Check(schema, other);
        if (check(other) !== expected) expect.fail(`${JSON.stringify(other)} is ${expected ? 'right' : 'wrong'}`);
        if (!expected) refused++;
      }
    expect(refused).toBeGreaterThan(right.length);
  });

  it('says of any JSON what TypeBox says', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => check(value) === Check(schema, value)));
  });
});

it('refuses a schema with a keyword that it does not know', () => {
  expect(() => checkerOf(Type.Object({ a: Type.String({ format: 'date' }) }, { additionalProperties: false }))).toThrow(
    TypeError,
  );
  expect(() => checkerOf(Type.Object({ a: Type.String() }))).toThrow(TypeError);
  expect(() => checkerOf(Type.Null())).toThrow(TypeError);
});

it('counts characters as TypeBox does', () => {
  const schema = Type.String({ minLength: 2, maxLength: 3 });
  const check = checkerOf(schema);
  for (const text of ['', 'a', 'ab', 'abcd', '👍', '👍👍', '👍👍👍', '👍👍👍👍', 'e\u0301e\u0301e\u0301e\u0301'])
    expect(check(text), text).toBe(Check(schema, text));
});
