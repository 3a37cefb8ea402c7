import type { SqlType } from '../../../shared/arrow/types.ts';
import { BooleanBuilder, DecimalBuilder, FixedBuilder, IntervalBuilder } from './fixed.ts';
import { ArrayBuilder, ListBuilder, StructBuilder } from './nested.ts';
import type { ColumnBuilder } from './node.ts';
import { TextBuilder } from './text.ts';

/** Bytes a value, of the types that lie in the engine as they do in Arrow. */
const FIXED_BYTES: { readonly [name: string]: number } = {
  TINYINT: 1,
  UTINYINT: 1,
  SMALLINT: 2,
  USMALLINT: 2,
  INTEGER: 4,
  UINTEGER: 4,
  BIGINT: 8,
  UBIGINT: 8,
  FLOAT: 4,
  DOUBLE: 8,
  DATE: 4,
  TIME: 8,
  TIME_NS: 8,
  TIMESTAMP: 8,
  TIMESTAMP_NS: 8,
  'TIMESTAMP WITH TIME ZONE': 8,
};

/** A builder for a wire type, with room for `rows` values; undefined where Muster has no column for the type. */
export function makeBuilder(type: SqlType, rows: number): ColumnBuilder | undefined {
  switch (type.id) {
    case 'decimal':
      return new DecimalBuilder(type.width, rows);
    case 'scalar': {
      if (type.name === 'VARCHAR' || type.name === 'BLOB') return new TextBuilder(rows);
      if (type.name === 'INTERVAL') return new IntervalBuilder(rows);
      if (type.name === 'BOOLEAN') return new BooleanBuilder(rows);
      const width = FIXED_BYTES[type.name];
      return width === undefined ? undefined : new FixedBuilder(width, rows);
    }
    case 'list': {
      const child = makeBuilder(type.child, rows);
      return child && new ListBuilder(child, rows);
    }
    case 'array': {
      const child = makeBuilder(type.child, rows * type.size);
      return child && new ArrayBuilder(child, type.size, rows);
    }
    case 'struct': {
      const fields = type.fields.map((field) => makeBuilder(field.type, rows));
      return fields.every((field) => field !== undefined) ? new StructBuilder(fields, rows) : undefined;
    }
    case 'map': {
      const key = makeBuilder(type.key, rows);
      const value = makeBuilder(type.value, rows);
      return key && value && new ListBuilder(new StructBuilder([key, value], rows), rows);
    }
    case 'enum':
      return undefined;
  }
}
