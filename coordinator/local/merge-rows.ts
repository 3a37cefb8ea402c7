/**
 * Merges a few partial rows without an engine, as the fragment's SQL would, to the bit; or says that it is not sure to. Doubles are added
 * in the order of the rows, as the engine does.
 */

import { type Cell, type CellKind, compareCells } from '../../shared/cells/plain-cells.ts';
import type { MergedColumn, MergedRows } from '../../shared/plan/physical.ts';

/** Columns of equal length. */
export interface CellTable {
  readonly kinds: readonly CellKind[];
  readonly columns: readonly (readonly Cell[])[];
  readonly rows: number;
}

/** The output's columns; undefined: the engine has to do it. */
export function mergeRows(table: CellTable, merge: MergedRows): CellTable | undefined {
  const groups = groupRows(table, merge.groups);
  const values = merge.values.map((value) => valuesOf(table, value, groups));
  if (!values.every((value) => value !== undefined)) return undefined;
  const whole: Grouped = { merge, table, groups, values };
  const output = merge.output.map((column) => columnOf(whole, column));
  const keys = merge.order.map(({ by }) => columnOf(whole, by));
  if (!output.every((made) => made !== undefined) || !keys.every((made) => made !== undefined)) return undefined;
  const order = rowOrder(groups.length, keys, merge);
  if (!order) return undefined;
  const { offset = 0, limit = order.length } = merge;
  const taken = order.slice(offset, offset + limit);
  return {
    kinds: output.map((column) => column.kind),
    columns: output.map(({ cells }) => taken.map((row) => cells[row] ?? null)),
    rows: taken.length,
  };
}

interface Column {
  readonly kind: CellKind;
  readonly cells: readonly Cell[];
}

interface Grouped {
  readonly merge: MergedRows;
  readonly table: CellTable;
  readonly groups: readonly (readonly number[])[];
  readonly values: readonly Column[];
}

/** Rows of each group, in order. */
function groupRows({ columns, rows }: CellTable, keys: readonly number[]): number[][] {
  if (keys.length === 0) return [Array.from({ length: rows }, (_, row) => row)];
  const groups = new Map<string, number[]>();
  for (let row = 0; row < rows; row++) {
    let name = '';
    for (const key of keys) name += nameOf(columns[key]?.[row] ?? null);
    const group = groups.get(name);
    if (group) group.push(row);
    else groups.set(name, [row]);
  }
  return [...groups.values()];
}

/** Different for different values of one kind, and none is the beginning of another. */
function nameOf(cell: Cell): string {
  if (cell === null) return 'n;';
  if (!(cell instanceof Uint8Array)) return `${cell};`;
  let name = `${cell.length}:`;
  for (const byte of cell) name += String.fromCharCode(byte);
  return name;
}

function valuesOf(
  { kinds, columns }: CellTable,
  { kind: how, column }: MergedRows['values'][number],
  groups: readonly (readonly number[])[],
): Column | undefined {
  const cells = columns[column];
  const from = kinds[column];
  if (!cells || !from) return undefined;
  const kind = how === 'sum' ? sumKind(from) : from;
  if (!kind) return undefined;
  const made: Cell[] = [];
  for (const rows of groups) {
    const value = how === 'sum' ? sumOf(cells, rows, kind) : extremeOf(cells, rows, how === 'min' ? -1 : 1);
    if (value === undefined) return undefined;
    made.push(value);
  }
  return { kind, cells: made };
}

const LARGEST = 10n ** 38n - 1n;

/** A sum has 38 digits. */
function sumKind(kind: CellKind): CellKind | undefined {
  if (kind.kind === 'double') return kind;
  return kind.kind === 'int' ? { kind: 'int', width: 16, least: -LARGEST, most: LARGEST, scale: kind.scale } : undefined;
}

