/**
 * Looks for a nonce so that SHA-256 (FIPS 180-4) of text and nonce begins with so many zero bits. Input: first BIGINT, last BIGINT (not
 * included). Parameters: text (at most 35 bytes), bits (at most 32). Output: nonce BIGINT, the first of each range that has one.
 */
import { BATCH, Batch, fail, OPEN, Output } from 'muster';

export { muster1_abi, muster1_alloc, muster1_free } from 'muster';

const K: StaticArray<u32> = [
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01,
  0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
  0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
  0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08,
  0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
  0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
];
const TEXT_MOST = 35;

const block = new StaticArray<u8>(64);
const w = new StaticArray<u32>(64);
let prefix: i32 = 0;
let bits: i32 = 0;

/** The first 32 bits of the digest of the first `length` bytes of `block`, at most 55. */
function firstWord(length: i32): u32 {
  const at = changetype<usize>(block);
  memory.fill(at + length, 0, 64 - length);
  store<u8>(at + length, 0x80);
  store<u64>(at + 56, bswap<u64>(<u64>length * 8));
  for (let i = 0; i < 16; i++) unchecked((w[i] = bswap<u32>(load<u32>(at + 4 * i))));
  for (let i = 16; i < 64; i++) {
    const x = unchecked(w[i - 15]);
    const y = unchecked(w[i - 2]);
    const s0 = rotr(x, 7) ^ rotr(x, 18) ^ (x >> 3);
    const s1 = rotr(y, 17) ^ rotr(y, 19) ^ (y >> 10);
    unchecked((w[i] = w[i - 16] + s0 + w[i - 7] + s1));
  }
  let a: u32 = 0x6a09e667;
  let b: u32 = 0xbb67ae85;
  let c: u32 = 0x3c6ef372;
  let d: u32 = 0xa54ff53a;
  let e: u32 = 0x510e527f;
  let f: u32 = 0x9b05688c;
  let g: u32 = 0x1f83d9ab;
  let h: u32 = 0x5be0cd19;
  for (let i = 0; i < 64; i++) {
    const s1 = rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25);
    const t1 = h + s1 + ((e & f) ^ (~e & g)) + unchecked(K[i]) + unchecked(w[i]);
    const t2 = (rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    h = g;
    g = f;
    f = e;
    e = d + t1;
    d = c;
    c = b;
    b = a;
    a = t1 + t2;
  }
  return 0x6a09e667 + a;
}

/** Writes the number behind the text; the length of both. */
function withNonce(nonce: i64): i32 {
  let digits = 1;
  for (let n = nonce; n >= 10; n /= 10) digits++;
  let at = prefix + digits;
  for (let n = nonce; at > prefix; n /= 10) block[--at] = <u8>(48 + (n % 10));
  return prefix + digits;
}

export function muster1_search(event: i32, schema: usize, array: usize): i32 {
  if (event == OPEN) {
    const parameters = new Batch(schema, array);
    bits = <i32>parameters.column('bits').get<f64>(0);
    const text = parameters.column('text');
    prefix = text.end(0) - text.start(0);
    if (prefix > TEXT_MOST) fail('the text is longer than 35 bytes');
    memory.copy(changetype<usize>(block), text.data + text.start(0), prefix);
  }
  if (event != BATCH) return 0;
  const ranges = new Batch(schema, array);
  const out = new Output();
  const found = out.add('nonce', 'l');
  for (let row = 0; row < ranges.length; row++) {
    const last = ranges.child(1).get<i64>(row);
    for (let nonce = ranges.child(0).get<i64>(row); nonce < last; nonce++) {
      if (<i32>clz<u32>(firstWord(withNonce(nonce))) < bits) continue;
      found.push<i64>(nonce);
      break;
    }
  }
  out.emit();
  return 0;
}
