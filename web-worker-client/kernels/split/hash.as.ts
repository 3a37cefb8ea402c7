// biome-ignore-all lint/correctness/noPrecisionLoss: these are 64-bit integers here
/**
 * Hashes of key columns, one u64 a row at `hashes`: the arithmetic of shared/arrow/split-hash.ts. Each function either begins
 * the row hashes (`first`) or combines its column's into them. `validity` is 0 where no row is NULL.
 */
import { isValid } from './bits.as';

const M1: u64 = 0xff51afd7ed558ccd;
const M2: u64 = 0xc4ceb9fe1a85ec53;
const K: u64 = 0xbf58476d1ce4e5b9;
const NULL_HASH: u64 = 0x9e3779b97f4a7c15;
const NANOS_PER_DAY: u64 = 86400000000000;

function mix(word: u64): u64 {
  let x = word;
  x = (x ^ (x >> 33)) * M1;
  x = (x ^ (x >> 33)) * M2;
  return x ^ (x >> 33);
}

function add(hashes: usize, row: usize, first: bool, hash: u64): void {
  const at = hashes + (row << 3);
  store<u64>(at, first ? hash : (load<u64>(at) * K) ^ hash);
}

/** The bits of a value, with one zero and one NaN. */
function bitsOf<T>(at: usize): u64 {
  if (!isFloat<T>()) return <u64>load<T>(at);
  if (sizeof<T>() === 4) {
    const magnitude = load<u32>(at) & 0x7fffffff;
    if (magnitude === 0) return 0;
    return magnitude > 0x7f800000 ? 0x7fc00000 : <u64>load<u32>(at);
  }
  const magnitude = load<u64>(at) & 0x7fffffffffffffff;
  if (magnitude === 0) return 0;
  return magnitude > 0x7ff0000000000000 ? 0x7ff8000000000000 : load<u64>(at);
}

function values<T>(data: usize, validity: usize, rows: usize, hashes: usize, first: bool): void {
  if (!validity) {
    for (let i: usize = 0; i < rows; i++) add(hashes, i, first, mix(bitsOf<T>(data + i * sizeof<T>())));
    return;
  }
  for (let i: usize = 0; i < rows; i++) {
    const hash = mix(bitsOf<T>(data + i * sizeof<T>()));
    add(hashes, i, first, isValid(validity, i) ? hash : NULL_HASH);
  }
}

export function hash8(data: usize, validity: usize, rows: usize, hashes: usize, first: bool): void {
  values<u8>(data, validity, rows, hashes, first);
}

export function hash16(data: usize, validity: usize, rows: usize, hashes: usize, first: bool): void {
  values<u16>(data, validity, rows, hashes, first);
}

export function hash32(data: usize, validity: usize, rows: usize, hashes: usize, first: bool): void {
  values<u32>(data, validity, rows, hashes, first);
}

export function hash64(data: usize, validity: usize, rows: usize, hashes: usize, first: bool): void {
  values<u64>(data, validity, rows, hashes, first);
}

export function hashFloat(data: usize, validity: usize, rows: usize, hashes: usize, first: bool): void {
  values<f32>(data, validity, rows, hashes, first);
}

export function hashDouble(data: usize, validity: usize, rows: usize, hashes: usize, first: bool): void {
  values<f64>(data, validity, rows, hashes, first);
}

export function hashBool(data: usize, validity: usize, rows: usize, hashes: usize, first: bool): void {
  for (let i: usize = 0; i < rows; i++) {
    const valid = !validity || isValid(validity, i);
    add(hashes, i, first, valid ? mix(isValid(data, i) ? 1 : 0) : NULL_HASH);
  }
}

export function hashDecimal(data: usize, validity: usize, rows: usize, hashes: usize, first: bool): void {
  for (let i: usize = 0; i < rows; i++) {
    const at = data + (i << 4);
    const valid = !validity || isValid(validity, i);
    add(hashes, i, first, valid ? mix(load<u64>(at) ^ mix(load<u64>(at, 8))) : NULL_HASH);
  }
}

export function hashInterval(data: usize, validity: usize, rows: usize, hashes: usize, first: bool): void {
  for (let i: usize = 0; i < rows; i++) {
    const at = data + (i << 4);
    const days = <i64>load<i32>(at) * 30 + <i64>load<i32>(at, 4);
    const valid = !validity || isValid(validity, i);
    add(hashes, i, first, valid ? mix(<u64>days * NANOS_PER_DAY + load<u64>(at, 8)) : NULL_HASH);
  }
}

/** Up to 8 bytes beyond the last string are read, never used. */
export function hashBytes(offsets: usize, data: usize, validity: usize, rows: usize, hashes: usize, first: bool): void {
  for (let i: usize = 0; i < rows; i++) {
    if (validity && !isValid(validity, i)) {
      add(hashes, i, first, NULL_HASH);
      continue;
    }
    const from = load<u32>(offsets + (i << 2));
    let left = load<u32>(offsets + (i << 2), 4) - from;
    let at = data + from;
    let h: u64 = <u64>left * M1;
    for (; left >= 8; left -= 8, at += 8) {
      h = (h ^ load<u64>(at)) * M1;
      h ^= h >> 32;
    }
    if (left) {
      h = (h ^ (load<u64>(at) & (((<u64>1) << ((<u64>left) << 3)) - 1))) * M1;
      h ^= h >> 32;
    }
    add(hashes, i, first, mix(h));
  }
}

/** Hashes that were made elsewhere. */
export function hashGiven(given: usize, rows: usize, hashes: usize, first: bool): void {
  for (let i: usize = 0; i < rows; i++) add(hashes, i, first, load<u64>(given + (i << 3)));
}
