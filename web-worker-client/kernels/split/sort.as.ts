/**
 * Rows in the order of their keys. Columns lie in segments of 65,536 rows: `segments` is a table of their addresses (u32), in which 0
 * stands for a segment of validity without NULLs. A record of 12 bytes a row is what is sorted: a word of key (u64), made of the
 * bits in which rows differ, and the row's number (u32). By several words, least significant first; each sort leaves equals as they are.
 */
import { clearBit, isValid } from './bits.as';

const SEGMENT: u32 = 16;
const WITHIN: u32 = 0xffff;
const RECORD: usize = 12;
const ROW: usize = 8;
const SIGN: u64 = 0x8000000000000000;

function segmentOf(segments: usize, row: u32): usize {
  return load<u32>(segments + ((<usize>(row >> SEGMENT)) << 2));
}

function isNull(validity: usize, row: u32): bool {
  const bits = segmentOf(validity, row);
  return bits !== 0 && !isValid(bits, row & WITHIN);
}

/** Clears the bits of rows `first` .. of a segment's validity that are 0 in a piece's bitmap. */
export function noteNulls(bits: usize, from: usize, rows: usize, to: usize, first: usize): void {
  for (let i: usize = 0; i < rows; i++) if (!isValid(bits, from + i)) clearBit(to, first + i);
}

/** A value as an unsigned number that compares as ORDER BY does: NaN is the greatest, the zeros are equal. */
function ordinal<T>(at: usize): u64 {
  if (isFloat<T>()) {
    const value = <f64>load<T>(at);
    if (F64.isNaN(value)) return u64.MAX_VALUE;
    const bits = reinterpret<i64>(value + 0.0);
    return <u64>(bits ^ ((bits >> 63) | <i64>SIGN));
  }
  if (isSigned<T>()) return <u64>(<i64>load<T>(at)) ^ SIGN;
  return <u64>load<T>(at);
}

function bounds<T>(segments: usize, stride: usize, validity: usize, rows: u32, to: usize): void {
  let least: u64 = u64.MAX_VALUE;
  let most: u64 = 0;
  for (let row: u32 = 0; row < rows; ) {
    let at = segmentOf(segments, row);
    const end = min(rows, (row | WITHIN) + 1);
    for (; row < end; row++, at += stride) {
      if (validity && isNull(validity, row)) continue;
      const value = ordinal<T>(at);
      least = min(least, value);
      most = max(most, value);
    }
  }
  store<u64>(to, least);
  store<u64>(to, most, 8);
}

/** Of the ordinals of all values that are not NULL, the least and the greatest, to `to` (u64 each). `validity`: 0 where none is NULL. */
export function keyBounds(kind: u32, segments: usize, stride: usize, validity: usize, rows: u32, to: usize): void {
  if (kind === 0) bounds<i8>(segments, stride, validity, rows, to);
  else if (kind === 1) bounds<i16>(segments, stride, validity, rows, to);
  else if (kind === 2) bounds<i32>(segments, stride, validity, rows, to);
  else if (kind === 3) bounds<i64>(segments, stride, validity, rows, to);
  else if (kind === 4) bounds<u8>(segments, stride, validity, rows, to);
  else if (kind === 5) bounds<u16>(segments, stride, validity, rows, to);
  else if (kind === 6) bounds<u32>(segments, stride, validity, rows, to);
  else if (kind === 7) bounds<u64>(segments, stride, validity, rows, to);
  else if (kind === 8) bounds<f32>(segments, stride, validity, rows, to);
  else bounds<f64>(segments, stride, validity, rows, to);
}

/** Records of all rows in the order they came, without a key. */
export function newRecords(records: usize, rows: u32): void {
  for (let row: u32 = 0, at = records; row < rows; row++, at += RECORD) {
    store<u64>(at, 0);
    store<u32>(at, row, ROW);
  }
}

/** Empties the words of key. */
export function clearKeys(records: usize, rows: u32): void {
  for (let i: u32 = 0, at = records; i < rows; i++, at += RECORD) store<u64>(at, 0);
}

function add<T>(
  segments: usize,
  stride: usize,
  validity: usize,
  rows: u32,
  bounds: usize,
  descending: bool,
  shift: u64,
  records: usize,
  asTheyCame: bool,
): void {
  const least = load<u64>(bounds);
  const most = load<u64>(bounds, 8);
  let at = records;
  if (!asTheyCame || validity) {
    for (let i: u32 = 0; i < rows; i++, at += RECORD) {
      const row = load<u32>(at, ROW);
      if (validity && isNull(validity, row)) continue;
      const value = ordinal<T>(segmentOf(segments, row) + <usize>(row & WITHIN) * stride);
      store<u64>(at, load<u64>(at) | ((descending ? most - value : value - least) << shift));
    }
    return;
  }
  for (let row: u32 = 0; row < rows; ) {
    let from = segmentOf(segments, row);
    const end = min(rows, (row | WITHIN) + 1);
    for (; row < end; row++, at += RECORD, from += stride) {
      const value = ordinal<T>(from);
      store<u64>(at, load<u64>(at) | ((descending ? most - value : value - least) << shift));
    }
  }
}

