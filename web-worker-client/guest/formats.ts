/**
 * Wire types and format strings of the Arrow C data interface, both ways, and how guests lay columns out.
 * https://arrow.apache.org/docs/format/CDataInterface.html
 */

import type { SqlType } from '../../shared/arrow/types.ts';
import { invariant } from '../../shared/assert.ts';
import { authorError } from '../../shared/guest/guest-error.ts';

/** Offsets and sizes of the structs in a 32-bit memory (B-30). */
export const SCHEMA = { bytes: 48, format: 0, name: 4, flags: 16, childCount: 24, children: 32, dictionary: 36 } as const;
export const ARRAY = {
  bytes: 64,
  length: 0,
  nullCount: 8,
  offset: 16,
  bufferCount: 24,
  childCount: 32,
  buffers: 40,
  children: 44,
  dictionary: 48,
} as const;
export const NULLABLE = 2;

const SCALARS: Readonly<Record<string, string>> = {
  BOOLEAN: 'b',
  TINYINT: 'c',
  UTINYINT: 'C',
  SMALLINT: 's',
  USMALLINT: 'S',
  INTEGER: 'i',
  UINTEGER: 'I',
  BIGINT: 'l',
  UBIGINT: 'L',
  FLOAT: 'f',
  DOUBLE: 'g',
  VARCHAR: 'u',
  BLOB: 'z',
  DATE: 'tdD',
  TIME: 'ttu',
  TIME_NS: 'ttn',
  TIMESTAMP: 'tsu:',
  TIMESTAMP_NS: 'tsn:',
  'TIMESTAMP WITH TIME ZONE': 'tsu:UTC',
  INTERVAL: 'tin',
};

const NAMES: ReadonlyMap<string, string> = new Map(Object.entries(SCALARS).map(([name, format]) => [format, name]));

/** The format of a wire type's own node; its children are the caller's. */
export function formatOf(type: SqlType): string {
  switch (type.id) {
    case 'scalar': {
      const format = SCALARS[type.name];
      invariant(format, `${type.name} is no wire type`);
      return format;
    }
    case 'decimal':
      return `d:${type.width},${type.scale}`;
    case 'list':
      return '+l';
    case 'array':
      return `+w:${type.size}`;
    case 'struct':
      return '+s';
    case 'map':
      return '+m';
    case 'enum':
      return 'u';
  }
}

/** How a node that a guest emits is laid out; `large`: 64-bit offsets. */
export type Storage =
  | { readonly kind: 'null' }
  | { readonly kind: 'bool' }
  | { readonly kind: 'fixed'; readonly width: number }
  | { readonly kind: 'utf8' | 'binary'; readonly large: boolean }
  | { readonly kind: 'fixedBinary'; readonly width: number }
  | { readonly kind: 'list'; readonly large: boolean }
  | { readonly kind: 'fixedList'; readonly size: number }
  | { readonly kind: 'struct' };

export interface NamedType {
  readonly name: string;
  readonly type: SqlType;
}

export interface Format {
  readonly type: SqlType;
  readonly storage: Storage;
}

const WIDTHS: Readonly<Record<string, number>> = { c: 1, C: 1, s: 2, S: 2, i: 4, I: 4, l: 8, L: 8, f: 4, g: 8, tdD: 4, tin: 16 };

const scalar = (name: string): SqlType => ({ id: 'scalar', name });

