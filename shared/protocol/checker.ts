/**
 * Checks of JSON against the protocol's schemas, made once per schema as functions that call each other. TypeBox's own compiler makes
 * code out of text, which the content security policy of pages forbids, and its interpreter looks at the whole schema for every value:
 * that was a quarter of all that a worker does for a task that computes nothing.
 *
 * It knows the keywords that our messages use, and refuses a schema with others. What passes here passes TypeBox's `Check`, too.
 */
import type { TSchema } from 'typebox';
import { Check } from 'typebox/value';

type Test = (value: unknown) => boolean;

interface Keywords {
  readonly type?: string;
  readonly const?: unknown;
  readonly anyOf?: readonly Keywords[];
  readonly properties?: { readonly [name: string]: Keywords };
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
  readonly patternProperties?: { readonly [pattern: string]: Keywords };
  readonly items?: Keywords;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
}

const KEYWORDS: { readonly [type: string]: readonly string[] } = {
  object: ['properties', 'required', 'additionalProperties', 'patternProperties'],
  array: ['items', 'minItems', 'maxItems'],
  string: ['minLength', 'maxLength', 'pattern', 'const'],
  integer: ['minimum', 'maximum'],
  number: ['minimum', 'maximum'],
  boolean: [],
  anyOf: [],
};
const ANNOTATIONS = ['type', 'anyOf', 'description'];
/** What a record's names look like to TypeBox. */
const ANY_NAME = '^.*$';

/** Whether a value is what the schema says. Throws TypeError here, not later, for a schema with keywords that it doesn't know. */
export function checkerOf<T>(schema: TSchema): (value: unknown) => value is T {
  return testOf(schema as Keywords) as (value: unknown) => value is T;
}

function testOf(schema: Keywords): Test {
  const type = schema.anyOf ? 'anyOf' : (schema.type ?? '');
  const known = KEYWORDS[type];
  const strange = Object.keys(schema).filter((key) => !known?.includes(key) && !ANNOTATIONS.includes(key));
  if (!known || strange.length > 0) throw new TypeError(`no check is known for a schema ${type} with ${strange.join(', ')}`);
  switch (type) {
    case 'anyOf':
      return unionTest(schema.anyOf ?? []);
    case 'object':
      return schema.patternProperties ? recordTest(schema) : objectTest(schema);
    case 'array':
      return arrayTest(schema);
    case 'string':
      return stringTest(schema);
    case 'boolean':
      return (value) => typeof value === 'boolean';
    default:
      return numberTest(schema);
  }
}

/** Members that are told apart by a constant are found by it. */
function unionTest(members: readonly Keywords[]): Test {
  const name = ['type', 'kind'].find((key) => members.every(({ properties }) => properties?.[key]?.const !== undefined));
  if (name !== undefined) {
    const byName = new Map(members.map((member) => [member.properties?.[name]?.const, testOf(member)]));
    if (byName.size === members.length) {
      return (value) => isObject(value) && (byName.get(value[name])?.(value) ?? false);
    }
  }
  const tests = members.map(testOf);
  return (value) => tests.some((test) => test(value));
}

function objectTest({ properties = {}, required = [], additionalProperties }: Keywords): Test {
  if (additionalProperties !== false) throw new TypeError('objects of the protocol allow no further properties');
  const tests = new Map(Object.entries(properties).map(([name, schema]) => [name, testOf(schema)]));
  const needed = new Set(required);
  return (value) => {
    if (!isObject(value)) return false;
    let found = 0;
    for (const name of Object.keys(value)) {
      if (!tests.get(name)?.(value[name])) return false;
      if (needed.has(name)) found++;
    }
    return found === needed.size;
  };
}

/** All values are looked at, also under names with line ends, which TypeBox passes over. */
function recordTest({ properties, patternProperties = {} }: Keywords): Test {
  const [[pattern, schema] = ['', {}], ...others] = Object.entries(patternProperties);
  if (pattern !== ANY_NAME || others.length > 0 || properties) throw new TypeError('records of the protocol may have any name');
  const test = testOf(schema);
  return (value) => isObject(value) && Object.keys(value).every((name) => test(value[name]));
}

function arrayTest({ items, minItems = 0, maxItems = Number.POSITIVE_INFINITY }: Keywords): Test {
  if (!items) throw new TypeError('arrays of the protocol say what their items are');
  const test = testOf(items);
  return (value) => {
    if (!Array.isArray(value) || value.length < minItems || value.length > maxItems) return false;
    for (const item of value) if (!test(item)) return false;
    return true;
  };
}

function stringTest(schema: Keywords): Test {
  const { minLength = 0, maxLength = Number.POSITIVE_INFINITY, pattern } = schema;
  if ('const' in schema) return (value) => value === schema.const;
  const form = pattern === undefined ? undefined : new RegExp(pattern, 'u');
  return (value) => {
    if (typeof value !== 'string' || (form && !form.test(value))) return false;
    // TypeBox counts what people see as characters, of which there are never more than code units.
    if (value.length > maxLength || (minLength > 1 && value.length >= minLength)) return Check(schema as TSchema, value);
    return value.length >= minLength;
  };
}

function numberTest({ type, minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY }: Keywords): Test {
  const isKind = type === 'integer' ? Number.isInteger : Number.isFinite;
  return (value) => isKind(value) && (value as number) >= minimum && (value as number) <= maximum;
}

function isObject(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
