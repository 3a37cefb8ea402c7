/**
 * A keyed aggregate in two steps: each partition counts its keys (BATCH, END_PARTIAL), and wherever the same keys meet, the partial
 * counts are added (MERGE, END_FINAL). Input: key VARCHAR. State and output: key VARCHAR, count BIGINT.
 */
import { BATCH, Batch, END_FINAL, END_PARTIAL, MERGE, Output } from '../index';

export { muster1_abi, muster1_alloc, muster1_free } from '../index';

const counts = new Map<string, i64>();

function add(key: string, count: i64): void {
  counts.set(key, (counts.has(key) ? counts.get(key) : 0) + count);
}

export function muster1_count(event: i32, schema: usize, array: usize): i32 {
  if (event == BATCH || event == MERGE) {
    const rows = new Batch(schema, array);
    const keys = rows.child(0);
    for (let row = 0; row < rows.length; row++) {
      if (!keys.isNull(row)) add(keys.text(row), event == BATCH ? 1 : rows.child(1).get<i64>(row));
    }
  } else if (event == END_PARTIAL || event == END_FINAL) {
    const out = new Output();
    const key = out.add('key', 'u');
    const count = out.add('count', 'l');
    // In the order in which keys were first seen: the same for the same input.
    const all = counts.keys();
    for (let i = 0; i < all.length; i++) {
      key.pushText(all[i]);
      count.push(counts.get(all[i]));
    }
    out.emit();
    counts.clear();
  }
  return 0;
}
