/** DuckDB's JSON types and values as SQL text, and as bounds that compare without SQL. */
import type { Bound } from '../../shared/plan/statistics.ts';
import { intOf, type Json, type JsonObject, listOf, objectOf, textOf, UnsupportedPlan } from './lossless-json.ts';

/** DuckDB's parser ends a text at NUL. */
export function quoteText(text: string): string {
  const quoted = text.split('\0').map((part) => `'${part.replaceAll("'", "''")}'`);
  return quoted.length === 1 ? quoted.join('') : `(${quoted.join(' || chr(0) || ')})`;
}

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Words that DuckDB itself quotes where they name a field: type names are compared as text. */
const RESERVED = new Set(
  (
    'all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create default deferrable desc describe distinct do ' +
    'else end except false fetch for foreign from group having in initially intersect into lambda lateral leading limit not null offset on only or order pivot ' +
    'pivot_longer pivot_wider placing primary qualify references returning select show some summarize symmetric table then to trailing true union unique ' +
    'unpivot using variadic when where window with'
  ).split(' '),
);

function fieldName(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) && !RESERVED.has(name) ? name : quoteName(name);
}

/** DuckDB's logical type in JSON -> its SQL name. */
export function typeSql(type: Json | undefined): string {
  const { id, type_info } = objectOf(type, 'type');
  const info = type_info === null || type_info === undefined ? undefined : objectOf(type_info, 'type info');
  const name = textOf(id, 'type id');
  // JSON is text with another name, which the engine in the tabs doesn't know.
  if (info?.alias === 'JSON') return 'VARCHAR';
  if (typeof info?.alias === 'string' && info.alias !== '')
    throw new UnsupportedPlan('type', `the type ${info.alias} is known to native DuckDB only`);
  if (typeof info?.collation === 'string' && info.collation !== '')
    throw new UnsupportedPlan('collation', 'collations are kept only in whole-query plans');
  switch (name) {
    case 'DECIMAL':
      return `DECIMAL(${intOf(info?.width, 'width')},${intOf(info?.scale, 'scale')})`;
    case 'LIST':
      return `${typeSql(info?.child_type)}[]`;
    case 'ARRAY':
      return `${typeSql(info?.child_type)}[${intOf(info?.size, 'size')}]`;
    case 'STRUCT':
      return `STRUCT(${structFields(info)
        .map((f) => `${fieldName(f.name)} ${typeSql(f.type)}`)
        .join(', ')})`;
    case 'MAP': {
      const entry = objectOf(objectOf(info?.child_type, 'map').type_info, 'map entry');
      const [key, value] = structFields(entry);
      return `MAP(${typeSql(key?.type)}, ${typeSql(value?.type)})`;
    }
    case 'ENUM':
      return `ENUM(${listOf(info?.values)
        .map((v) => quoteText(textOf(v, 'enum value')))
        .join(', ')})`;
    case 'NULL':
    case 'SQLNULL':
      return '"NULL"';
    case 'UNION':
    case 'VARIANT':
    case 'GEOMETRY':
    case 'AGGREGATE_STATE':
    case 'INVALID':
    case 'UNKNOWN':
      throw new UnsupportedPlan('type', `the type ${name} has no form that tabs exchange`);
    default:
      return name;
  }
}

export function structFields(info: JsonObject | undefined): { name: string; type: Json | undefined }[] {
  return listOf(info?.child_types).map((c) => {
    const pair = objectOf(c, 'field');
    if (typeof pair.first !== 'string' || pair.first === '')
      throw new UnsupportedPlan('type', 'a struct without field names cannot be exchanged');
    return { name: pair.first, type: pair.second };
  });
}

/** A 128-bit integer comes as {upper, lower}, smaller ones as numbers. */
function bigOf(value: Json | undefined): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return BigInt(value);
  const { upper, lower } = objectOf(value, 'hugeint');
  return (bigOf(upper) << 64n) + bigOf(lower);
}

function decimalText(unscaled: bigint, scale: number): string {
  const negative = unscaled < 0n;
  const digits = (negative ? -unscaled : unscaled).toString().padStart(scale + 1, '0');
  const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  return negative ? `-${text}` : text;
}

function isoDate(days: number): string {
  // Years beyond JavaScript's range, and DuckDB's infinities, are left to the engine's own arithmetic.
  if (Math.abs(days) > 2_000_000) return `(DATE '1970-01-01' + CAST(${days} AS INTEGER))`;
  const iso = new Date(days * 86_400_000).toISOString().slice(0, 10);
  return /^\d{4}-/.test(iso) ? `DATE '${iso}'` : `(DATE '1970-01-01' + CAST(${days} AS INTEGER))`;
}

const INTEGERS = /^U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)$/;