/** Adds how far each row's value is from `bounds` to the records, `shift` bits up; 0 for NULLs. `asTheyCame`: nothing was sorted yet. */
export function addKey(
  kind: u32,
  segments: usize,
  stride: usize,
  validity: usize,
  rows: u32,
  bounds: usize,
  descending: bool,
  shift: u32,
  records: usize,
  asTheyCame: bool,
): void {
  const up = <u64>shift;
  if (kind === 0) add<i8>(segments, stride, validity, rows, bounds, descending, up, records, asTheyCame);
  else if (kind === 1) add<i16>(segments, stride, validity, rows, bounds, descending, up, records, asTheyCame);
  else if (kind === 2) add<i32>(segments, stride, validity, rows, bounds, descending, up, records, asTheyCame);
  else if (kind === 3) add<i64>(segments, stride, validity, rows, bounds, descending, up, records, asTheyCame);
  else if (kind === 4) add<u8>(segments, stride, validity, rows, bounds, descending, up, records, asTheyCame);
  else if (kind === 5) add<u16>(segments, stride, validity, rows, bounds, descending, up, records, asTheyCame);
  else if (kind === 6) add<u32>(segments, stride, validity, rows, bounds, descending, up, records, asTheyCame);
  else if (kind === 7) add<u64>(segments, stride, validity, rows, bounds, descending, up, records, asTheyCame);
  else if (kind === 8) add<f32>(segments, stride, validity, rows, bounds, descending, up, records, asTheyCame);
  else add<f64>(segments, stride, validity, rows, bounds, descending, up, records, asTheyCame);
}

/** One bit, `shift` up, for each row that is NULL (or, with `nullsFirst`, is not). */
export function addNulls(validity: usize, rows: u32, nullsFirst: bool, shift: u32, records: usize): void {
  for (let i: u32 = 0, at = records; i < rows; i++, at += RECORD) {
    const last = isNull(validity, load<u32>(at, ROW)) !== nullsFirst;
    store<u64>(at, load<u64>(at) | ((<u64>last) << (<u64>shift)));
  }
}

export function inOrder(records: usize, rows: u32): bool {
  let before: u64 = 0;
  for (let i: u32 = 0, at = records; i < rows; i++, at += RECORD) {
    const key = load<u64>(at);
    if (key < before) return false;
    before = key;
  }
  return true;
}

/** How many records have each value of the `digits` digits of `bits` bits each, from the lowest on: a table of 2^bits u32 a digit, zero before. */
export function countDigits(records: usize, rows: u32, bits: u32, digits: u32, tables: usize): void {
  const mask = ((<u64>1) << (<u64>bits)) - 1;
  const tableBytes = (<usize>4) << (<usize>bits);
  for (let i: u32 = 0, at = records; i < rows; i++, at += RECORD) {
    let key = load<u64>(at);
    for (let digit: u32 = 0, table = tables; digit < digits; digit++, table += tableBytes, key >>= <u64>bits) {
      const count = table + ((<usize>(key & mask)) << 2);
      store<u32>(count, load<u32>(count) + 1);
    }
  }
}

/** Moves the records to `to` in the order of the digit at `shift`, whose counts are in `table`. Returns false, with nothing done, when all have the same. */
export function sortByDigit(records: usize, rows: u32, shift: u32, bits: u32, table: usize, to: usize): bool {
  const mask = ((<u64>1) << (<u64>bits)) - 1;
  const up = <u64>shift;
  if (rows === 0 || load<u32>(table + ((<usize>((load<u64>(records) >> up) & mask)) << 2)) === rows) return false;
  let next = <u32>to;
  const end = table + ((<usize>4) << (<usize>bits));
  for (let at = table; at < end; at += 4) {
    const count = load<u32>(at);
    store<u32>(at, next);
    next += count * <u32>RECORD;
  }
  for (let i: u32 = 0, at = records; i < rows; i++, at += RECORD) {
    const key = load<u64>(at);
    const cursor = table + ((<usize>((key >> up) & mask)) << 2);
    const place = load<u32>(cursor);
    store<u64>(place, key);
    store<u32>(place, load<u32>(at, ROW), ROW);
    store<u32>(cursor, place + <u32>RECORD);
  }
  return true;
}

function gather<T>(segments: usize, records: usize, count: u32, to: usize): void {
  for (let i: u32 = 0, at = records, out = to; i < count; i++, at += RECORD, out += sizeof<T>()) {
    const row = load<u32>(at, ROW);
    store<T>(out, load<T>(segmentOf(segments, row) + <usize>(row & WITHIN) * sizeof<T>()));
  }
}

/** Values of `width` bytes of the rows of `count` records, one after the other. */
export function gatherValues(width: u32, segments: usize, records: usize, count: u32, to: usize): void {
  if (width === 1) gather<u8>(segments, records, count, to);
  else if (width === 2) gather<u16>(segments, records, count, to);
  else if (width === 4) gather<u32>(segments, records, count, to);
  else if (width === 8) gather<u64>(segments, records, count, to);
  else gather<v128>(segments, records, count, to);
}

export function nullsAmong(validity: usize, records: usize, count: u32): u32 {
  let nulls: u32 = 0;
  for (let i: u32 = 0, at = records; i < count; i++, at += RECORD) nulls += <u32>isNull(validity, load<u32>(at, ROW));
  return nulls;
}

/** Clears the bits of NULLs in a bitmap of all valid rows, and zeroes their values. */
export function gatherNulls(width: u32, validity: usize, records: usize, count: u32, bits: usize, values: usize): void {
  for (let i: u32 = 0, at = records; i < count; i++, at += RECORD) {
    if (!isNull(validity, load<u32>(at, ROW))) continue;
    clearBit(bits, <usize>i);
    memory.fill(values + <usize>(i * width), 0, width);
  }
}
