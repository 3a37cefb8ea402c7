/**
 * Global alignment of pairs of sequences (Needleman and Wunsch, 1970). Side 0: sequence VARCHAR, in order. Input: a INTEGER, b INTEGER,
 * places in it. Output: a INTEGER, b INTEGER, score INTEGER: 1 for equal letters, -1 for others, -2 for a gap.
 */
import { BATCH, Batch, Output, SIDE } from 'muster';

export { muster1_abi, muster1_alloc, muster1_free } from 'muster';

const MATCH = 1;
const MISMATCH = -1;
const GAP = -2;

const sequences: StaticArray<u8>[] = [];

function align(a: StaticArray<u8>, b: StaticArray<u8>): i32 {
  const line = new StaticArray<i32>(b.length + 1);
  for (let j = 1; j <= b.length; j++) line[j] = j * GAP;
  for (let i = 0; i < a.length; i++) {
    const letter = a[i];
    let diagonal = line[0];
    line[0] = (i + 1) * GAP;
    for (let j = 0; j < b.length; j++) {
      const both = diagonal + (unchecked(b[j]) == letter ? MATCH : MISMATCH);
      diagonal = unchecked(line[j + 1]);
      const one = max(diagonal, unchecked(line[j])) + GAP;
      unchecked((line[j + 1] = max(both, one)));
    }
  }
  return line[b.length];
}

export function muster1_align(event: i32, schema: usize, array: usize): i32 {
  if (event == SIDE) {
    const text = new Batch(schema, array).child(0);
    for (let row = 0; row < text.length; row++) {
      const sequence = new StaticArray<u8>(text.end(row) - text.start(row));
      memory.copy(changetype<usize>(sequence), text.data + text.start(row), sequence.length);
      sequences.push(sequence);
    }
  }
  if (event != BATCH) return 0;
  const pairs = new Batch(schema, array);
  const out = new Output();
  const as = out.add('a', 'i');
  const bs = out.add('b', 'i');
  const scores = out.add('score', 'i');
  for (let row = 0; row < pairs.length; row++) {
    const a = pairs.child(0).get<i32>(row);
    const b = pairs.child(1).get<i32>(row);
    as.push<i32>(a);
    bs.push<i32>(b);
    scores.push<i32>(align(sequences[a], sequences[b]));
  }
  out.emit();
  return 0;
}
