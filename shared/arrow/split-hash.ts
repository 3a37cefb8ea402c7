/**
 * The hash that says in which bucket of a shuffle a row belongs. Equal values of one wire type hash equally, whatever their bytes:
 * -0.0 as 0.0, every NaN as one, a month as thirty days, as the engine compares them. NULLs are equal to each other.
 * Not the engine's own hash: its tables use the low bits of that one, which would be the same for all rows of a bucket.
 *
 * All arithmetic is modulo 2^64:
 * - mix(x): x ^= x >> 33; x *= M1; x ^= x >> 33; x *= M2; x ^= x >> 33 (the finaliser of MurmurHash3, Austin Appleby, public domain);
 * - combine(h, v) = (h * K) ^ v; a row's hash begins with 0 and combines the hashes of its keys in order;
 * - NULL: the constant NULL_HASH; BOOLEAN: mix(0 or 1); integers, DATE, times: mix(the value's bits, zeros before them);
 *   FLOAT and DOUBLE: the same, after -0.0 and NaN were made one; DECIMAL: mix(low half ^ mix(high half)); INTERVAL:
 *   mix(nanoseconds of all parts);
 * - VARCHAR and BLOB: h = length * M1; for each 8 bytes as a little-endian word w, the last one filled up with zeros,
 *   h = (h ^ w) * M1, h ^= h >> 32; then mix(h);
 * - LIST and MAP: begins with mix(length) and combines the elements; ARRAY and STRUCT: begins with 0 and combines the parts.
 */

import { bitAt } from './byte-buffer.ts';
import type { ColumnView } from './column-view.ts';
import { parseSqlType, type SqlType, UnsupportedTypeError } from './types.ts';

const M1 = 0xff51afd7ed558ccdn;
const M2 = 0xc4ceb9fe1a85ec53n;
const K = 0xbf58476d1ce4e5b9n;
const NULL_HASH = 0x9e3779b97f4a7c15n;
const NANOS_PER_DAY = 86_400_000_000_000n;
const NAN32 = 0x7fc00000n;
const NAN64 = 0x7ff8000000000000n;

const u64 = (x: bigint): bigint => BigInt.asUintN(64, x);

function mix(word: bigint): bigint {
  let x = word;
  x = u64((x ^ (x >> 33n)) * M1);
  x = u64((x ^ (x >> 33n)) * M2);
  return x ^ (x >> 33n);
}

const combine = (h: bigint, v: bigint): bigint => u64(h * K) ^ v;

/** Hash of one row of a column. */
export type RowHash = (column: ColumnView, row: number) => bigint;

/** How values of a wire type are hashed. */
export function rowHashOf(wire: string): RowHash {
  return hashOfType(parseSqlType(wire));
}

/** Hash of a row by its key columns. */
export function splitHash(hashes: readonly RowHash[], keys: readonly ColumnView[], row: number): bigint {
  let h = 0n;
  hashes.forEach((hash, i) => {
    const key = keys[i];
    if (key !== undefined) h = combine(h, hash(key, row));
  });
  return h;
}

function hashOfType(type: SqlType): RowHash {
  const ofValue = hashOfValue(type);
  return (column, row) => (column.validity !== null && !bitAt(column.validity, row) ? NULL_HASH : ofValue(column, row));
}

function hashOfValue(type: SqlType): RowHash {
  switch (type.id) {
    case 'scalar':
      return hashOfScalar(type.name);
    case 'decimal':
      return (column, row) => mix(wordAt(column, 16 * row) ^ mix(wordAt(column, 16 * row + 8)));
    case 'list':
      return hashOfList(hashOfType(type.child));
    case 'map': {
      const [key, value] = [hashOfType(type.key), hashOfType(type.value)];
      return hashOfList((entries, row) => hashOfParts(entries, row, [key, value]));
    }
    case 'array': {
      const child = hashOfType(type.child);
      return (column, row) => hashOfRange(0n, child, column, row * type.size, (row + 1) * type.size);
    }
    case 'struct': {
      const fields = type.fields.map((f) => hashOfType(f.type));
      return (column, row) => hashOfParts(column, row, fields);
    }
    case 'enum':
      throw new UnsupportedTypeError('ENUM');
  }
}

