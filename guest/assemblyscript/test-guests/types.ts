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

/** Twice a DECIMAL or HUGEINT, whose 128 bits are two lanes. */
export function muster1_twice(event: i32, schema: usize, array: usize): i32 {
  if (event != BATCH) return 0;
  const big = new Batch(schema, array).column('big');
  const out = new Output();
  const twice = out.add('big', big.format);
  for (let row = 0; row < big.length; row++) {
    if (big.isNull(row)) {
      twice.pushNull();
      continue;
    }
    const value = big.get<v128>(row);
    const low = i64x2.extract_lane(value, 0);
    const high = (i64x2.extract_lane(value, 1) << 1) | <i64>(<u64>low >> 63);
    twice.push(i64x2.replace_lane(i64x2.splat(low << 1), 1, high));
  }
  out.emit();
  return 0;
}
