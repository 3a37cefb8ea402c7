/** filter: the rows that pass. Input: x DOUBLE. Parameter: over. Output: the rows with x > over. */
import { BATCH, Batch, OPEN, Output } from '../index';

export { muster1_abi, muster1_alloc, muster1_free } from '../index';

let over: f64 = 0;

export function muster1_over(event: i32, schema: usize, array: usize): i32 {
  if (event == OPEN) over = new Batch(schema, array).column('over').get<f64>(0);
  if (event != BATCH) return 0;
  const x = new Batch(schema, array).child(0);
  const out = new Output();
  const kept = out.add('x', 'g');
  for (let row = 0; row < x.length; row++) {
    if (!x.isNull(row) && x.get<f64>(row) > over) kept.push(x.get<f64>(row));
  }
  out.emit();
  return 0;
}