function hashOfScalar(name: string): RowHash {
  switch (name) {
    case 'BOOLEAN':
      return (column, row) => mix(bitAt(dataOf(column), row) ? 1n : 0n);
    case 'VARCHAR':
    case 'BLOB':
      return hashOfBytes;
    case 'TINYINT':
    case 'UTINYINT':
      return (column, row) => mix(bitsAt(column, row, 1));
    case 'SMALLINT':
    case 'USMALLINT':
      return (column, row) => mix(bitsAt(column, 2 * row, 2));
    case 'INTEGER':
    case 'UINTEGER':
    case 'DATE':
      return (column, row) => mix(bitsAt(column, 4 * row, 4));
    case 'FLOAT':
      return (column, row) => mix(oneFloat(bitsAt(column, 4 * row, 4), 0x80000000n, 0x7f800000n, NAN32));
    case 'DOUBLE':
      return (column, row) => mix(oneFloat(wordAt(column, 8 * row), 1n << 63n, 0x7ff0000000000000n, NAN64));
    case 'INTERVAL':
      return hashOfInterval;
    default:
      return (column, row) => mix(wordAt(column, 8 * row));
  }
}

const NO_BYTES = new Uint8Array(0);
const dataOf = (column: ColumnView): Uint8Array => column.data ?? NO_BYTES;

/** `width` bytes, little endian, as an unsigned number. */
function bitsAt(column: ColumnView, at: number, width: number): bigint {
  const data = dataOf(column);
  let low = 0;
  for (let i = Math.min(width, 4) - 1; i >= 0; i--) low = low * 256 + (data[at + i] ?? 0);
  return BigInt(low);
}

function wordAt(column: ColumnView, at: number): bigint {
  return (bitsAt(column, at + 4, 4) << 32n) | bitsAt(column, at, 4);
}

/** Bits of a float with only one zero and one NaN. */
function oneFloat(bits: bigint, sign: bigint, infinity: bigint, nan: bigint): bigint {
  if (bits === sign) return 0n;
  return (bits & ~sign) > infinity ? nan : bits;
}

/** Intervals are equal when their lengths are, with 30 days to a month: what the engine normalises by. */
function hashOfInterval(column: ColumnView, row: number): bigint {
  const months = BigInt.asIntN(32, bitsAt(column, 16 * row, 4));
  const days = BigInt.asIntN(32, bitsAt(column, 16 * row + 4, 4));
  return mix(u64((months * 30n + days) * NANOS_PER_DAY + wordAt(column, 16 * row + 8)));
}

function hashOfBytes(column: ColumnView, row: number): bigint {
  const from = column.offsets?.[row] ?? 0;
  const to = column.offsets?.[row + 1] ?? 0;
  let h = u64(BigInt(to - from) * M1);
  for (let at = from; at < to; at += 8) {
    const low = bitsAt(column, at, Math.min(4, to - at));
    const high = to - at > 4 ? bitsAt(column, at + 4, Math.min(4, to - at - 4)) : 0n;
    h = u64((h ^ ((high << 32n) | low)) * M1);
    h ^= h >> 32n;
  }
  return mix(h);
}

function hashOfList(element: RowHash): RowHash {
  return (column, row) => {
    const from = column.offsets?.[row] ?? 0;
    const to = column.offsets?.[row + 1] ?? 0;
    return hashOfRange(mix(BigInt(to - from)), element, column, from, to);
  };
}

function hashOfRange(start: bigint, element: RowHash, column: ColumnView, from: number, to: number): bigint {
  const [child] = column.children;
  let h = start;
  for (let i = from; child !== undefined && i < to; i++) h = combine(h, element(child, i));
  return h;
}

function hashOfParts(column: ColumnView, row: number, parts: readonly RowHash[]): bigint {
  let h = 0n;
  parts.forEach((part, i) => {
    const child = column.children[i];
    if (child !== undefined) h = combine(h, part(child, row));
  });
  return h;
}
