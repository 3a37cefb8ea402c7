/** Checks and repairs of values that a guest emits: offsets, UTF-8, NaN, bits at any place. */
import { BitBuffer, bitAt } from '../../shared/arrow/byte-buffer.ts';
import { emitError } from './guest-view.ts';

/** Bits `from` to before `from + count`, as bits from 0; a view where they begin in a byte. */
export function bitsFrom(source: Uint8Array, from: number, count: number): Uint8Array {
  if ((from & 7) === 0) return source.subarray(from >> 3, (from + count + 7) >> 3);
  const bits = new BitBuffer(count);
  bits.append(source, from, from + count);
  return bits.bytes.subarray(0, bits.used);
}

/** 32-bit offsets from bytes at any address; 64-bit ones are narrowed. Throws GuestError unless they rise from 0 or more to `last` or less. */
export function checkedOffsets(source: Uint8Array<ArrayBuffer>, large: boolean, last: number, where: string): Int32Array {
  const width = large ? 8 : 4;
  const placed = source.byteOffset % width === 0 ? source : source.slice();
  const count = source.length / width;
  const offsets = large
    ? Int32Array.from(new BigInt64Array(placed.buffer, placed.byteOffset, count), (o) =>
        o > 0x7fffffffn || o < 0n ? -1 : Number(o),
      )
    : new Int32Array(placed.buffer, placed.byteOffset, count);
  let previous = 0;
  for (let i = 0; i < count; i++) {
    const offset = offsets[i] as number;
    if (offset < previous) throw emitError(`${where}: offset ${i} is ${offset}, the one before ${previous}`);
    previous = offset;
  }
  if (previous > last) throw emitError(`${where}: the last offset is ${previous}, beyond its ${last} values`);
  return offsets;
}

const ASCII_MASK = 0x80808080;
const NO_WORDS = new Uint32Array(0);

function isAscii(bytes: Uint8Array): boolean {
  const head = Math.min((4 - (bytes.byteOffset & 3)) & 3, bytes.length);
  // Short ones may end before the next whole word begins, where no view of words may stand.
  const words =
    bytes.length > head ? new Uint32Array(bytes.buffer, bytes.byteOffset + head, (bytes.length - head) >> 2) : NO_WORDS;
  let all = 0;
  for (let i = 0; i < words.length; i++) all |= words[i] as number;
  if ((all & ASCII_MASK) !== 0) return false;
  for (let i = 0; i < head; i++) all |= bytes[i] as number;
  for (let i = head + 4 * words.length; i < bytes.length; i++) all |= bytes[i] as number;
  return (all & ASCII_MASK) === 0;
}

/** Texts are checked together, a piece of this size at a time. */
const PIECE_BYTES = 1 << 20;

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** True when no string begins within a character. */
function splitsNoCharacter(data: Uint8Array, offsets: Int32Array, from: number, to: number): boolean {
  for (let row = from; row <= to; row++) {
    const at = offsets[row] as number;
    if (at < data.length && ((data[at] as number) & 0xc0) === 0x80) return false;
  }
  return true;
}

/** Throws GuestError unless every string that is not NULL is UTF-8. */
export function checkUtf8(data: Uint8Array, offsets: Int32Array, validity: Uint8Array | null, where: string): void {
  const rows = offsets.length - 1;
  let from = 0;
  while (from < rows) {
    let to = from + 1;
    const start = offsets[from] as number;
    while (to < rows && (offsets[to + 1] as number) - start <= PIECE_BYTES) to++;
    const piece = data.subarray(start, offsets[to]);
    if (!isAscii(piece) && !(isUtf8(piece) && splitsNoCharacter(data, offsets, from, to - 1))) {
      checkEach(data, offsets, validity, from, to, where);
    }
    from = to;
  }
}

function checkEach(
  data: Uint8Array,
  offsets: Int32Array,
  validity: Uint8Array | null,
  from: number,
  to: number,
  where: string,
): void {
  for (let row = from; row < to; row++) {
    if (validity !== null && !bitAt(validity, row)) continue;
    if (isUtf8(data.subarray(offsets[row], offsets[row + 1]))) continue;
    throw emitError(`${where}: the string in row ${row} is no UTF-8`, 'Emit bytes that are no text as BLOB (z).');
  }
}

/** The values with every NaN the same: a view of them where none is. `width` 4 or 8. */
export function canonicalNaNs(source: Uint8Array<ArrayBuffer>, width: number): Uint8Array<ArrayBuffer> {
  const placed = source.byteOffset % width === 0 ? source : source.slice();
  const count = placed.length / width;
  const values =
    width === 4
      ? new Float32Array(placed.buffer, placed.byteOffset, count)
      : new Float64Array(placed.buffer, placed.byteOffset, count);
  let first = 0;
  while (first < count && !Number.isNaN(values[first])) first++;
  if (first === count) return placed;
  const copy = placed.slice();
  if (width === 4) {
    const words = new Uint32Array(copy.buffer);
    for (let i = first; i < count; i++) if (Number.isNaN(values[i])) words[i] = 0x7fc00000;
  } else {
    const words = new BigUint64Array(copy.buffer);
    for (let i = first; i < count; i++) if (Number.isNaN(values[i])) words[i] = 0x7ff8000000000000n;
  }
  return copy;
}
