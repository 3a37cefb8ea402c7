import type { ColumnView } from '../../../shared/arrow/column-view.ts';
import type { ColumnStatistics } from '../../../shared/plan/statistics.ts';
import { isSet } from './validity.ts';

/** Bounds longer than this are cut: the min to a prefix, the max to the next larger text of that length. */
const BOUND_BYTES = 64;

const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** Min and max of a text column in the order of its UTF-8 bytes. */
export function textBounds(column: ColumnView): Pick<ColumnStatistics, 'min' | 'max'> {
  const { data, offsets, validity: valid } = column;
  if (!offsets || !data) return {};
  let min = -1;
  let max = -1;
  for (let i = 0; i < column.rows; i++) {
    if (valid && !isSet(valid, i)) continue;
    if (min < 0) {
      min = max = i;
    } else if (compareAt(data, offsets, i, min) < 0) min = i;
    else if (compareAt(data, offsets, i, max) > 0) max = i;
  }
  if (min < 0) return {};
  const low = lowerBound(valueAt(data, offsets, min));
  const high = upperBound(valueAt(data, offsets, max));
  return { min: { k: 's', v: low }, ...(high === undefined ? {} : { max: { k: 's', v: high } }) };
}

function valueAt(data: Uint8Array, offsets: Int32Array, row: number): Uint8Array {
  return data.subarray(offsets[row] as number, offsets[row + 1] as number);
}

function compareAt(data: Uint8Array, offsets: Int32Array, a: number, b: number): number {
  let p = offsets[a] as number;
  let q = offsets[b] as number;
  const lengthA = (offsets[a + 1] as number) - p;
  const lengthB = (offsets[b + 1] as number) - q;
  const end = p + Math.min(lengthA, lengthB);
  for (; p < end; p++, q++) {
    const difference = (data[p] as number) - (data[q] as number);
    if (difference !== 0) return difference;
  }
  return lengthA - lengthB;
}

/** The longest prefix of whole characters within the bound. */
function prefix(value: Uint8Array): Uint8Array {
  if (value.length <= BOUND_BYTES) return value;
  let end = BOUND_BYTES;
  while (end > 0 && ((value[end] as number) & 0xc0) === 0x80) end--;
  return value.subarray(0, end);
}

export function lowerBound(value: Uint8Array): string {
  return UTF8.decode(prefix(value));
}

/** A text not smaller than `value`; undefined where none of this length exists. */
export function upperBound(value: Uint8Array): string | undefined {
  const text = UTF8.decode(prefix(value));
  if (value.length <= BOUND_BYTES) return text;
  const points = Array.from(text, (char) => char.codePointAt(0) as number);
  while (points.length > 0) {
    const last = points.pop() as number;
    // Code points order as their UTF-8 bytes do; surrogates are no characters.
    if (last < 0x10ffff) return String.fromCodePoint(...points, last === 0xd7ff ? 0xe000 : last + 1);
  }
  return undefined;
}
