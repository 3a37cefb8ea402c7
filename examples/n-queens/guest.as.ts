/**
 * Counts the ways to place the other queens. Input: first INTEGER, second INTEGER, the columns of the queens in the first two rows of the
 * board. Parameter: n. Output: solutions BIGINT, for each row.
 */
import { BATCH, Batch, OPEN, Output } from 'muster';

export { muster1_abi, muster1_alloc, muster1_free } from 'muster';

let all: u32 = 0;

/** Bits are columns: taken, and attacked along each diagonal in the row at hand. */
function place(taken: u32, left: u32, right: u32): i64 {
  if (taken == all) return 1;
  let count: i64 = 0;
  for (let free = all & ~(taken | left | right); free != 0; free &= free - 1) {
    const queen = free & -free;
    count += place(taken | queen, (left | queen) << 1, (right | queen) >> 1);
  }
  return count;
}

export function muster1_queens(event: i32, schema: usize, array: usize): i32 {
  if (event == OPEN) all = (1 << (<i32>new Batch(schema, array).column('n').get<f64>(0))) - 1;
  if (event != BATCH) return 0;
  const starts = new Batch(schema, array);
  const out = new Output();
  const solutions = out.add('solutions', 'l');
  for (let row = 0; row < starts.length; row++) {
    const first: u32 = 1 << starts.child(0).get<i32>(row);
    const second: u32 = 1 << starts.child(1).get<i32>(row);
    solutions.push<i64>(place(first | second, ((first << 1) | second) << 1, ((first >> 1) | second) >> 1));
  }
  out.emit();
  return 0;
}
