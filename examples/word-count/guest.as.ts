/**
 * Counts the words of its partition. Input: line VARCHAR. Output: word VARCHAR, n BIGINT, in the order in which words were first seen.
 * A word is what has no byte up to the blank.
 */
import { BATCH, Batch, END_FINAL, Output } from 'muster';

export { muster1_abi, muster1_alloc, muster1_free } from 'muster';

/** Open addressing over the words' bytes: no text is decoded. */
let slots: i32 = 1 << 12;
let slotOf = new StaticArray<i32>(slots);
let count: i32 = 0;
const hashes: u32[] = [];
const starts: usize[] = [];
const lengths: i32[] = [];
const counts: i64[] = [];

function enlarge(): void {
  slots *= 2;
  slotOf = new StaticArray<i32>(slots);
  for (let word = 0; word < count; word++) {
    let at = hashes[word] & (slots - 1);
    while (slotOf[at] != 0) at = (at + 1) & (slots - 1);
    slotOf[at] = word + 1;
  }
}

function add(start: usize, length: i32, hash: u32): void {
  let at = hash & (slots - 1);
  for (; slotOf[at] != 0; at = (at + 1) & (slots - 1)) {
    const word = slotOf[at] - 1;
    if (hashes[word] == hash && lengths[word] == length && memory.compare(starts[word], start, length) == 0) {
      counts[word]++;
      return;
    }
  }
  // The input is the host's: what is kept is copied.
  const copy = heap.alloc(length);
  memory.copy(copy, start, length);
  hashes.push(hash);
  starts.push(copy);
  lengths.push(length);
  counts.push(1);
  slotOf[at] = ++count;
  if (count * 2 > slots) enlarge();
}

function addWords(at: usize, end: usize): void {
  let start = at;
  let hash: u32 = 2166136261;
  for (; at < end; at++) {
    const byte = load<u8>(at);
    if (byte > 32) {
      hash = (hash ^ byte) * 16777619; // FNV-1a
      continue;
    }
    if (at > start) add(start, <i32>(at - start), hash);
    start = at + 1;
    hash = 2166136261;
  }
  if (end > start) add(start, <i32>(end - start), hash);
}

export function muster1_wordCount(event: i32, schema: usize, array: usize): i32 {
  if (event == BATCH) {
    const lines = new Batch(schema, array).child(0);
    for (let row = 0; row < lines.length; row++) {
      if (!lines.isNull(row)) addWords(lines.data + lines.start(row), lines.data + lines.end(row));
    }
  } else if (event == END_FINAL) {
    const out = new Output();
    const words = out.add('word', 'u');
    const numbers = out.add('n', 'l');
    for (let word = 0; word < count; word++) {
      words.pushBytes(starts[word], lengths[word]);
      numbers.push<i64>(counts[word]);
    }
    out.emit();
  }
  return 0;
}
