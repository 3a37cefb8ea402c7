/** A Muster guest: change `muster1_square`, add functions beside it. README.md says how to compile and use it. */
import { BATCH, Batch, Output } from './muster';

export { muster1_abi, muster1_alloc, muster1_free } from './muster';

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
