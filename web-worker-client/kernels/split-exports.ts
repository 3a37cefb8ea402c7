/// <reference path="./built-kernels.d.ts" />
/** The split kernel as it is built (split/*.as.ts), and fresh instances of it. Addresses and lengths are bytes in its memory. */
import encoded from '../../dist/kernels/split.mjs';

type HashValues = (data: number, validity: number, rows: number, hashes: number, first: number) => void;
type ScatterValues = (cells: number, data: number, validity: number, rows: number, cursors: number) => void;

export interface SplitExports {
  readonly memory: WebAssembly.Memory;
  blake3Room(bytes: number): number;
  blake3Chunks(input: number, count: number, first: number, cvs: number): void;
  blake3End(input: number, bytes: number, chunk: number, cvs: number): void;
  bothValid(a: number, b: number, rows: number, to: number): void;
  repeatBits(bits: number, rows: number, times: number, to: number): void;
  readonly hash8: HashValues;
  readonly hash16: HashValues;
  readonly hash32: HashValues;
  readonly hash64: HashValues;
  readonly hashBool: HashValues;
  readonly hashFloat: HashValues;
  readonly hashDouble: HashValues;
  readonly hashDecimal: HashValues;
  readonly hashInterval: HashValues;
  hashBytes(offsets: number, data: number, validity: number, rows: number, hashes: number, first: number): void;
  hashGiven(given: number, rows: number, hashes: number, first: number): void;
  assign(hashes: number, rows: number, cells: number, count: number, ...tables: CellTables): number;
  assignGiven(buckets: number, validity: number, rows: number, cells: number, count: number, ...tables: CellTables): number;
  assignOne(rows: number, cells: number, ...tables: CellTables): number;
  countNulls(cells: number, validity: number, rows: number, table: number): void;
  countLengths(cells: number, offsets: number, validity: number, rows: number, table: number): number;
  cellsOfElements(
    cells: number,
    offsets: number,
    validity: number,
    rows: number,
    elements: number,
    nowhere: number,
    to: number,
  ): void;
  repeatCells(cells: number, rows: number, times: number, to: number): void;
  readonly scatter1: ScatterValues;
  readonly scatter2: ScatterValues;
  readonly scatter4: ScatterValues;
  readonly scatter8: ScatterValues;
  readonly scatter16: ScatterValues;
  readonly scatterBools: ScatterValues;
  scatterNulls(cells: number, validity: number, rows: number, cursors: number): void;
  scatterBytes(cells: number, offsets: number, data: number, validity: number, rows: number, cursors: number): void;
  scatterLists(cells: number, offsets: number, validity: number, rows: number, cursors: number): void;
  noteNulls(bits: number, from: number, rows: number, to: number, first: number): void;
  keyBounds(...key: SortedColumn): void;
  newRecords(records: number, rows: number): void;
  clearKeys(records: number, rows: number): void;
  addKey(...key: [...SortedColumn, descending: number, shift: number, records: number, asTheyCame: number]): void;
  addNulls(validity: number, rows: number, nullsFirst: number, shift: number, records: number): void;
  inOrder(records: number, rows: number): number;
  countDigits(records: number, rows: number, bits: number, digits: number, tables: number): void;
  sortByDigit(records: number, rows: number, shift: number, bits: number, table: number, to: number): number;
  gatherValues(width: number, segments: number, records: number, count: number, to: number): void;
  nullsAmong(validity: number, records: number, count: number): number;
  gatherNulls(width: number, validity: number, records: number, count: number, bits: number, values: number): void;
}

/** A column by which rows are sorted, and where its bounds are. */
export type SortedColumn = readonly [
  kind: number,
  segments: number,
  stride: number,
  validity: number,
  rows: number,
  bounds: number,
];

/** What `assign` and its kin keep their books in, and their bounds. */
export type CellTables = readonly [
  cellOfBucket: number,
  cellRows: number,
  cellBucket: number,
  cellsUsed: number,
  cellsMax: number,
  rowsMax: number,
];

/** From `assign`, `assignGiven` and `countLengths`: could not be done. */
export const FAILED = 0xffffffff;

let compiled: WebAssembly.Module | undefined;

export function newSplitKernel(): SplitExports {
  compiled ??= new WebAssembly.Module(Uint8Array.from(atob(encoded), (c) => c.charCodeAt(0)));
  return new WebAssembly.Instance(compiled, {}).exports as unknown as SplitExports;
}
