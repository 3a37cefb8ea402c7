/**
 * Elements of an Rdd as text, and back, without loss: JSON, with what JSON cannot say as objects of one field: {"$n":"12"} is 12n,
 * {"$":"NaN"} a number, {"$b":"AQI="} bytes. Names that begin with $ get one more. functions/runtime.ts is the same in the tabs.
 */
import { base64Bytes, base64Text } from '../shared/cells/base64.ts';
import { kindOf } from './sql/literals.ts';

function refuse(value: unknown): never {
  throw new TypeError(
    `${kindOf(value)} is no value of an element: use null, booleans, numbers, bigints, strings, arrays, plain objects, Uint8Array`,
  );
}

function numberText(value: number): string {
  if (Number.isFinite(value) && !Object.is(value, -0)) return JSON.stringify(value);
  return `{"$":"${Object.is(value, -0) ? '-0' : value}"}`;
}

function write(value: unknown, isKey: boolean): string {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return JSON.stringify(value);
    case 'number':
      return isKey && value === 0 ? '0' : numberText(value);
    case 'bigint':
      return `{"$n":"${value}"}`;
    case 'object':
      break;
    default:
      return refuse(value);
  }
  if (value === null) return 'null';
  if (Array.isArray(value)) return `[${Array.from(value, (v) => (v === undefined ? 'null' : write(v, isKey))).join(',')}]`;
  if (value instanceof Uint8Array) return `{"$b":"${base64Text(value)}"}`;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return refuse(value);
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  if (isKey) fields.sort(([a], [b]) => (a < b ? -1 : 1));
  const texts = fields.map(([name, v]) => `${JSON.stringify(name.startsWith('$') ? `$${name}` : name)}:${write(v, isKey)}`);
  return `{${texts.join(',')}}`;
}

/** @throws TypeError for what is no value of an element, e.g. a Date or a Map */
export const encode = (value: unknown): string => write(value, false);

/** As `encode`, but equal values have equal texts: fields in order, and one zero. */
export const encodeKey = (value: unknown): string => write(value, true);

function revive(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(revive);
  const fields = Object.entries(value);
  const [only] = fields;
  if (fields.length === 1 && only !== undefined) {
    const [name, text] = only;
    if (name === '$') return Number(text);
    if (name === '$n') return BigInt(String(text));
    if (name === '$b') return base64Bytes(String(text));
  }
  return Object.fromEntries(fields.map(([name, field]) => [name.startsWith('$') ? name.slice(1) : name, revive(field)]));
}

/** What `encode` or `encodeKey` wrote. */
export function decode(text: string): unknown {
  const value: unknown = JSON.parse(text);
  return text.includes('"$') ? revive(value) : value;
}
