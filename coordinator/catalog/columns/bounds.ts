/** Min and max of a column's chunk, read from its finished Arrow buffers (shared/plan/statistics.ts says in which form). */
import type { ColumnView } from '../../../shared/arrow/column-view.ts';
import type { SqlType } from '../../../shared/arrow/types.ts';
import type { Bound, ColumnStatistics } from '../../../shared/plan/statistics.ts';
import { textBounds } from './text-bounds.ts';
import { isSet } from './validity.ts';

type Range = Pick<ColumnStatistics, 'min' | 'max'>;
type IntegerArray = Int8Array | Int16Array | Int32Array | Uint8Array | Uint16Array | Uint32Array;

export function statisticsOf(type: SqlType, column: ColumnView, nulls: number): ColumnStatistics {
  if (nulls === column.rows) return { nulls };
  return { nulls, ...rangeOf(type, column, nulls) };
}

function rangeOf(type: SqlType, column: ColumnView, nulls: number): Range {
  const { data } = column;
  if (!data) return {};
  if (type.id === 'decimal') return wide(column, data);
  if (type.id !== 'scalar') return {};
  const { buffer, byteOffset } = data;
  const n = column.rows;
  switch (type.name) {
    case 'BOOLEAN':
      return booleans(column, data, nulls);
    case 'TINYINT':
      return narrow(column, new Int8Array(buffer, byteOffset, n));
    case 'UTINYINT':
      return narrow(column, new Uint8Array(buffer, byteOffset, n));
    case 'SMALLINT':
      return narrow(column, new Int16Array(buffer, byteOffset, n));
    case 'USMALLINT':
      return narrow(column, new Uint16Array(buffer, byteOffset, n));
    case 'INTEGER':
    case 'DATE':
      return narrow(column, new Int32Array(buffer, byteOffset, n));
    case 'UINTEGER':
      return narrow(column, new Uint32Array(buffer, byteOffset, n));
    case 'BIGINT':
    case 'TIME':
    case 'TIMESTAMP':
    case 'TIMESTAMP WITH TIME ZONE':
      return longs(column, new Int32Array(buffer, byteOffset, n * 2), true);
    case 'UBIGINT':
      return longs(column, new Int32Array(buffer, byteOffset, n * 2), false);
    case 'FLOAT':
      return floats(column, new Float32Array(buffer, byteOffset, n));
    case 'DOUBLE':
      return floats(column, new Float64Array(buffer, byteOffset, n));
    case 'VARCHAR':
      return textBounds(column);
    default:
      return {};
  }
}

const integers = (min: number | bigint, max: number | bigint): Range => ({
  min: { k: 'i', v: String(min) },
  max: { k: 'i', v: String(max) },
});

function booleans(column: ColumnView, bits: Uint8Array, nulls: number): Range {
  let trues = 0;
  for (let i = 0; i < column.rows; i++) if (isSet(bits, i)) trues++;
  const valid = column.rows - nulls;
  return integers(trues === valid ? 1 : 0, trues > 0 ? 1 : 0);
}

function narrow(column: ColumnView, values: IntegerArray): Range {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  const valid = column.validity;
  for (let i = 0; i < values.length; i++) {
    if (valid && !isSet(valid, i)) continue;
    const value = values[i] as number;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return integers(min, max);
}

/** 64-bit values as pairs of words: comparing halves is several times faster than making BigInts. */
function longs(column: ColumnView, words: Int32Array, signed: boolean): Range {
  const flip = signed ? 0 : 0x80000000;
  const valid = column.validity;
  let minRow = -1;
  let maxRow = -1;
  let minHigh = 0;
  let minLow = 0;
  let maxHigh = 0;
  let maxLow = 0;
  for (let i = 0; i < column.rows; i++) {
    if (valid && !isSet(valid, i)) continue;
    const high = (words[2 * i + 1] as number) ^ flip;
    const low = (words[2 * i] as number) >>> 0;
    if (minRow < 0 || high < minHigh || (high === minHigh && low < minLow)) {
      minRow = i;
      minHigh = high;
      minLow = low;
    }
    if (maxRow < 0 || high > maxHigh || (high === maxHigh && low > maxLow)) {
      maxRow = i;
      maxHigh = high;
      maxLow = low;
    }
  }
  const at = (row: number): bigint => {
    const value = (BigInt(words[2 * row + 1] as number) << 32n) | BigInt((words[2 * row] as number) >>> 0);
    return signed ? value : BigInt.asUintN(64, value);
  };
  return integers(at(minRow), at(maxRow));
}

/** 128-bit integers, the form of decimals. */
function wide(column: ColumnView, data: Uint8Array): Range {
  const words = new Int32Array(data.buffer, data.byteOffset, column.rows * 4);
  const small = every64Bit(words);
  if (small) return longs(column, halves(words), true);
  const view = new DataView(data.buffer, data.byteOffset, column.rows * 16);
  const valid = column.validity;
  let min: bigint | undefined;
  let max: bigint | undefined;
  for (let i = 0; i < column.rows; i++) {
    if (valid && !isSet(valid, i)) continue;
    const value = (view.getBigInt64(i * 16 + 8, true) << 64n) | view.getBigUint64(i * 16, true);
    if (min === undefined || value < min) min = value;
    if (max === undefined || value > max) max = value;
  }
  return min === undefined || max === undefined ? {} : integers(min, max);
}

function every64Bit(words: Int32Array): boolean {
  for (let i = 0; i < words.length; i += 4) {
    const sign = (words[i + 1] as number) >> 31;
    if (words[i + 2] !== sign || words[i + 3] !== sign) return false;
  }
  return true;
}

function halves(words: Int32Array): Int32Array {
  const out = new Int32Array(words.length / 2);
  for (let i = 0, k = 0; i < words.length; i += 4) {
    out[k++] = words[i] as number;
    out[k++] = words[i + 1] as number;
  }
  return out;
}

function floats(column: ColumnView, values: Float32Array | Float64Array): Range {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  const valid = column.validity;
  for (let i = 0; i < values.length; i++) {
    if (valid && !isSet(valid, i)) continue;
    const value = values[i] as number;
    if (Number.isNaN(value)) return {};
    if (value < min) min = value;
    if (value > max) max = value;
  }
  // JSON has no infinity; a chunk that holds one is never skipped.
  if (!Number.isFinite(min) || !Number.isFinite(max)) return {};
  const bound = (v: number): Bound => ({ k: 'f', v });
  return { min: bound(min), max: bound(max) };
}
