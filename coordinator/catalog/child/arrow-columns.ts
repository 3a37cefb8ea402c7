/** What each type of an Arrow file becomes: DuckDB's name for it, and its buffers in the form of the wire type. */
import {
  type Data,
  DataType,
  type Decimal,
  type FixedSizeBinary,
  type FixedSizeList,
  Precision,
  type Timestamp,
  TimeUnit,
} from 'apache-arrow';
import { ColumnBuilder } from '../../../shared/arrow/column-builder.ts';
import { type ColumnView, columnViews } from '../../../shared/arrow/column-view.ts';
import { type IpcBatch, parseStream } from '../../../shared/arrow/ipc.ts';
import { layoutOf } from '../../../shared/arrow/layout.ts';
import { wireTypeOf } from '../../../shared/arrow/types.ts';
import { BatchStreamWriter } from '../columns/stream.ts';
import { quoteName } from './database.ts';

export interface ArrowRule {
  /** DuckDB's name of the type. */
  readonly type: string;
  readonly view: (data: Data) => ColumnView;
}

/** Undefined where there is no rule for the type. */
export function ruleOf(type: DataType): ArrowRule | undefined {
  return scalarRule(type) ?? timeRule(type) ?? nestedRule(type);
}

const fixed = (type: string): ArrowRule => ({ type, view: (data) => leaf(data, bytesOf(data.values)) });
const converted = (type: string, convert: (data: Data) => ArrayBufferView): ArrowRule => ({
  type,
  view: (data) => leaf(data, bytesOf(convert(data))),
});

function scalarRule(type: DataType): ArrowRule | undefined {
  if (DataType.isNull(type)) return { type: 'INTEGER', view: nullView };
  if (DataType.isBool(type)) return fixed('BOOLEAN');
  if (DataType.isInt(type)) {
    const name = { 8: 'TINYINT', 16: 'SMALLINT', 32: 'INTEGER', 64: 'BIGINT' }[type.bitWidth];
    return fixed(type.isSigned ? name : `U${name}`);
  }
  if (DataType.isFloat(type)) {
    if (type.precision === Precision.HALF)
      return converted('FLOAT', (data) => Float32Array.from(data.values as Uint16Array, fromHalf));
    return fixed(type.precision === Precision.SINGLE ? 'FLOAT' : 'DOUBLE');
  }
  if (DataType.isDecimal(type)) {
    const { bitWidth, precision, scale } = type as Decimal;
    return bitWidth === 128 && precision <= 38 && scale >= 0 && scale <= precision
      ? fixed(`DECIMAL(${precision},${scale})`)
      : undefined;
  }
  if (DataType.isUtf8(type) || DataType.isLargeUtf8(type)) return { type: 'VARCHAR', view: textView };
  if (DataType.isBinary(type) || DataType.isLargeBinary(type)) return { type: 'BLOB', view: textView };
  if (DataType.isFixedSizeBinary(type))
    return { type: 'BLOB', view: (data) => evenView(data, (type as FixedSizeBinary).byteWidth) };
  return undefined;
}

function timeRule(type: DataType): ArrowRule | undefined {
  if (DataType.isDate(type)) {
    return type.unit === 0
      ? fixed('DATE')
      : converted('DATE', (data) => Int32Array.from(longs(data), (ms) => Math.floor(Number(ms) / 86_400_000)));
  }
  if (DataType.isTime(type)) {
    if (type.unit === TimeUnit.NANOSECOND) return fixed('TIME_NS');
    if (type.unit === TimeUnit.MICROSECOND) return fixed('TIME');
    const scale = type.unit === TimeUnit.SECOND ? 1_000_000 : 1000;
    return converted('TIME', (data) => BigInt64Array.from(data.values as Int32Array, (value) => BigInt(value * scale)));
  }
  if (DataType.isTimestamp(type)) {
    const zoned = (type as Timestamp).timezone != null && (type as Timestamp).timezone !== '';
    const name = zoned ? 'TIMESTAMP WITH TIME ZONE' : `TIMESTAMP${['_S', '_MS', '', '_NS'][type.unit]}`;
    if (type.unit === TimeUnit.MICROSECOND || name === 'TIMESTAMP_NS') return fixed(name);
    return converted(name, (data) => toMicros(longs(data), type.unit));
  }
  return undefined;
}

