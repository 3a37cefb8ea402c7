/**
 * Cells: a cell is one record batch of one bucket, a u16 a row. Which cell a row goes to is known when its piece comes; what each
 * cell will hold is counted with it, so that every cell's place is known before the first value is moved. Tables have one u32
 * a cell.
 */
import { isValid } from './bits.as';

/** What `assign` and `assignGiven` return when there is no cell left, or a row names no bucket. */
const FAILED: u32 = 0xffffffff;

/** The cell for one more row of a bucket; a full one is followed by a fresh one. 0xffffffff when there are no more. */
function cellOf(
  bucket: usize,
  cellOfBucket: usize,
  cellRows: usize,
  cellBucket: usize,
  used: u32,
  cellsMax: u32,
  rowsMax: u32,
): u32 {
  const at = cellOfBucket + (bucket << 2);
  const cell = load<u32>(at);
  const rows = cellRows + ((<usize>cell) << 2);
  if (load<u32>(rows) < rowsMax) {
    store<u32>(rows, load<u32>(rows) + 1);
    return cell;
  }
  if (used === cellsMax) return FAILED;
  store<u32>(at, used);
  store<u32>(cellRows + ((<usize>used) << 2), 1);
  store<u32>(cellBucket + ((<usize>used) << 2), <u32>bucket);
  return used;
}

/**
 * Gives each row of a piece its cell by its hash, modulo `count`. Returns how many cells are used then. A bucket without a cell
 * refers to one that is full.
 */
export function assign(
  hashes: usize,
  rows: usize,
  cells: usize,
  count: u32,
  cellOfBucket: usize,
  cellRows: usize,
  cellBucket: usize,
  cellsUsed: u32,
  cellsMax: u32,
  rowsMax: u32,
): u32 {
  const mask = <u64>count - 1;
  const power = (count & (count - 1)) === 0;
  let used = cellsUsed;
  for (let i: usize = 0; i < rows; i++) {
    const h = load<u64>(hashes + (i << 3));
    const bucket = <usize>(power ? h & mask : h % <u64>count);
    const cell = cellOf(bucket, cellOfBucket, cellRows, cellBucket, used, cellsMax, rowsMax);
    if (cell === FAILED) return FAILED;
    if (cell === used) used++;
    store<u16>(cells + (i << 1), <u16>cell);
  }
  return used;
}

/** The same where there is one bucket only. */
export function assignOne(
  rows: usize,
  cells: usize,
  cellOfBucket: usize,
  cellRows: usize,
  cellBucket: usize,
  cellsUsed: u32,
  cellsMax: u32,
  rowsMax: u32,
): u32 {
  let used = cellsUsed;
  for (let i: usize = 0; i < rows; i++) {
    const cell = cellOf(0, cellOfBucket, cellRows, cellBucket, used, cellsMax, rowsMax);
    if (cell === FAILED) return FAILED;
    if (cell === used) used++;
    store<u16>(cells + (i << 1), <u16>cell);
  }
  return used;
}

/** The same by a column of bucket numbers. Fails where one is NULL or out of range. */
export function assignGiven(
  buckets: usize,
  validity: usize,
  rows: usize,
  cells: usize,
  count: u32,
  cellOfBucket: usize,
  cellRows: usize,
  cellBucket: usize,
  cellsUsed: u32,
  cellsMax: u32,
  rowsMax: u32,
): u32 {
  let used = cellsUsed;
  for (let i: usize = 0; i < rows; i++) {
    const bucket = load<u32>(buckets + (i << 2));
    if (bucket >= count || (validity && !isValid(validity, i))) return FAILED;
    const cell = cellOf(<usize>bucket, cellOfBucket, cellRows, cellBucket, used, cellsMax, rowsMax);
    if (cell === FAILED) return FAILED;
    if (cell === used) used++;
    store<u16>(cells + (i << 1), <u16>cell);
  }
  return used;
}

/** table[cell] += 1 for each NULL. Reads whole words of the bitmap, and forgets what is behind the last row. */
export function countNulls(cells: usize, validity: usize, rows: usize, table: usize): void {
  for (let from: usize = 0; from < rows; from += 64) {
    let nulls = ~load<u64>(validity + (from >> 3));
    if (rows - from < 64) nulls &= ((<u64>1) << (<u64>(rows - from))) - 1;
    for (; nulls !== 0; nulls &= nulls - 1) bump(table, cells, from + <usize>ctz(nulls), 1);
  }
}

/** table[cell] += the length of each string or list that is not NULL. Returns their sum, or 0xffffffff when offsets go backwards. */
export function countLengths(cells: usize, offsets: usize, validity: usize, rows: usize, table: usize): u32 {
  let from = load<u32>(offsets);
  let sum: u32 = 0;
  let backwards = false;
  for (let i: usize = 0; i < rows; i++) {
    const to = load<u32>(offsets + (i << 2), 4);
    backwards = backwards || to < from;
    // Without a branch: a NULL adds 0.
    const length = !validity || isValid(validity, i) ? to - from : 0;
    bump(table, cells, i, length);
    sum += length;
    from = to;
  }
  return backwards ? FAILED : sum;
}

function bump(table: usize, cells: usize, row: usize, by: u32): void {
  const at = table + ((<usize>load<u16>(cells + (row << 1))) << 2);
  store<u32>(at, load<u32>(at) + by);
}

/** Elements go where their lists go; those of no list, or of one that is NULL, to the cell `nowhere`. */
export function cellsOfElements(
  cells: usize,
  offsets: usize,
  validity: usize,
  rows: usize,
  elements: usize,
  nowhere: u32,
  to: usize,
): void {
  for (let k: usize = 0; k < elements; k++) store<u16>(to + (k << 1), <u16>nowhere);
  for (let i: usize = 0; i < rows; i++) {
    if (validity && !isValid(validity, i)) continue;
    const cell = load<u16>(cells + (i << 1));
    const end = load<u32>(offsets + (i << 2), 4);
    for (let k = load<u32>(offsets + (i << 2)); k < end; k++) store<u16>(to + ((<usize>k) << 1), cell);
  }
}

/** Each row's cell `times` times: elements of arrays. */
export function repeatCells(cells: usize, rows: usize, times: usize, to: usize): void {
  let at = to;
  for (let i: usize = 0; i < rows; i++) {
    const cell = load<u16>(cells + (i << 1));
    for (let k: usize = 0; k < times; k++, at += 2) store<u16>(at, cell);
  }
}
