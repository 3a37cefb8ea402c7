/**
 * Values of the types that compare, add up and are written down the same way everywhere, out of Arrow columns and back: integers of all
 * widths, decimals, dates, times and BOOLEAN as bigints, DOUBLE as numbers, VARCHAR as the bytes of its UTF-8.
 */
import { bitAt } from '../arrow/byte-buffer.ts';
import type { ColumnView } from '../arrow/column-view.ts';
import { parseSqlType, type SqlType, wireTypeOf } from '../arrow/types.ts';

export type Cell = bigint | number | Uint8Array | null;

/** `scale`: digits behind the point of a decimal, else 0. `most` and `least`: what the type holds. */
export type CellKind =
  | {
      readonly kind: 'int';
      readonly width: 1 | 2 | 4 | 8 | 16;
      readonly least: bigint;
      readonly most: bigint;
      readonly scale: number;
    }
  | { readonly kind: 'bit' }
  | { readonly kind: 'double' }
  | { readonly kind: 'text' };

const signed = (width: 1 | 2 | 4 | 8): CellKind => {
  const half = 1n << BigInt(8 * width - 1);
  return { kind: 'int', width, least: -half, most: half - 1n, scale: 0 };
};
const unsigned = (width: 1 | 2 | 4 | 8): CellKind => ({
  kind: 'int',
  width,
  least: 0n,
  most: (1n << BigInt(8 * width)) - 1n,
  scale: 0,
});
const digits = (width: number, scale: number): CellKind => {
  const most = 10n ** BigInt(width) - 1n;
  return { kind: 'int', width: 16, least: -most, most, scale };
};

const KINDS: ReadonlyMap<string, CellKind> = new Map([
  ['BOOLEAN', { kind: 'bit' }],
  ['TINYINT', signed(1)],
  ['SMALLINT', signed(2)],
  ['INTEGER', signed(4)],
  ['BIGINT', signed(8)],
  ['UTINYINT', unsigned(1)],
  ['USMALLINT', unsigned(2)],
  ['UINTEGER', unsigned(4)],
  ['UBIGINT', unsigned(8)],
  // It travels as a decimal; what that does not hold is an error of the engine's.
  ['HUGEINT', digits(38, 0)],
  ['DATE', signed(4)],
  ['TIMESTAMP', signed(8)],
  ['TIMESTAMP WITH TIME ZONE', signed(8)],
  ['DOUBLE', { kind: 'double' }],
  ['VARCHAR', { kind: 'text' }],
]);

/** Of a DuckDB type; undefined where its values are not plain ones. */
export function cellKind(type: string): CellKind | undefined {
  const known = KINDS.get(type);
  if (known || !type.startsWith('DECIMAL(')) return known;
  const parsed: SqlType = parseSqlType(type);
  return parsed.id === 'decimal' ? digits(parsed.width, parsed.scale) : undefined;
}

/** They hold the same values, written the same way. */
export const sameKind = (a: CellKind, b: CellKind): boolean =>
  a.kind === 'int' && b.kind === 'int'
    ? a.width === b.width && a.scale === b.scale && a.least === b.least && a.most === b.most
    : a.kind === b.kind;

/** The type in which it travels is the one that `cellKind` reads. */
export const travelsPlain = (type: string, wire: string): boolean => cellKind(type) !== undefined && wireTypeOf(type) === wire;

/**
 * Appends a column's values. False: one of them is a double that has several forms or no number (-0, NaN, an infinity), which engines
 * may treat in their own ways.
 */
export function readCells(kind: CellKind, column: ColumnView, into: Cell[]): boolean {
  const { rows, validity, data, offsets } = column;
  if (data === null || (kind.kind === 'text' && offsets === null)) return false;
  const value = reader(kind, data, offsets);
  for (let row = 0; row < rows; row++) {
    const cell = validity !== null && !bitAt(validity, row) ? null : value(row);
    if (typeof cell === 'number' && (!Number.isFinite(cell) || Object.is(cell, -0))) return false;
    into.push(cell);
  }
  return true;
}

