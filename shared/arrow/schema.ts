/** Arrow schema messages: canonical bytes for columns of wire types, and reading names and types back. */
import {
  FlatbufferBuilder,
  FlatbufferReader,
  int8,
  int16,
  int32,
  int64,
  type Offset,
  ref,
  type TableField,
} from './flatbuffer.ts';
import { IpcError } from './ipc.ts';
import { formatSqlType, parseSqlType, type SqlType, UnsupportedTypeError } from './types.ts';

export interface WireColumn {
  readonly name: string;
  /** A wire type (wireTypeOf). */
  readonly wire: string;
}

/** Member numbers of Arrow's union `Type`. */
const ARROW = {
  Int: 2,
  FloatingPoint: 3,
  Binary: 4,
  Utf8: 5,
  Bool: 6,
  Decimal: 7,
  Date: 8,
  Time: 9,
  Timestamp: 10,
  Interval: 11,
  List: 12,
  Struct: 13,
  FixedSizeList: 16,
  Map: 17,
} as const;

const METADATA_V5 = 4;
const HEADER_SCHEMA = 1;
const MICROSECOND = 2;
const NANOSECOND = 3;

const integer = (bits: number, signed: boolean): ArrowScalar => ({
  type: ARROW.Int,
  fields: [int32(0, bits), int8(1, signed ? 1 : 0)],
});

interface ArrowScalar {
  readonly type: number;
  readonly fields: readonly TableField[];
  readonly timezone?: string;
}

const SCALARS: Readonly<Record<string, ArrowScalar>> = {
  BOOLEAN: { type: ARROW.Bool, fields: [] },
  TINYINT: integer(8, true),
  SMALLINT: integer(16, true),
  INTEGER: integer(32, true),
  BIGINT: integer(64, true),
  UTINYINT: integer(8, false),
  USMALLINT: integer(16, false),
  UINTEGER: integer(32, false),
  UBIGINT: integer(64, false),
  FLOAT: { type: ARROW.FloatingPoint, fields: [int16(0, 1)] },
  DOUBLE: { type: ARROW.FloatingPoint, fields: [int16(0, 2)] },
  VARCHAR: { type: ARROW.Utf8, fields: [] },
  BLOB: { type: ARROW.Binary, fields: [] },
  DATE: { type: ARROW.Date, fields: [int16(0, 0)] },
  TIME: { type: ARROW.Time, fields: [int16(0, MICROSECOND), int32(1, 64)] },
  TIME_NS: { type: ARROW.Time, fields: [int16(0, NANOSECOND), int32(1, 64)] },
  TIMESTAMP: { type: ARROW.Timestamp, fields: [int16(0, MICROSECOND)] },
  TIMESTAMP_NS: { type: ARROW.Timestamp, fields: [int16(0, NANOSECOND)] },
  'TIMESTAMP WITH TIME ZONE': { type: ARROW.Timestamp, fields: [int16(0, MICROSECOND)], timezone: 'UTC' },
  INTERVAL: { type: ARROW.Interval, fields: [int16(0, 2)] },
};

interface ArrowField {
  readonly name: string;
  readonly type: SqlType;
  readonly nullable: boolean;
}

const nullable = (name: string, type: SqlType): ArrowField => ({ name, type, nullable: true });

/** A map's child is a struct that is never null, and so are its keys. */
const entriesOf = (map: Extract<SqlType, { id: 'map' }>): SqlType => ({
  id: 'struct',
  fields: [
    { name: 'key', type: map.key },
    { name: 'value', type: map.value },
  ],
});

function childrenOf(type: SqlType): readonly ArrowField[] {
  switch (type.id) {
    case 'list':
    case 'array':
      return [nullable('l', type.child)];
    case 'struct':
      return type.fields.map((f) => nullable(f.name, f.type));
    case 'map':
      return [{ name: 'entries', type: entriesOf(type), nullable: false }];
    default:
      return [];
  }
}

function writeType(builder: FlatbufferBuilder, type: SqlType): { readonly union: number; readonly at: Offset } {
  switch (type.id) {
    case 'scalar': {
      const scalar = SCALARS[type.name];
      if (scalar === undefined) throw new UnsupportedTypeError(type.name);
      const zone = scalar.timezone === undefined ? [] : [ref(1, builder.string(scalar.timezone))];
      return { union: scalar.type, at: builder.table([...scalar.fields, ...zone]) };
    }
    case 'decimal':
      return { union: ARROW.Decimal, at: builder.table([int32(0, type.width), int32(1, type.scale), int32(2, 128)]) };
    case 'list':
      return { union: ARROW.List, at: builder.table([]) };
    case 'array':
      return { union: ARROW.FixedSizeList, at: builder.table([int32(0, type.size)]) };
    case 'struct':
      return { union: ARROW.Struct, at: builder.table([]) };
    case 'map':
      return { union: ARROW.Map, at: builder.table([int8(0, 0)]) };
    case 'enum':
      throw new UnsupportedTypeError('ENUM');
  }
}

