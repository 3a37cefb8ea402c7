/**
 * Throws darts at a square. Input: seed BIGINT. Parameter: darts. Output: inside BIGINT, darts within the quarter circle. The seed is the
 * row's, not the task's: the answer does not depend on how rows were cut into tasks.
 */
import { BATCH, Batch, OPEN, Output, Random } from 'muster';

export { muster1_abi, muster1_alloc, muster1_free } from 'muster';

let darts: i32 = 0;

export function muster1_throwDarts(event: i32, schema: usize, array: usize): i32 {
  if (event == OPEN) darts = <i32>new Batch(schema, array).column('darts').get<f64>(0);
  if (event != BATCH) return 0;
  const seeds = new Batch(schema, array).child(0);
  const out = new Output();
  const inside = out.add('inside', 'l');
  for (let row = 0; row < seeds.length; row++) {
    const random = new Random(seeds.get<u64>(row));
    let count: i64 = 0;
    for (let i = 0; i < darts; i++) {
      const x = random.float();
      const y = random.float();
      if (x * x + y * y < 1) count++;
    }
    inside.push<i64>(count);
  }
  out.emit();
  return 0;
}