/** Formats that Arrow has and Muster has no type for. */
const ADVICE: readonly (readonly [pattern: RegExp, hint: string])[] = [
  [/^e$/, 'Emit FLOAT (f) instead of half floats.'],
  [/^v[uz]$/, 'Emit strings with offsets (u) and binary (z) instead of views.'],
  [/^td/, 'Emit dates as days (tdD).'],
  [/^tt/, 'Emit times as microseconds (ttu) or nanoseconds (ttn).'],
  [/^ts/, 'Emit timestamps as microseconds (tsu: or tsu:UTC), or nanoseconds without a zone (tsn:).'],
  [/^ti/, 'Emit intervals as months, days and nanoseconds (tin).'],
  [/^tD/, 'Emit durations as BIGINT (l) or INTERVAL (tin).'],
  [/^d:/, 'Emit decimals as d:WIDTH,SCALE with 128 bits, 1 <= WIDTH <= 38 and 0 <= SCALE <= WIDTH.'],
  [/^\+/, 'Emit lists as +l, arrays as +w:SIZE, structs as +s, maps as +m.'],
];

function unknownFormat(format: string, where: string): never {
  const hint = ADVICE.find(([pattern]) => pattern.test(format))?.[1] ?? 'guest/SPEC.md, B-31, lists the formats.';
  throw authorError('guest-emit', `${where} has the format ${JSON.stringify(format)}, which Muster does not take`, hint);
}

function nestedFormat(format: string, children: readonly NamedType[], where: string): Format | undefined {
  const [child, second] = children;
  if (format === '+s' && child !== undefined) return { type: { id: 'struct', fields: children }, storage: { kind: 'struct' } };
  if (child === undefined || second !== undefined) return undefined;
  if (format === '+l' || format === '+L') {
    return { type: { id: 'list', child: child.type }, storage: { kind: 'list', large: format === '+L' } };
  }
  if (format === '+m') {
    const [key, value, more] = child.type.id === 'struct' ? child.type.fields : [];
    if (key === undefined || value === undefined || more !== undefined) {
      throw authorError('guest-emit', `${where} is a map (+m) whose child is no struct of a key and a value`);
    }
    return { type: { id: 'map', key: key.type, value: value.type }, storage: { kind: 'list', large: false } };
  }
  const size = /^\+w:([1-9]\d{0,5})$/.exec(format)?.[1];
  if (size === undefined) return undefined;
  return { type: { id: 'array', child: child.type, size: Number(size) }, storage: { kind: 'fixedList', size: Number(size) } };
}

function plainFormat(format: string): Format | undefined {
  if (format === 'n') return { type: scalar('INTEGER'), storage: { kind: 'null' } };
  if (format === 'b') return { type: scalar('BOOLEAN'), storage: { kind: 'bool' } };
  if (format === 'u' || format === 'U') return { type: scalar('VARCHAR'), storage: { kind: 'utf8', large: format === 'U' } };
  if (format === 'z' || format === 'Z') return { type: scalar('BLOB'), storage: { kind: 'binary', large: format === 'Z' } };
  const bytes = /^w:([1-9]\d{0,5})$/.exec(format)?.[1];
  if (bytes !== undefined) return { type: scalar('BLOB'), storage: { kind: 'fixedBinary', width: Number(bytes) } };
  const [, width, scale] = /^d:(\d{1,2}),(\d{1,2})(?:,128)?$/.exec(format) ?? [];
  if (width !== undefined && Number(width) >= 1 && Number(width) <= 38 && Number(scale) <= Number(width)) {
    return { type: { id: 'decimal', width: Number(width), scale: Number(scale) }, storage: { kind: 'fixed', width: 16 } };
  }
  // Whatever zone a timestamp names: the value is an instant in UTC.
  const name = NAMES.get(/^tsu:./.test(format) ? 'tsu:UTC' : format);
  return name === undefined ? undefined : { type: scalar(name), storage: { kind: 'fixed', width: WIDTHS[format] ?? 8 } };
}

/** What a format that a guest emits means; `where` names the column in errors. Throws GuestError. */
export function parseFormat(format: string, children: readonly NamedType[], where: string): Format {
  if (format.startsWith('+')) return nestedFormat(format, children, where) ?? unknownFormat(format, where);
  if (children.length > 0) throw authorError('guest-emit', `${where} has the format ${format} and children, which it can't have`);
  return plainFormat(format) ?? unknownFormat(format, where);
}
