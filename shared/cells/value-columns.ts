/**
 * Columns from JavaScript values, as JSON and scripts give them. By type: BOOLEAN boolean; integers number, bigint or text of
 * digits; FLOAT and DOUBLE number (or the words NaN, Infinity, -Infinity); DECIMAL text, number (rounded) or bigint; VARCHAR text;
 * BLOB Uint8Array or base64; DATE, TIME, TIMESTAMP and INTERVAL text as calendar.ts writes it; LIST and ARRAY an array; STRUCT an
 * object (fields it lacks are NULL); MAP an array of [key, value]; null and undefined are NULL.
 */
import { BitBuffer } from '../arrow/byte-buffer.ts';
import type { ColumnView } from '../arrow/column-view.ts';
import { layoutOfType } from '../arrow/layout.ts';
import { formatSqlType, type SqlType } from '../arrow/types.ts';
import { base64Bytes } from './base64.ts';
import { type FixedWriter, fixedWriter } from './fixed-values.ts';

/** A value that a column can't hold. `row` counts from 0 within the values given. */
export class ValueError extends Error {
  override name = 'ValueError';
  readonly row: number;
  /** What the value is, and what the column wants. */
  readonly why: string;

  constructor(why: string, row: number) {
    super(`row ${row + 1}: ${why}`);
    this.why = why;
    this.row = row;
  }
}

const UTF8 = new TextEncoder();
const NO_BYTES = new Uint8Array();

/** @throws ValueError */
export function columnOfValues(type: SqlType, values: readonly unknown[]): ColumnView {
  return build(type, values, (index) => index);
}

type RowOf = (index: number) => number;

const isNull = (value: unknown): boolean => value === null || value === undefined;

const shown = (value: unknown): string => {
  const text = typeof value === 'string' ? JSON.stringify(value) : typeof value === 'bigint' ? `${value}n` : describe(value);
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
};

function describe(value: unknown): string {
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return typeof value === 'object' ? 'an object' : String(value);
}

const wrong = (type: SqlType, value: unknown, row: number): ValueError =>
  new ValueError(`${shown(value)} is no ${formatSqlType(type)}`, row);

function build(type: SqlType, values: readonly unknown[], rowOf: RowOf): ColumnView {
  const base = { rows: values.length, validity: validityOf(values), offsets: null, data: null, children: [] };
  const layout = layoutOfType(type);
  switch (layout.kind) {
    case 'bool':
      return { ...base, data: boolsOf(type, values, rowOf) };
    case 'fixed':
      return { ...base, data: fixedOf(type, layout.width, values, rowOf) };
    case 'utf8':
    case 'binary':
      return { ...base, ...textsOf(type, values, rowOf) };
    case 'list':
      return { ...base, ...listsOf(type, values, rowOf) };
    case 'fixedList':
      return { ...base, children: [arraysOf(type, layout.size, values, rowOf)] };
    case 'struct':
      return { ...base, children: structsOf(type, values, rowOf) };
  }
}

function validityOf(values: readonly unknown[]): Uint8Array | null {
  if (!values.some(isNull)) return null;
  const bits = new BitBuffer(values.length);
  for (const value of values) {
    if (isNull(value)) bits.zeros(1);
    else bits.ones(1);
  }
  return bits.bytes;
}

function boolsOf(type: SqlType, values: readonly unknown[], rowOf: RowOf): Uint8Array {
  const bits = new Uint8Array((values.length + 7) >> 3);
  values.forEach((value, i) => {
    if (value === true) bits[i >> 3] = (bits[i >> 3] as number) | (1 << (i & 7));
    else if (value !== false && !isNull(value)) throw wrong(type, value, rowOf(i));
  });
  return bits;
}

function fixedOf(type: SqlType, width: number, values: readonly unknown[], rowOf: RowOf): Uint8Array {
  const bytes = new Uint8Array(values.length * width);
  const write: FixedWriter = fixedWriter(type, new DataView(bytes.buffer));
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (!isNull(value) && !write(i, value)) throw wrong(type, value, rowOf(i));
  }
  return bytes;
}

