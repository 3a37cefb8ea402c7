/** Functions that read and write columns with types that may not be theirs. */
import { BATCH, Batch, Output } from '../index';

export { muster1_abi, muster1_alloc, muster1_free } from '../index';

export function muster1_read(event: i32, schema: usize, array: usize): i32 {
  if (event == BATCH) new Batch(schema, array).column('minutes').get<f64>(0);
  return 0;
}

export function muster1_signs(event: i32, schema: usize, array: usize): i32 {
  if (event != BATCH) return 0;
  const out = new Output();
  out.add('copy', 'l').push(new Batch(schema, array).column('minutes').get<u64>(0));
  out.emit();
  return 0;
}

export function muster1_write(event: i32, _schema: usize, _array: usize): i32 {
  if (event == BATCH) new Output().add('half', 'g').push(0);
  return 0;
}
