/**
 * For tests: small streams from JavaScript values, and values read back. Not for data of any size.
 * Values by type: BOOLEAN boolean; integers up to 32 bits, FLOAT and DOUBLE number; 64-bit integers and times bigint (micro- or
 * nanoseconds); DATE days as number; DECIMAL its digits as a string (`'-1.50'`); VARCHAR string; BLOB Uint8Array; INTERVAL
 * {months, days, nanos}; lists and arrays an array; STRUCT an object; MAP an array of [key, value]; NULL null.
 */
import { Canonicaliser } from './canonical.ts';
import { type ColumnView, columnViews } from './column-view.ts';
import { parseStream } from './ipc.ts';
import { type Layout, layoutOfType } from './layout.ts';
import { readSchema } from './schema.ts';
import { parseSqlType, type SqlType } from './types.ts';

export interface TestColumn {
  readonly name: string;
  readonly wire: string;
  readonly values: readonly unknown[];
}

/** The canonical stream of columns of equal length; named c0..cn where no name is given. */
export function streamOf(columns: readonly (Omit<TestColumn, 'name'> & { readonly name?: string })[]): Uint8Array {
  const canonical = new Canonicaliser(columns.map((c, i) => ({ name: c.name ?? `c${i}`, wire: c.wire })));
  canonical.addColumns(
    columns.map((c) => columnOf(c.wire, c.values)),
    columns[0]?.values.length ?? 0,
  );
  return canonical.finish().bytes;
}

/** Buffers of one column, as columnStream takes them. */
export function columnOf(wire: string, values: readonly unknown[]): ColumnView {
  return toView(parseSqlType(wire), values);
}

/** All rows of a stream, each an array of values. */
export function rowsOf(bytes: Uint8Array): unknown[][] {
  const stream = parseStream(bytes);
  const types = stream.schema === undefined ? [] : readSchema(stream.schema).map((c) => parseSqlType(c.wire));
  return stream.batches.flatMap((batch) => {
    const views = columnViews(stream.bytes, batch, types.map(layoutOfType));
    return Array.from({ length: batch.rows }, (_, row) => views.map((view, i) => valueAt(types[i] as SqlType, view, row)));
  });
}

function toView(type: SqlType, values: readonly unknown[]): ColumnView {
  const rows = values.length;
  const validity = values.some(isNull) ? bitsOf(values.map((v) => !isNull(v))) : null;
  const layout = layoutOfType(type);
  const base = { rows, validity, offsets: null, data: null, children: [] };
  switch (layout.kind) {
    case 'bool':
      return { ...base, data: bitsOf(values.map((v) => v === true)) };
    case 'fixed':
      return { ...base, data: fixedOf(type, layout, values) };
    case 'utf8':
    case 'binary': {
      const parts = values.map((v) => (isNull(v) ? new Uint8Array() : typeof v === 'string' ? new TextEncoder().encode(v) : v));
      const offsets = offsetsOf(parts as Uint8Array[]);
      const data = new Uint8Array(offsets[rows] ?? 0);
      (parts as Uint8Array[]).forEach((part, i) => {
        data.set(part, offsets[i]);
      });
      return { ...base, offsets, data };
    }
    case 'list': {
      const lists = values.map((v) => (v ?? []) as unknown[]);
      return { ...base, offsets: offsetsOf(lists), children: [toView(elementOf(type), elementsOf(type, lists.flat()))] };
    }
    case 'fixedList': {
      const lists = values.map((v) => (v ?? Array(layout.size).fill(null)) as unknown[]);
      return { ...base, children: [toView(elementOf(type), lists.flat())] };
    }
    case 'struct': {
      const fields = type.id === 'struct' ? type.fields : [];
      const of = (name: string): unknown[] => values.map((v) => (v as Record<string, unknown> | null)?.[name] ?? null);
      return { ...base, children: fields.map((f) => toView(f.type, of(f.name))) };
    }
  }
}

const isNull = (value: unknown): boolean => value === null || value === undefined;

/** A map's elements are entries; as values they are pairs. */
function elementsOf(type: SqlType, elements: unknown[]): unknown[] {
  if (type.id !== 'map') return elements;
  return (elements as (readonly [unknown, unknown])[]).map(([key, value]) => ({ key, value }));
}

function elementOf(type: SqlType): SqlType {
  if (type.id === 'list' || type.id === 'array') return type.child;
  if (type.id !== 'map') throw new TypeError(`a ${type.id} has no elements`);
  const fields = [
    { name: 'key', type: type.key },
    { name: 'value', type: type.value },
  ];
  return { id: 'struct', fields };
}

function bitsOf(flags: readonly boolean[]): Uint8Array {
  const bits = new Uint8Array((flags.length + 7) >> 3);
  flags.forEach((flag, i) => {
    if (flag) bits[i >> 3] = (bits[i >> 3] ?? 0) | (1 << (i & 7));
  });
  return bits;
}