function writeField(builder: FlatbufferBuilder, field: ArrowField, ofMap = false): Offset {
  const childFields = childrenOf(field.type).map((child, i) => (ofMap && i === 0 ? { ...child, nullable: false } : child));
  const children = builder.vectorOfRefs(childFields.map((child) => writeField(builder, child, field.type.id === 'map')));
  const type = writeType(builder, field.type);
  const name = builder.string(field.name);
  return builder.table([ref(0, name), int8(1, field.nullable ? 1 : 0), int8(2, type.union), ref(3, type.at), ref(5, children)]);
}

/** The whole schema message (length prefix included) of nullable columns; a pure function of names and types. */
export function schemaMessage(columns: readonly WireColumn[]): Uint8Array {
  const builder = new FlatbufferBuilder();
  const fields = columns.map((c) => writeField(builder, nullable(c.name, parseSqlType(c.wire))));
  const schema = builder.table([int16(0, 0), ref(1, builder.vectorOfRefs(fields))]);
  const message = builder.table([int16(0, METADATA_V5), int8(1, HEADER_SCHEMA), ref(2, schema), int64(3, 0)]);
  const body = builder.finish(message);
  const bytes = new Uint8Array(8 + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0xffffffff, true);
  view.setUint32(4, body.length, true);
  bytes.set(body, 8);
  return bytes;
}

function readTimestamp(reader: FlatbufferReader, table: number): string | undefined {
  const zoned = reader.target(table, 1) !== 0;
  const unit = reader.int16(table, 0);
  if (unit === MICROSECOND) return zoned ? 'TIMESTAMP WITH TIME ZONE' : 'TIMESTAMP';
  return unit === NANOSECOND && !zoned ? 'TIMESTAMP_NS' : undefined;
}

function readScalar(reader: FlatbufferReader, union: number, table: number): string | undefined {
  switch (union) {
    case ARROW.Bool:
      return 'BOOLEAN';
    case ARROW.Utf8:
      return 'VARCHAR';
    case ARROW.Binary:
      return 'BLOB';
    case ARROW.Int: {
      const bits = reader.int32(table, 0);
      const name = { 8: 'TINYINT', 16: 'SMALLINT', 32: 'INTEGER', 64: 'BIGINT' }[bits];
      return name === undefined || reader.int8(table, 1) !== 0 ? name : `U${name}`;
    }
    case ARROW.FloatingPoint:
      return ['', 'FLOAT', 'DOUBLE'][reader.int16(table, 0)] || undefined;
    case ARROW.Date:
      return reader.int16(table, 0, 1) === 0 ? 'DATE' : undefined;
    case ARROW.Time: {
      const unit = reader.int16(table, 0, 1);
      if (unit === MICROSECOND) return 'TIME';
      return unit === NANOSECOND ? 'TIME_NS' : undefined;
    }
    case ARROW.Timestamp:
      return readTimestamp(reader, table);
    case ARROW.Interval:
      return reader.int16(table, 0) === 2 ? 'INTERVAL' : undefined;
    default:
      return undefined;
  }
}

function readType(reader: FlatbufferReader, field: number): SqlType {
  const union = reader.int8(field, 2);
  const table = reader.target(field, 3);
  const vector = reader.target(field, 5);
  const children = Array.from({ length: reader.vectorLength(vector) }, (_, i) => reader.elementTarget(vector, i));
  const first = children[0];
  if (reader.field(field, 4) !== 0) throw new IpcError('dictionary-encoded columns are not supported');
  if (union === ARROW.Decimal && reader.int32(table, 2, 128) === 128) {
    return { id: 'decimal', width: reader.int32(table, 0), scale: reader.int32(table, 1) };
  }
  if (union === ARROW.Struct) {
    return { id: 'struct', fields: children.map((c) => ({ name: reader.string(c, 0), type: readType(reader, c) })) };
  }
  if (first !== undefined && union === ARROW.List) return { id: 'list', child: readType(reader, first) };
  if (first !== undefined && union === ARROW.FixedSizeList) {
    return { id: 'array', child: readType(reader, first), size: reader.int32(table, 0) };
  }
  if (first !== undefined && union === ARROW.Map) {
    const entries = readType(reader, first);
    const [key, value] = entries.id === 'struct' ? entries.fields : [];
    if (key !== undefined && value !== undefined) return { id: 'map', key: key.type, value: value.type };
  }
  const name = readScalar(reader, union, table);
  if (name === undefined) throw new IpcError(`column ${reader.string(field, 0)} has an Arrow type that Muster does not move`);
  return { id: 'scalar', name };
}

/** Names and wire types of a schema message (as parseStream gives it). Throws IpcError for types that don't travel. */
export function readSchema(message: Uint8Array): WireColumn[] {
  try {
    const reader = new FlatbufferReader(message.subarray(8));
    const schema = reader.target(reader.root(), 2);
    const vector = reader.target(schema, 1);
    return Array.from({ length: reader.vectorLength(vector) }, (_, i) => {
      const field = reader.elementTarget(vector, i);
      const wire = formatSqlType(readType(reader, field));
      // Sizes and precisions are not checked above: the name must be one that can be read back.
      parseSqlType(wire);
      return { name: reader.string(field, 0), wire };
    });
  } catch (error) {
    if (error instanceof RangeError || error instanceof UnsupportedTypeError) {
      throw new IpcError(`the schema is damaged: ${error.message}`);
    }
    throw error;
  }
}
