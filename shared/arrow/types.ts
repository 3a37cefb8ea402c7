/**
 * The DuckDB types that datasets and exchanges hold, and how each travels in Arrow. One place decides, for ingest, tabs
 * and results alike.
 */
import { SqlTypeParser } from './type-parser.ts';

/** A parsed DuckDB type name. Names of scalars are DuckDB's own: `TIMESTAMP WITH TIME ZONE`, never `TIMESTAMPTZ`. */
export type SqlType =
  | { readonly id: 'scalar'; readonly name: string }
  | { readonly id: 'decimal'; readonly width: number; readonly scale: number }
  | { readonly id: 'list'; readonly child: SqlType }
  | { readonly id: 'array'; readonly child: SqlType; readonly size: number }
  | { readonly id: 'struct'; readonly fields: readonly { readonly name: string; readonly type: SqlType }[] }
  | { readonly id: 'map'; readonly key: SqlType; readonly value: SqlType }
  | { readonly id: 'enum'; readonly values: readonly string[] };

/** A column has a type that Muster can't move between machines; the message names it and says what to do. */
export class UnsupportedTypeError extends Error {
  override name = 'UnsupportedTypeError';
  readonly type: string;

  constructor(type: string) {
    super(`type ${type} can't be used in Muster: cast it to a type that can, for example VARCHAR`);
    this.type = type;
  }
}

/** Scalars that travel as themselves. */
const WIRE_SCALARS: ReadonlySet<string> = new Set([
  'BOOLEAN',
  'TINYINT',
  'SMALLINT',
  'INTEGER',
  'BIGINT',
  'UTINYINT',
  'USMALLINT',
  'UINTEGER',
  'UBIGINT',
  'FLOAT',
  'DOUBLE',
  'VARCHAR',
  'BLOB',
  'DATE',
  'TIME',
  'TIME_NS',
  'TIMESTAMP',
  'TIMESTAMP_NS',
  'TIMESTAMP WITH TIME ZONE',
  'INTERVAL',
]);

/**
 * Scalars that travel as another type, because Arrow has no equal or loses a part of the value (a TIMETZ its offset, a BIT its
 * length). The untyped NULL becomes an INTEGER column of NULLs, as DuckDB itself does in tables.
 */
const CARRIERS: Readonly<Record<string, SqlType>> = {
  HUGEINT: { id: 'decimal', width: 38, scale: 0 },
  UHUGEINT: { id: 'decimal', width: 38, scale: 0 },
  UUID: { id: 'scalar', name: 'VARCHAR' },
  BIT: { id: 'scalar', name: 'VARCHAR' },
  BIGNUM: { id: 'scalar', name: 'VARCHAR' },
  JSON: { id: 'scalar', name: 'VARCHAR' },
  'TIME WITH TIME ZONE': { id: 'scalar', name: 'VARCHAR' },
  TIMESTAMP_S: { id: 'scalar', name: 'TIMESTAMP' },
  TIMESTAMP_MS: { id: 'scalar', name: 'TIMESTAMP' },
  NULL: { id: 'scalar', name: 'INTEGER' },
};

/** Parses a DuckDB type name, aliases included. Throws UnsupportedTypeError for what it can't read. */
export function parseSqlType(name: string): SqlType {
  const type = new SqlTypeParser(name).parse();
  if (type === undefined) throw new UnsupportedTypeError(name);
  return type;
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** The type's name as DuckDB reads it; names of struct fields are always quoted. */
export function formatSqlType(type: SqlType): string {
  switch (type.id) {
    case 'scalar':
      return type.name === 'NULL' ? '"NULL"' : type.name;
    case 'decimal':
      return `DECIMAL(${type.width},${type.scale})`;
    case 'list':
      return `${formatSqlType(type.child)}[]`;
    case 'array':
      return `${formatSqlType(type.child)}[${type.size}]`;
    case 'struct':
      return `STRUCT(${type.fields.map((f) => `${quoted(f.name)} ${formatSqlType(f.type)}`).join(', ')})`;
    case 'map':
      return `MAP(${formatSqlType(type.key)}, ${formatSqlType(type.value)})`;
    case 'enum':
      return `ENUM(${type.values.map((v) => `'${v.replaceAll("'", "''")}'`).join(', ')})`;
  }
}

/** The wire type of a parsed type; the very same object where it travels as itself. */
function carrierOf(type: SqlType): SqlType {
  switch (type.id) {
    case 'scalar': {
      const carrier = CARRIERS[type.name];
      if (carrier) return carrier;
      if (!WIRE_SCALARS.has(type.name)) throw new UnsupportedTypeError(type.name);
      return type;
    }
    case 'decimal':
      return type;
    case 'enum':
      return { id: 'scalar', name: 'VARCHAR' };
    case 'list':
    case 'array': {
      const child = carrierOf(type.child);
      return child === type.child ? type : { ...type, child };
    }
    case 'struct': {
      const fields = type.fields.map((f) => ({ name: f.name, type: carrierOf(f.type) }));
      return fields.every((f, i) => f.type === type.fields[i]?.type) ? type : { id: 'struct', fields };
    }
    case 'map': {
      const key = carrierOf(type.key);
      const value = carrierOf(type.value);
      return key === type.key && value === type.value ? type : { id: 'map', key, value };
    }
  }
}

/**
 * The DuckDB type in which a column of `type` travels and is stored; `type` itself, unchanged, where Arrow carries it as it is.
 * Throws UnsupportedTypeError (UNION, VARIANT, GEOMETRY, ...).
 */
export function wireTypeOf(type: string): string {
  const parsed = parseSqlType(type);
  const wire = carrierOf(parsed);
  return wire === parsed ? type : formatSqlType(wire);
}

/** True when two type names mean the same type, whatever aliases, quotes and spaces they use. */
export function sameSqlType(a: string, b: string): boolean {
  return a === b || formatSqlType(parseSqlType(a)) === formatSqlType(parseSqlType(b));
}