function nestedRule(type: DataType): ArrowRule | undefined {
  if (DataType.isDictionary(type)) {
    const values = ruleOf(type.dictionary as DataType);
    return values && { type: values.type, view: (data) => dictionaryView(data, values) };
  }
  if (DataType.isList(type)) {
    const child = ruleOf(type.valueType as DataType);
    return (
      child && { type: `${child.type}[]`, view: (data) => ({ ...offsetsOnly(data), children: [child.view(childOf(data, 0))] }) }
    );
  }
  if (DataType.isFixedSizeList(type)) {
    const child = ruleOf(type.valueType as DataType);
    const size = (type as FixedSizeList).listSize;
    return (
      child && { type: `${child.type}[${size}]`, view: (data) => ({ ...bare(data), children: [child.view(childOf(data, 0))] }) }
    );
  }
  if (DataType.isMap(type)) {
    const [entries] = type.children as readonly { readonly type: DataType }[];
    const [key, value] = (entries?.type.children ?? []).map((field) => ruleOf(field.type as DataType));
    if (!key || !value) return undefined;
    const view = (data: Data): ColumnView => {
      const pairs = childOf(data, 0);
      const children = [key.view(childOf(pairs, 0)), value.view(childOf(pairs, 1))];
      return { ...offsetsOnly(data), children: [{ ...bare(pairs), children }] };
    };
    return { type: `MAP(${key.type}, ${value.type})`, view };
  }
  if (DataType.isStruct(type) && type.children.length > 0) {
    const fields = type.children.map((field) => ({ name: field.name, rule: ruleOf(field.type as DataType) }));
    if (!fields.every((field): field is { name: string; rule: ArrowRule } => field.rule !== undefined)) return undefined;
    return {
      type: `STRUCT(${fields.map(({ name, rule }) => `${quoteName(name)} ${rule.type}`).join(', ')})`,
      view: (data) => ({ ...bare(data), children: fields.map(({ rule }, index) => rule.view(childOf(data, index))) }),
    };
  }
  return undefined;
}

function bare(data: Data): ColumnView {
  return { rows: data.length, validity: data.nullCount > 0 ? data.nullBitmap : null, offsets: null, data: null, children: [] };
}

const leaf = (data: Data, bytes: Uint8Array): ColumnView => ({ ...bare(data), data: bytes });
const offsetsOnly = (data: Data): ColumnView => ({ ...bare(data), offsets: offsetsOf(data) });
const textView = (data: Data): ColumnView => ({ ...offsetsOnly(data), data: bytesOf(data.values) });

function nullView(data: Data): ColumnView {
  const validity = new Uint8Array((data.length + 7) >> 3);
  return { rows: data.length, validity, offsets: null, data: new Uint8Array(data.length * 4), children: [] };
}

/** Values of one width as BLOBs. */
function evenView(data: Data, width: number): ColumnView {
  const offsets = Int32Array.from({ length: data.length + 1 }, (_, index) => index * width);
  return { ...bare(data), offsets, data: bytesOf(data.values) };
}

function childOf(data: Data, index: number): Data {
  const child = data.children[index];
  if (!child) throw new Error('a nested Arrow column lacks a child');
  return child;
}

function bytesOf(values: ArrayBufferView | undefined): Uint8Array {
  return values ? new Uint8Array(values.buffer, values.byteOffset, values.byteLength) : new Uint8Array(0);
}

/** 64-bit values, however apache-arrow shows them. */
function longs(data: Data): BigInt64Array {
  const bytes = bytesOf(data.values);
  const aligned = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
  return new BigInt64Array(aligned.buffer, aligned.byteOffset, data.length);
}

function offsetsOf(data: Data): Int32Array {
  const offsets = data.valueOffsets as Int32Array | BigInt64Array | undefined;
  if (data.length === 0 || !offsets) return new Int32Array(1);
  if (offsets instanceof Int32Array) return offsets;
  return Int32Array.from(offsets, (offset) => {
    if (offset > 0x7fffffffn) throw new RangeError('a record batch has more than 2 GiB in one column');
    return Number(offset);
  });
}

function toMicros(values: BigInt64Array, unit: TimeUnit): BigInt64Array {
  if (unit === TimeUnit.NANOSECOND) return values.map((value) => (value - (((value % 1000n) + 1000n) % 1000n)) / 1000n);
  const scale = unit === TimeUnit.SECOND ? 1_000_000n : 1000n;
  return values.map((value) => {
    const micros = value * scale;
    if (BigInt.asIntN(64, micros) !== micros)
      throw new RangeError(`the timestamp ${value} lies outside of what microseconds reach`);
    return micros;
  });
}

/** IEEE 754 half precision. */
function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Puts a dictionary's values in the place of their indices. */
function dictionaryView(data: Data, rule: ArrowRule): ColumnView {
  const wire = wireTypeOf(rule.type);
  const layout = layoutOf(wire);
  const values = (data.dictionary?.data ?? []).map((piece) => rule.view(piece));
  const starts = [0];
  for (const view of values) starts.push((starts.at(-1) as number) + view.rows);
  const builder = new ColumnBuilder(layout, data.length);
  const indices = data.values as ArrayLike<number | bigint>;
  for (let row = 0; row < data.length; row++) {
    const index = data.getValid(row) ? Number(indices[row]) : -1;
    const piece = index < 0 ? -1 : starts.findIndex((start, i) => i > 0 && index < start) - 1;
    const view = values[piece];
    if (view) builder.append(view, index - (starts[piece] as number), index - (starts[piece] as number) + 1);
    else if (index < 0) builder.appendNulls(1);
    else throw new RangeError(`index ${index} is not in its dictionary`);
  }
  const parts = { nodes: [], buffers: [] };
  builder.finish(parts);
  const stream = new BatchStreamWriter([{ name: 'c0', wire }]).write(data.length, parts);
  const [view] = columnViews(stream, parseStream(stream).batches[0] as IpcBatch, [layout]);
  return view as ColumnView;
}
