/** flatMap: any number of rows out for each row in. Input: line VARCHAR. Output: word VARCHAR, in lower case (ASCII). */
import { add, BATCH, Batch, Output } from '../index';

export { muster1_abi, muster1_alloc, muster1_free } from '../index';

function isLetter(byte: u8): bool {
  return <u8>((byte | 32) - 97) < 26 || byte > 127;
}

export function muster1_words(event: i32, schema: usize, array: usize): i32 {
  if (event != BATCH) return 0;
  const lines = new Batch(schema, array).child(0);
  const out = new Output();
  const words = out.add('word', 'u');
  let count = 0;
  for (let row = 0; row < lines.length; row++) {
    if (lines.isNull(row)) continue;
    const end = lines.data + lines.end(row);
    let at = lines.data + lines.start(row);
    while (at < end) {
      while (at < end && !isLetter(load<u8>(at))) at++;
      const from = at;
      // The input may be overwritten: it is the guest's to use during the call.
      for (; at < end && isLetter(load<u8>(at)); at++) if (load<u8>(at) - 65 < 26) store<u8>(at, load<u8>(at) | 32);
      if (at <= from) continue;
      words.pushBytes(from, <i32>(at - from));
      count++;
    }
  }
  out.emit();
  add('words', count);
  return 0;
}