/** Undefined where even a part of it is beyond the type, or no number. */
function sumOf(cells: readonly Cell[], rows: readonly number[], kind: CellKind): Cell | undefined {
  if (kind.kind === 'double') {
    let sum: number | null = null;
    for (const row of rows) {
      const cell = cells[row];
      if (typeof cell === 'number') sum = (sum ?? 0) + cell;
    }
    return sum === null || Number.isFinite(sum) ? sum : undefined;
  }
  let sum: bigint | null = null;
  for (const row of rows) {
    const cell = cells[row];
    if (typeof cell === 'bigint') sum = (sum ?? 0n) + cell;
    if (sum !== null && (sum > LARGEST || sum < -LARGEST)) return undefined;
  }
  return sum;
}

/** The first of the least, or greatest. */
function extremeOf(cells: readonly Cell[], rows: readonly number[], sign: -1 | 1): Cell {
  let best: Cell = null;
  for (const row of rows) {
    const cell = cells[row] ?? null;
    if (cell !== null && (best === null || sign * compareCells(cell, best) > 0)) best = cell;
  }
  return best;
}

const BIGINT: CellKind = { kind: 'int', width: 8, least: -(2n ** 63n), most: 2n ** 63n - 1n, scale: 0 };

function columnOf({ merge, table, groups, values }: Grouped, column: MergedColumn): Column | undefined {
  switch (column.kind) {
    case 'group': {
      const at = merge.groups[column.group] ?? -1;
      const kind = table.kinds[at];
      return kind && { kind, cells: groups.map(([first = 0]) => table.columns[at]?.[first] ?? null) };
    }
    case 'value':
      return values[column.value];
    case 'count': {
      const value = values[column.value];
      // An error of the engine's, also of a row that is left out in the end.
      if (!value?.cells.every((cell) => cell === null || (typeof cell === 'bigint' && BigInt.asIntN(64, cell) === cell)))
        return undefined;
      return { kind: BIGINT, cells: value.cells.map((cell) => cell ?? 0n) };
    }
    case 'mean': {
      const sums = values[column.sum];
      const counts = values[column.count];
      return sums && counts && means(sums, counts);
    }
  }
}

function means(sums: Column, counts: Column): Column | undefined {
  const cells: Cell[] = [];
  for (const [i, cell] of sums.cells.entries()) {
    const sum = doubleOf(cell, sums.kind);
    const count = doubleOf(counts.cells[i] ?? null, counts.kind);
    if (sum === undefined || count === undefined) return undefined;
    const mean = sum === null || count === null || count === 0 ? null : sum / count;
    // Engines write the zero of a negative quotient in their own ways.
    if (mean !== null && (Object.is(mean, -0) || !Number.isFinite(mean))) return undefined;
    cells.push(mean);
  }
  return { kind: { kind: 'double' }, cells };
}

/** As the engine casts it, which rounds once up to 2^53 and in ways of its own beyond. */
function doubleOf(cell: Cell, kind: CellKind): number | null | undefined {
  if (cell === null || typeof cell === 'number') return cell;
  if (typeof cell !== 'bigint' || kind.kind !== 'int') return undefined;
  const whole = Number(cell);
  return Number.isSafeInteger(whole) ? whole / Number(`1e${kind.scale}`) : undefined;
}

/** Undefined where the keys leave the order of two rows open. */
function rowOrder(rows: number, keys: readonly Column[], { order }: MergedRows): number[] | undefined {
  const places = Array.from({ length: rows }, (_, row) => row);
  if (rows <= 1) return places;
  const compare = (a: number, b: number): number => {
    for (const [i, { cells }] of keys.entries()) {
      const how = order[i];
      const x = cells[a] ?? null;
      const y = cells[b] ?? null;
      if (x === null && y === null) continue;
      if (x === null || y === null) return (x === null) === how?.nullsFirst ? -1 : 1;
      const difference = compareCells(x, y);
      if (difference !== 0) return how?.descending ? -difference : difference;
    }
    return 0;
  };
  places.sort(compare);
  return places.every((row, i) => i === 0 || compare(places[i - 1] ?? 0, row) !== 0) ? places : undefined;
}