/** A DuckDB value in JSON -> SQL text of exactly the value's type. */
export function literalSql(json: Json | undefined): string {
  const value = objectOf(json, 'value');
  const type = objectOf(value.type, 'type');
  const sqlType = typeSql(value.type);
  if (value.is_null === true) return sqlType === '"NULL"' ? 'NULL' : `CAST(NULL AS ${sqlType})`;
  const v = value.value;
  const id = textOf(type.id, 'type id');
  const info = type.type_info === null || type.type_info === undefined ? undefined : objectOf(type.type_info, 'type info');
  if (INTEGERS.test(id)) return `CAST(${bigOf(v) < 0n ? `'${bigOf(v)}'` : bigOf(v)} AS ${sqlType})`;
  switch (id) {
    case 'VARCHAR':
      return info?.alias ? `CAST(${quoteText(textOf(v, 'text'))} AS ${sqlType})` : quoteText(textOf(v, 'text'));
    case 'BLOB':
      // It comes in the form that DuckDB reads: all but plain characters as \xHH.
      return `CAST(${quoteText(textOf(v, 'bytes'))} AS BLOB)`;
    case 'BOOLEAN':
      return v === true ? 'true' : 'false';
    case 'FLOAT':
    case 'DOUBLE':
      return `CAST('${typeof v === 'number' && !Number.isFinite(v) ? String(v).toLowerCase() : String(v)}' AS ${id})`;
    case 'DECIMAL':
      return `CAST('${decimalText(bigOf(v), intOf(info?.scale, 'scale'))}' AS ${sqlType})`;
    case 'ENUM':
      return `CAST(${quoteText(textOf(listOf(info?.values)[intOf(v, 'enum')], 'enum value'))} AS ${sqlType})`;
    case 'LIST':
    case 'ARRAY':
      return `CAST([${listOf(objectOf(v, 'list').children).map(literalSql).join(', ')}] AS ${sqlType})`;
    case 'MAP': {
      const entries = listOf(objectOf(v, 'map').children).map(literalSql);
      return `CAST(${entries.length === 0 ? 'MAP {}' : `map_from_entries([${entries.join(', ')}])`} AS ${sqlType})`;
    }
    case 'STRUCT': {
      const fields = structFields(info);
      const parts = listOf(objectOf(v, 'struct').children).map((c, i) => `${quoteText(fields[i]?.name ?? '')}: ${literalSql(c)}`);
      return `CAST({${parts.join(', ')}} AS ${sqlType})`;
    }
    default:
      return timeLiteral(id, v);
  }
}

function timeLiteral(id: string, v: Json | undefined): string {
  switch (id) {
    case 'DATE':
      return isoDate(intOf(v, 'date'));
    case 'TIMESTAMP':
      return `make_timestamp(CAST('${bigOf(v)}' AS BIGINT))`;
    case 'TIMESTAMP WITH TIME ZONE':
      return `CAST(make_timestamp(CAST('${bigOf(v)}' AS BIGINT)) AS TIMESTAMP WITH TIME ZONE)`;
    case 'TIME':
      return `CAST(make_timestamp(CAST('${bigOf(v)}' AS BIGINT)) AS TIME)`;
    case 'INTERVAL': {
      const { months, days, micros } = objectOf(v, 'interval');
      return `(to_months(CAST('${bigOf(months)}' AS INTEGER)) + to_days(CAST('${bigOf(days)}' AS INTEGER)) + to_microseconds(CAST('${bigOf(micros)}' AS BIGINT)))`;
    }
    case 'UUID': {
      const bits = BigInt.asUintN(128, bigOf(v) ^ (1n << 127n));
      return `CAST('${bits.toString(16).padStart(32, '0')}' AS UUID)`;
    }
    default:
      throw new UnsupportedPlan('constant', `a constant of type ${id} has no SQL form here`);
  }
}

/** The bound that a constant gives, if its type has one (shared/plan/statistics.ts). NaN and NULL have none. */
export function boundOf(json: Json | undefined): Bound | undefined {
  const value = objectOf(json, 'value');
  if (value.is_null === true) return undefined;
  const id = textOf(objectOf(value.type, 'type').id, 'type id');
  const v = value.value;
  if (INTEGERS.test(id) || ['DECIMAL', 'DATE', 'TIMESTAMP', 'TIMESTAMP WITH TIME ZONE'].includes(id)) {
    return { k: 'i', v: bigOf(v).toString() };
  }
  if (id === 'BOOLEAN') return { k: 'i', v: v === true ? '1' : '0' };
  if ((id === 'FLOAT' || id === 'DOUBLE') && typeof v === 'number' && !Number.isNaN(v)) return { k: 'f', v };
  if (id === 'VARCHAR' && typeof v === 'string') return { k: 's', v };
  return undefined;
}