function textsOf(type: SqlType, values: readonly unknown[], rowOf: RowOf): { offsets: Int32Array; data: Uint8Array } {
  const blob = type.id === 'scalar' && type.name === 'BLOB';
  const parts = values.map((value, i) => {
    if (isNull(value)) return NO_BYTES;
    if (blob && value instanceof Uint8Array) return value;
    const bytes = typeof value !== 'string' ? undefined : blob ? base64Bytes(value) : UTF8.encode(value);
    if (bytes === undefined) throw wrong(type, value, rowOf(i));
    return bytes;
  });
  const offsets = offsetsOf(parts);
  const data = new Uint8Array(offsets[parts.length] as number);
  parts.forEach((part, i) => {
    data.set(part, offsets[i]);
  });
  return { offsets, data };
}

function offsetsOf(parts: readonly { readonly length: number }[]): Int32Array {
  const offsets = new Int32Array(parts.length + 1);
  for (let i = 0, end = 0; i < parts.length; i++) {
    end += parts[i]?.length ?? 0;
    if (end > 0x7fffffff) throw new ValueError('the values of one column take more than 2 GiB', i);
    offsets[i + 1] = end;
  }
  return offsets;
}

/** Elements of lists, side by side, and the row that each came from. */
function flattened(lists: readonly (readonly unknown[])[], rowOf: RowOf): { elements: unknown[]; rowOf: RowOf } {
  const elements: unknown[] = [];
  const rows: number[] = [];
  lists.forEach((list, i) => {
    for (const element of list) {
      elements.push(element);
      rows.push(i);
    }
  });
  return { elements, rowOf: (index) => rowOf(rows[index] ?? 0) };
}

function listsOf(type: SqlType, values: readonly unknown[], rowOf: RowOf): { offsets: Int32Array; children: ColumnView[] } {
  const lists = values.map((value, i) => {
    if (isNull(value)) return [];
    if (!Array.isArray(value)) throw wrong(type, value, rowOf(i));
    return value as unknown[];
  });
  const flat = flattened(lists, rowOf);
  const offsets = offsetsOf(lists);
  if (type.id === 'map') return { offsets, children: [entriesOf(type, flat.elements, flat.rowOf)] };
  if (type.id !== 'list') throw new TypeError(`a ${type.id} is no list`);
  return { offsets, children: [build(type.child, flat.elements, flat.rowOf)] };
}

function entriesOf(type: SqlType & { id: 'map' }, entries: readonly unknown[], rowOf: RowOf): ColumnView {
  const pairs = entries.map((entry, i) => {
    if (!Array.isArray(entry) || entry.length !== 2)
      throw new ValueError(`${shown(entry)} is no [key, value] of a MAP`, rowOf(i));
    if (isNull(entry[0])) throw new ValueError('a MAP has a NULL key', rowOf(i));
    return entry as [unknown, unknown];
  });
  const part = (of: SqlType, at: 0 | 1) =>
    build(
      of,
      pairs.map((pair) => pair[at]),
      rowOf,
    );
  return {
    rows: pairs.length,
    validity: null,
    offsets: null,
    data: null,
    children: [part(type.key, 0), part(type.value, 1)],
  };
}

function arraysOf(type: SqlType, size: number, values: readonly unknown[], rowOf: RowOf): ColumnView {
  if (type.id !== 'array') throw new TypeError(`a ${type.id} is no array`);
  const none = new Array<null>(size).fill(null);
  const lists = values.map((value, i) => {
    if (isNull(value)) return none;
    if (!Array.isArray(value) || value.length !== size) throw wrong(type, value, rowOf(i));
    return value as unknown[];
  });
  const flat = flattened(lists, rowOf);
  return build(type.child, flat.elements, flat.rowOf);
}

function structsOf(type: SqlType, values: readonly unknown[], rowOf: RowOf): ColumnView[] {
  if (type.id !== 'struct') throw new TypeError(`a ${type.id} is no struct`);
  values.forEach((value, i) => {
    if (!isNull(value) && (typeof value !== 'object' || Array.isArray(value))) throw wrong(type, value, rowOf(i));
  });
  const field = (name: string) =>
    values.map((value) => {
      const object = value as Record<string, unknown> | null | undefined;
      return isNull(object) || !Object.hasOwn(object as object, name) ? null : object?.[name];
    });
  return type.fields.map((f) => build(f.type, field(f.name), rowOf));
}
