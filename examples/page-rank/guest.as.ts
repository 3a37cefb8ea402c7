/**
 * One step of PageRank: each link hands on its share of its source's rank. Input: src VARCHAR, dst VARCHAR, share DOUBLE. Parameters: names
 * and ranks of the nodes. State and output: dst VARCHAR, rank DOUBLE, what comes to it.
 */
import { BATCH, Batch, END_FINAL, END_PARTIAL, MERGE, OPEN, Output } from 'muster';

export { muster1_abi, muster1_alloc, muster1_free } from 'muster';

const ranks = new Map<string, f64>();
const sums = new Map<string, f64>();

function add(name: string, rank: f64): void {
  sums.set(name, sums.has(name) ? sums.get(name) + rank : rank);
}

export function muster1_contribute(event: i32, schema: usize, array: usize): i32 {
  if (event == OPEN) {
    const parameters = new Batch(schema, array);
    const names = parameters.column('names').child(0);
    const values = parameters.column('ranks').child(0);
    for (let i = 0; i < names.length; i++) ranks.set(names.text(i), values.get<f64>(i));
  } else if (event == BATCH) {
    const links = new Batch(schema, array);
    for (let row = 0; row < links.length; row++) {
      add(links.child(1).text(row), ranks.get(links.child(0).text(row)) * links.child(2).get<f64>(row));
    }
  } else if (event == MERGE) {
    const states = new Batch(schema, array);
    for (let row = 0; row < states.length; row++) add(states.child(0).text(row), states.child(1).get<f64>(row));
  } else if (event == END_PARTIAL || event == END_FINAL) {
    const out = new Output();
    const dst = out.add('dst', 'u');
    const rank = out.add('rank', 'g');
    // In the order in which they were first seen: the same for the same input.
    const names = sums.keys();
    for (let i = 0; i < names.length; i++) {
      dst.pushText(names[i]);
      rank.push<f64>(sums.get(names[i]));
    }
    out.emit();
    sums.clear();
  }
  return 0;
}
