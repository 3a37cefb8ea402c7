/** map: a score for each row, as a fitted model gives it: a logistic function. Input: x DOUBLE. Output: score DOUBLE, between 0 and 1. */
import { BATCH, Batch, Output } from '../index';

export { muster1_abi, muster1_alloc, muster1_free } from '../index';
export function muster1_score(event: i32, schema: usize, array: usize): i32 {
  if (event != BATCH) return 0;
  const x = new Batch(schema, array).child(0);
  const out = new Output();
  const score = out.add('score', 'g');
  for (let row = 0; row < x.length; row++) {
    if (x.isNull(row)) {
      score.pushNull();
      continue;
    }
    const value = x.get<f64>(row);
    const weighed = (0.3 * value - 40.0) / (1.0 + Math.log(1.0 + abs(value)));
    score.push<f64>(1.0 / (1.0 + Math.exp(-weighed)));
  }
  out.emit();
  return 0;
}
