/**
 * An aggregate without keys, on SIMD: the values are read straight from memory, four at a time. Input: x DOUBLE, NULLs count as 0
 * (a NULL's value is 0 in memory). State and output: sum DOUBLE, count BIGINT.
 */
import { BATCH, Batch, END_FINAL, END_PARTIAL, MERGE, Output } from '../index';

export { muster1_abi, muster1_alloc, muster1_free } from '../index';

let sum: f64 = 0;
let count: i64 = 0;

function sumOfSquares(at: usize, length: i32): f64 {
  let a = f64x2.splat(0);
  let b = f64x2.splat(0);
  const end = at + ((<usize>(length & ~3)) << 3);
  for (; at < end; at += 32) {
    const x = v128.load(at);
    const y = v128.load(at, 16);
    a = f64x2.add(a, f64x2.mul(x, x));
    b = f64x2.add(b, f64x2.mul(y, y));
  }
  a = f64x2.add(a, b);
  let total = f64x2.extract_lane(a, 0) + f64x2.extract_lane(a, 1);
  for (let i = 0; i < (length & 3); i++, at += 8) total += load<f64>(at) * load<f64>(at);
  return total;
}

export function muster1_sumOfSquares(event: i32, schema: usize, array: usize): i32 {
  if (event == BATCH) {
    const x = new Batch(schema, array).child(0);
    sum += sumOfSquares(x.values, x.length);
    count += x.length;
  } else if (event == MERGE) {
    const states = new Batch(schema, array);
    for (let row = 0; row < states.length; row++) {
      sum += states.child(0).get<f64>(row);
      count += states.child(1).get<i64>(row);
    }
  } else if (event == END_PARTIAL || event == END_FINAL) {
    const out = new Output();
    out.add('sum', 'g').push(sum);
    out.add('count', 'l').push(count);
    out.emit();
  }
  return 0;
}