function reader(kind: CellKind, data: Uint8Array, offsets: Int32Array | null): (row: number) => Cell {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  switch (kind.kind) {
    case 'bit':
      return (row) => (bitAt(data, row) ? 1n : 0n);
    case 'double':
      return (row) => view.getFloat64(8 * row, true);
    case 'text':
      return (row) => data.subarray(offsets?.[row] ?? 0, offsets?.[row + 1] ?? 0);
    case 'int':
      return kind.least < 0n ? signedReader(kind.width, view) : unsignedReader(kind.width, view);
  }
}

function signedReader(width: 1 | 2 | 4 | 8 | 16, view: DataView): (row: number) => bigint {
  switch (width) {
    case 1:
      return (row) => BigInt(view.getInt8(row));
    case 2:
      return (row) => BigInt(view.getInt16(2 * row, true));
    case 4:
      return (row) => BigInt(view.getInt32(4 * row, true));
    case 8:
      return (row) => view.getBigInt64(8 * row, true);
    case 16:
      return (row) => (view.getBigInt64(16 * row + 8, true) << 64n) | view.getBigUint64(16 * row, true);
  }
}

function unsignedReader(width: 1 | 2 | 4 | 8 | 16, view: DataView): (row: number) => bigint {
  switch (width) {
    case 1:
      return (row) => BigInt(view.getUint8(row));
    case 2:
      return (row) => BigInt(view.getUint16(2 * row, true));
    case 4:
      return (row) => BigInt(view.getUint32(4 * row, true));
    default:
      return (row) => view.getBigUint64(8 * row, true);
  }
}

/** A column of these values; undefined: one of them is beyond what the type holds. */
export function columnOfCells(kind: CellKind, cells: readonly Cell[]): ColumnView | undefined {
  const rows = cells.length;
  const validity = cells.includes(null) ? bitsOf(cells, (cell) => cell !== null) : null;
  const base = { rows, validity, offsets: null, children: [] };
  switch (kind.kind) {
    case 'bit':
      return { ...base, data: bitsOf(cells, (cell) => cell === 1n) };
    case 'double':
      if (cells.some((cell) => typeof cell === 'number' && !Number.isFinite(cell))) return undefined;
      return { ...base, data: new Uint8Array(Float64Array.from(cells, Number).buffer) };
    case 'text':
      return { ...base, ...texts(cells) };
    case 'int': {
      const { least, most, width } = kind;
      if (cells.some((cell) => typeof cell === 'bigint' && (cell < least || cell > most))) return undefined;
      return { ...base, data: integers(width, cells) };
    }
  }
}

function bitsOf(cells: readonly Cell[], isSet: (cell: Cell) => boolean): Uint8Array {
  const bits = new Uint8Array((cells.length + 7) >> 3);
  for (const [i, cell] of cells.entries()) if (isSet(cell)) bits[i >> 3] = (bits[i >> 3] ?? 0) | (1 << (i & 7));
  return bits;
}

/** Two's complement, little endian. */
function integers(width: number, cells: readonly Cell[]): Uint8Array {
  const bytes = new Uint8Array(width * cells.length);
  const view = new DataView(bytes.buffer);
  for (const [row, cell] of cells.entries()) {
    const value = typeof cell === 'bigint' ? cell : 0n;
    const at = width * row;
    if (width === 1) view.setInt8(at, Number(BigInt.asIntN(8, value)));
    else if (width === 2) view.setInt16(at, Number(BigInt.asIntN(16, value)), true);
    else if (width === 4) view.setInt32(at, Number(BigInt.asIntN(32, value)), true);
    else view.setBigInt64(at, BigInt.asIntN(64, value), true);
    if (width === 16) view.setBigInt64(at + 8, value >> 64n, true);
  }
  return bytes;
}

function texts(cells: readonly Cell[]): { offsets: Int32Array; data: Uint8Array } {
  const offsets = new Int32Array(cells.length + 1);
  for (const [i, cell] of cells.entries()) offsets[i + 1] = (offsets[i] ?? 0) + (cell instanceof Uint8Array ? cell.length : 0);
  const data = new Uint8Array(offsets[cells.length] ?? 0);
  for (const [i, cell] of cells.entries()) if (cell instanceof Uint8Array) data.set(cell, offsets[i]);
  return { offsets, data };
}

/** Less than, equal to or greater than 0, of two values of one kind that are not NULL. Texts compare by their bytes. */
export function compareCells(a: Cell, b: Cell): number {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return compareBytes(a, b);
  return a === b ? 0 : (a as bigint) < (b as bigint) ? -1 : 1;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
