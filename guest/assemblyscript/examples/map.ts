/** map: one row out for each row in. Input: x DOUBLE. Output: x DOUBLE, square DOUBLE. */
import { BATCH, Batch, Output } from '../index';

export { muster1_abi, muster1_alloc, muster1_free } from '../index';

export function muster1_square(event: i32, schema: usize, array: usize): i32 {
  if (event != BATCH) return 0;
  const x = new Batch(schema, array).child(0);
  const out = new Output();
  const same = out.add('x', 'g');
  const square = out.add('square', 'g');
  for (let row = 0; row < x.length; row++) {
    if (x.isNull(row)) {
      same.pushNull();
      square.pushNull();
    } else {
      const value = x.get<f64>(row);
      same.push(value);
      square.push(value * value);
    }
  }
  out.emit();
  return 0;
}
