/**
 * BLAKE3 of bytes that come one part after the other. Whole chunks become one chaining value as many at a time as make a full
 * subtree where they stand; of what came so far one value is kept for each bit of the number of chunks.
 *
 * The state: chunks so far (u64), bytes of the chunk that is not done (u32), those bytes, the values. All states share one room to
 * work in.
 */
import { BLOCK, blake3Chunks, CHUNK, CHUNK_END, CHUNK_START, CV, compress, join, PARENT, ROOT } from './blake3.as';

/** Chunks that become one value at once: a power of two. */
const MOST: usize = 1024;
const HELD: usize = 64;
/** Four lanes are read where one chunk is compressed. */
const VALUES: usize = HELD + CHUNK + 64;
/** 2^54 chunks are more than there will ever be. */
const STATE: usize = VALUES + 56 * CV;
const WORK: usize = (MOST + 8) * CV;

/** Bytes of a state. */
export function blake3StateBytes(): usize {
  return STATE;
}

/** Bytes of the room to work in. */
export function blake3WorkBytes(): usize {
  return WORK;
}

export function blake3Start(state: usize): void {
  store<u64>(state, 0);
  store<u32>(state, 0, 8);
}

/** The next bytes. Up to 4 KiB behind them must be memory. */
export function blake3Update(state: usize, input: usize, bytes: usize, work: usize): void {
  if (bytes === 0) return;
  const held = <usize>load<u32>(state, 8);
  if (held > 0) {
    const taken = min(CHUNK - held, bytes);
    memory.copy(state + HELD + held, input, taken);
    input += taken;
    bytes -= taken;
    if (bytes === 0) {
      store<u32>(state, <u32>(held + taken), 8);
      return;
    }
    const first = load<u64>(state);
    compress(state + HELD, 0, CHUNK / BLOCK, <u32>BLOCK, first, false, CHUNK_START, CHUNK_END, 0, work);
    add(state, 1, work);
  }
  // The last chunk waits for what follows: it may be the last of all.
  while (bytes > CHUNK) {
    const chunks = load<u64>(state);
    let count: usize = min(MOST, (bytes - 1) / CHUNK);
    count = (<usize>1) << (31 - clz<u32>(<u32>count));
    if (chunks > 0) count = min(count, <usize>(chunks & (0 - chunks)));
    // Chaining values lie where they belong in the whole tree: here in this subtree's.
    blake3Chunks(input, count, <usize>chunks, work - <usize>chunks * CV);
    join(work, count, 0);
    add(state, count, work);
    input += count * CHUNK;
    bytes -= count * CHUNK;
  }
  memory.copy(state + HELD, input, bytes);
  store<u32>(state, <u32>bytes, 8);
}

/** The digest (32 bytes) of all that came, to the first bytes of `work`. */
export function blake3Finish(state: usize, work: usize): void {
  const held = <usize>load<u32>(state, 8);
  const chunks = load<u64>(state);
  memory.fill(state + HELD + held, 0, CHUNK - held);
  const blocks: usize = max(1, (held + BLOCK - 1) / BLOCK);
  const last = CHUNK_END | (chunks === 0 ? ROOT : 0);
  compress(state + HELD, 0, blocks, <u32>(held - (blocks - 1) * BLOCK), chunks, false, CHUNK_START, last, 0, work);
  for (let depth = <usize>popcnt(chunks); depth > 0; depth--) {
    copyCv(work + CV, work);
    copyCv(work, state + VALUES + (depth - 1) * CV);
    compress(work, 0, 1, <u32>BLOCK, 0, false, 0, 0, PARENT | (depth === 1 ? ROOT : 0), work);
  }
}

/** The value of the next `count` chunks lies in the work room; it is joined with those to its left that it completes. */
function add(state: usize, count: usize, work: usize): void {
  const before = load<u64>(state);
  const after = before + <u64>count;
  let depth = <usize>popcnt(before);
  for (let groups = after / <u64>count; (groups & 1) === 0; groups >>= 1) {
    depth--;
    copyCv(work + CV, work);
    copyCv(work, state + VALUES + depth * CV);
    compress(work, 0, 1, <u32>BLOCK, 0, false, 0, 0, PARENT, work);
  }
  copyCv(state + VALUES + depth * CV, work);
  store<u64>(state, after);
}

function copyCv(to: usize, from: usize): void {
  v128.store(to, v128.load(from));
  v128.store(to, v128.load(from, 16), 16);
}
