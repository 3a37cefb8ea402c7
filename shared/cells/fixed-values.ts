/** Writes JavaScript values into columns of a fixed width, checking that they fit. */
import { formatSqlType, type SqlType } from '../arrow/types.ts';
import { infinityOf, parseDate, parseInterval, parseTimeNanos, parseTimestampNanos } from './calendar-parse.ts';

/** False: the value is none of the column's type. */
export type FixedWriter = (row: number, value: unknown) => boolean;

const INTEGER = /^-?\d{1,40}$/;
const DECIMAL = /^(-?)(\d*)(?:\.(\d*))?$/;
const WORDS: Readonly<Record<string, number>> = {
  '-0': -0,
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
};

export function fixedWriter(type: SqlType, view: DataView): FixedWriter {
  if (type.id === 'decimal') return decimalWriter(type.width, type.scale, view);
  const name = type.id === 'scalar' ? type.name : '';
  switch (name) {
    case 'TINYINT':
      return small(-0x80, 0x7f, (row, value) => view.setInt8(row, value));
    case 'UTINYINT':
      return small(0, 0xff, (row, value) => view.setUint8(row, value));
    case 'SMALLINT':
      return small(-0x8000, 0x7fff, (row, value) => view.setInt16(2 * row, value, true));
    case 'USMALLINT':
      return small(0, 0xffff, (row, value) => view.setUint16(2 * row, value, true));
    case 'INTEGER':
      return small(-0x80000000, 0x7fffffff, (row, value) => view.setInt32(4 * row, value, true));
    case 'UINTEGER':
      return small(0, 0xffffffff, (row, value) => view.setUint32(4 * row, value, true));
    case 'BIGINT':
      return large(-(2n ** 63n), 2n ** 63n - 1n, view, bigInteger);
    case 'UBIGINT':
      return large(0n, 2n ** 64n - 1n, view, bigInteger);
    case 'FLOAT':
      return real((row, value) => view.setFloat32(4 * row, value, true));
    case 'DOUBLE':
      return real((row, value) => view.setFloat64(8 * row, value, true));
    case 'DATE':
      return small(-0x80000000, 0x7fffffff, (row, value) => view.setInt32(4 * row, value, true), ofText(parseDate));
    case 'TIME':
      return large(0n, 2n ** 63n, view, ofText(micros(parseTimeNanos)));
    case 'TIME_NS':
      return large(0n, 2n ** 63n, view, ofText(parseTimeNanos));
    case 'TIMESTAMP':
    case 'TIMESTAMP_NS':
    case 'TIMESTAMP WITH TIME ZONE':
      return large(-(2n ** 63n), 2n ** 63n - 1n, view, timestamps(name));
    case 'INTERVAL':
      return intervalWriter(view);
    default:
      throw new TypeError(`a column of ${formatSqlType(type)} has no fixed width`);
  }
}

const ofText =
  <T>(parse: (text: string) => T | undefined) =>
  (value: unknown): T | undefined =>
    typeof value === 'string' ? parse(value) : undefined;

const micros =
  (parse: (text: string) => bigint | undefined) =>
  (text: string): bigint | undefined => {
    const nanos = parse(text);
    return nanos === undefined ? undefined : floorDiv(nanos, 1000n);
  };

const floorDiv = (a: bigint, b: bigint): bigint => (a >= 0n || a % b === 0n ? a / b : a / b - 1n);

function timestamps(name: string): (value: unknown) => bigint | undefined {
  return ofText((text) => {
    const nanos = parseTimestampNanos(text, name === 'TIMESTAMP WITH TIME ZONE');
    if (typeof nanos === 'string') return infinityOf(nanos);
    if (nanos === undefined || name === 'TIMESTAMP_NS') return nanos;
    return floorDiv(nanos, 1000n);
  });
}

function bigInteger(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value;
  // Beyond 2^53 a number is no longer the one that was meant: text and bigint are.
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : undefined;
  return typeof value === 'string' && INTEGER.test(value) ? BigInt(value) : undefined;
}

function smallInteger(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  const big = bigInteger(value);
  return big === undefined ? undefined : Number(big);
}

function small(
  least: number,
  most: number,
  set: (row: number, value: number) => void,
  read: (value: unknown) => number | undefined = smallInteger,
): FixedWriter {
  return (row, value) => {
    const number = read(value);
    if (number === undefined || !Number.isInteger(number) || number < least || number > most) return false;
    set(row, number);
    return true;
  };
}

function large(least: bigint, most: bigint, view: DataView, read: (value: unknown) => bigint | undefined): FixedWriter {
  return (row, value) => {
    const number = read(value);
    if (number === undefined || number < least || number > most) return false;
    view.setBigInt64(8 * row, BigInt.asIntN(64, number), true);
    return true;
  };
}

function real(set: (row: number, value: number) => void): FixedWriter {
  return (row, value) => {
    const number =
      typeof value === 'number'
        ? value
        : typeof value === 'bigint'
          ? Number(value)
          : WORDS[typeof value === 'string' ? value : ''];
    if (number === undefined) return false;
    set(row, number);
    return true;
  };
}

function intervalWriter(view: DataView): FixedWriter {
  return (row, value) => {
    const interval = typeof value === 'string' ? parseInterval(value) : undefined;
    if (interval === undefined) return false;
    view.setInt32(16 * row, interval.months, true);
    view.setInt32(16 * row + 4, interval.days, true);
    view.setBigInt64(16 * row + 8, interval.nanos, true);
    return true;
  };
}

function decimalWriter(width: number, scale: number, view: DataView): FixedWriter {
  const most = 10n ** BigInt(width);
  return (row, value) => {
    const text = typeof value === 'number' ? value.toFixed(scale) : typeof value === 'bigint' ? String(value) : value;
    const found = typeof text === 'string' ? DECIMAL.exec(text) : null;
    if (found === null) return false;
    const [, sign, whole = '', part = ''] = found;
    if (whole + part === '' || part.length > scale) return false;
    const size = BigInt(`${whole}${part.padEnd(scale, '0')}`);
    if (size >= most) return false;
    const digits = sign === '-' ? -size : size;
    view.setBigUint64(16 * row, BigInt.asUintN(64, digits), true);
    view.setBigInt64(16 * row + 8, digits >> 64n, true);
    return true;
  };
}