function offsetsOf(parts: readonly { readonly length: number }[]): Int32Array {
  const offsets = new Int32Array(parts.length + 1);
  parts.forEach((part, i) => {
    offsets[i + 1] = (offsets[i] ?? 0) + part.length;
  });
  return offsets;
}

function fixedOf(type: SqlType, layout: Extract<Layout, { kind: 'fixed' }>, values: readonly unknown[]): Uint8Array {
  const bytes = new Uint8Array(values.length * layout.width);
  const view = new DataView(bytes.buffer);
  values.forEach((value, row) => {
    if (!isNull(value)) writeFixed(view, row * layout.width, type, layout.width, value);
  });
  return bytes;
}

const nameOf = (type: SqlType): string => (type.id === 'scalar' ? type.name : type.id);

function writeFixed(view: DataView, at: number, type: SqlType, width: number, value: unknown): void {
  const name = nameOf(type);
  if (name === 'FLOAT') view.setFloat32(at, value as number, true);
  else if (name === 'DOUBLE') view.setFloat64(at, value as number, true);
  else if (name === 'INTERVAL') {
    const { months, days, nanos } = value as { months: number; days: number; nanos: bigint };
    view.setInt32(at, months, true);
    view.setInt32(at + 4, days, true);
    view.setBigInt64(at + 8, nanos, true);
  } else if (type.id === 'decimal') {
    const [whole, part = ''] = String(value).split('.');
    const digits = BigInt(`${whole}${part.padEnd(type.scale, '0')}`);
    view.setBigUint64(at, BigInt.asUintN(64, digits), true);
    view.setBigInt64(at + 8, digits >> 64n, true);
  } else if (width === 8) view.setBigInt64(at, BigInt.asIntN(64, BigInt(value as bigint)), true);
  else if (width === 4) view.setInt32(at, value as number, true);
  else if (width === 2) view.setInt16(at, value as number, true);
  else view.setInt8(at, value as number);
}

function readFixed(view: DataView, at: number, type: SqlType, width: number): unknown {
  const name = nameOf(type);
  if (name === 'FLOAT') return view.getFloat32(at, true);
  if (name === 'DOUBLE') return view.getFloat64(at, true);
  if (name === 'INTERVAL') {
    return { months: view.getInt32(at, true), days: view.getInt32(at + 4, true), nanos: view.getBigInt64(at + 8, true) };
  }
  if (type.id === 'decimal')
    return decimalText((view.getBigInt64(at + 8, true) << 64n) + view.getBigUint64(at, true), type.scale);
  const unsigned = name.startsWith('U');
  if (width === 8) return unsigned ? view.getBigUint64(at, true) : view.getBigInt64(at, true);
  if (width === 4) return unsigned ? view.getUint32(at, true) : view.getInt32(at, true);
  if (width === 2) return unsigned ? view.getUint16(at, true) : view.getInt16(at, true);
  return unsigned ? view.getUint8(at) : view.getInt8(at);
}

function decimalText(digits: bigint, scale: number): string {
  const sign = digits < 0n ? '-' : '';
  const text = String(digits < 0n ? -digits : digits).padStart(scale + 1, '0');
  return scale === 0 ? sign + text : `${sign}${text.slice(0, -scale)}.${text.slice(-scale)}`;
}

const bit = (bits: Uint8Array | null, at: number): boolean => (((bits?.[at >> 3] ?? 0) >> (at & 7)) & 1) === 1;

function valueAt(type: SqlType, view: ColumnView, row: number): unknown {
  if (view.validity !== null && !bit(view.validity, row)) return null;
  const layout = layoutOfType(type);
  const from = view.offsets?.[row] ?? 0;
  const to = view.offsets?.[row + 1] ?? 0;
  switch (layout.kind) {
    case 'bool':
      return bit(view.data, row);
    case 'fixed': {
      const data = view.data ?? new Uint8Array();
      return readFixed(new DataView(data.buffer, data.byteOffset, data.byteLength), row * layout.width, type, layout.width);
    }
    case 'utf8':
      return new TextDecoder('utf-8', { ignoreBOM: true }).decode(view.data?.subarray(from, to));
    case 'binary':
      return view.data?.slice(from, to);
    case 'list': {
      const values = elements(type, view, from, to);
      return type.id === 'map' ? values.map((e) => Object.values(e as object)) : values;
    }
    case 'fixedList':
      return elements(type, view, row * layout.size, (row + 1) * layout.size);
    case 'struct': {
      const fields = type.id === 'struct' ? type.fields : [];
      return Object.fromEntries(fields.map((f, i) => [f.name, valueAt(f.type, view.children[i] as ColumnView, row)]));
    }
  }
}

function elements(type: SqlType, view: ColumnView, from: number, to: number): unknown[] {
  const child = view.children[0] as ColumnView;
  return Array.from({ length: to - from }, (_, i) => valueAt(elementOf(type), child, from + i));
}
