/**
 * Moves the values of one piece of one column to the cells of its rows, in canonical form: zero under a NULL, offsets from 0. A
 * cursor of 32 bytes a cell, at `cursors`, says where its next value goes. Validity bitmaps begin with all rows valid; only NULLs
 * are noted. `validity` is 0 where the piece has no NULL.
 */
import { clearBit, isValid, setBit } from './bits.as';

// Words of a cursor.
const NEXT: usize = 0; // bool, marks: row; values: address of the next value; bytes, lists: of the next offset
const BASE: usize = 4; // where the values begin, or the offsets after the first one
const VALIDITY: usize = 8;
const CONTENT: usize = 12; // bytes: address of the next text; lists: elements so far
const CONTENT_BASE: usize = 16;

/** Up to this length, strings are moved 16 bytes at a time, over their end; what comes behind them is written later. */
const SHORT: u32 = 64;

function cursorOf(cells: usize, row: usize, cursors: usize): usize {
  return cursors + ((<usize>load<u16>(cells + (row << 1))) << 5);
}

function put<T>(cells: usize, data: usize, row: usize, cursors: usize): void {
  const cursor = cursorOf(cells, row, cursors);
  const at = load<u32>(cursor, NEXT);
  store<T>(at, load<T>(data + row * sizeof<T>()));
  store<u32>(cursor, at + sizeof<T>(), NEXT);
}

function putNull<T>(cells: usize, row: usize, cursors: usize): void {
  const cursor = cursorOf(cells, row, cursors);
  const at = load<u32>(cursor, NEXT);
  if (isVector<T>()) v128.store(at, i64x2.splat(0));
  else store<T>(at, <T>0);
  store<u32>(cursor, at + sizeof<T>(), NEXT);
  clearBit(load<u32>(cursor, VALIDITY), (at - load<u32>(cursor, BASE)) / sizeof<T>());
}

function values<T>(cells: usize, data: usize, validity: usize, rows: usize, cursors: usize): void {
  if (!validity) {
    for (let i: usize = 0; i < rows; i++) put<T>(cells, data, i, cursors);
    return;
  }
  for (let i: usize = 0; i < rows; ) {
    let bits: u32 = load<u8>(validity + (i >> 3));
    const end = min(i + 8, rows);
    if (bits === 0xff) {
      for (; i < end; i++) put<T>(cells, data, i, cursors);
    } else {
      for (; i < end; i++, bits >>= 1) {
        if (bits & 1) put<T>(cells, data, i, cursors);
        else putNull<T>(cells, i, cursors);
      }
    }
  }
}

export function scatter1(cells: usize, data: usize, validity: usize, rows: usize, cursors: usize): void {
  values<u8>(cells, data, validity, rows, cursors);
}

export function scatter2(cells: usize, data: usize, validity: usize, rows: usize, cursors: usize): void {
  values<u16>(cells, data, validity, rows, cursors);
}

export function scatter4(cells: usize, data: usize, validity: usize, rows: usize, cursors: usize): void {
  values<u32>(cells, data, validity, rows, cursors);
}

export function scatter8(cells: usize, data: usize, validity: usize, rows: usize, cursors: usize): void {
  values<u64>(cells, data, validity, rows, cursors);
}

export function scatter16(cells: usize, data: usize, validity: usize, rows: usize, cursors: usize): void {
  values<v128>(cells, data, validity, rows, cursors);
}

/** Bits of BOOLEANs; the target's are 0. */
export function scatterBools(cells: usize, data: usize, validity: usize, rows: usize, cursors: usize): void {
  for (let i: usize = 0; i < rows; i++) {
    const cursor = cursorOf(cells, i, cursors);
    const row = load<u32>(cursor, NEXT);
    store<u32>(cursor, row + 1, NEXT);
    if (validity && !isValid(validity, i)) clearBit(load<u32>(cursor, VALIDITY), row);
    else if (isValid(data, i)) setBit(load<u32>(cursor, BASE), row);
  }
}

/** Only the NULLs: structs and arrays. */
export function scatterNulls(cells: usize, validity: usize, rows: usize, cursors: usize): void {
  for (let i: usize = 0; i < rows; i++) {
    const cursor = cursorOf(cells, i, cursors);
    const row = load<u32>(cursor, NEXT);
    store<u32>(cursor, row + 1, NEXT);
    if (validity && !isValid(validity, i)) clearBit(load<u32>(cursor, VALIDITY), row);
  }
}

/** The end of one string or list is `end` from the start of its cell's content. */
function putEnd(cursor: usize, end: u32): void {
  const at = load<u32>(cursor, NEXT);
  store<u32>(at, end);
  store<u32>(cursor, at + 4, NEXT);
}

function putNullEnd(cursor: usize, end: u32): void {
  clearBit(load<u32>(cursor, VALIDITY), (load<u32>(cursor, NEXT) - load<u32>(cursor, BASE)) >> 2);
  putEnd(cursor, end);
}

function putBytes(cursor: usize, source: usize, length: u32): void {
  const to = load<u32>(cursor, CONTENT);
  const end = to + length;
  store<u32>(cursor, end, CONTENT);
  putEnd(cursor, end - load<u32>(cursor, CONTENT_BASE));
  if (length > SHORT) {
    memory.copy(to, source, length);
    return;
  }
  let from = source;
  for (let at: usize = to; at < end; at += 16, from += 16) v128.store(at, v128.load(from));
}

export function scatterBytes(cells: usize, offsets: usize, data: usize, validity: usize, rows: usize, cursors: usize): void {
  let from = load<u32>(offsets);
  for (let i: usize = 0; i < rows; i++) {
    const to = load<u32>(offsets + (i << 2), 4);
    const cursor = cursorOf(cells, i, cursors);
    if (validity && !isValid(validity, i)) putNullEnd(cursor, load<u32>(cursor, CONTENT) - load<u32>(cursor, CONTENT_BASE));
    else putBytes(cursor, data + from, to - from);
    from = to;
  }
}

export function scatterLists(cells: usize, offsets: usize, validity: usize, rows: usize, cursors: usize): void {
  for (let i: usize = 0; i < rows; i++) {
    const cursor = cursorOf(cells, i, cursors);
    let end = load<u32>(cursor, CONTENT);
    if (validity && !isValid(validity, i)) {
      putNullEnd(cursor, end);
      continue;
    }
    end += load<u32>(offsets + (i << 2), 4) - load<u32>(offsets + (i << 2));
    store<u32>(cursor, end, CONTENT);
    putEnd(cursor, end);
  }
}
