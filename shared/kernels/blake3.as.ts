/**
 * BLAKE3 (https://github.com/BLAKE3-team/BLAKE3-specs) of bytes that lie in a kernel's memory, four chunks or parents at a time:
 * lane k of every vector belongs to the k-th of them. Where fewer are left, lanes read on behind them and are not used; so up to
 * 4 KiB behind the input must be memory.
 */

export const CHUNK: usize = 1024;
export const BLOCK: usize = 64;
export const CV: usize = 32;

export const CHUNK_START: u32 = 1;
export const CHUNK_END: u32 = 2;
export const PARENT: u32 = 4;
export const ROOT: u32 = 8;

const IV0: u32 = 0x6a09e667;
const IV1: u32 = 0xbb67ae85;
const IV2: u32 = 0x3c6ef372;
const IV3: u32 = 0xa54ff53a;
const IV4: u32 = 0x510e527f;
const IV5: u32 = 0x9b05688c;
const IV6: u32 = 0x1f83d9ab;
const IV7: u32 = 0x5be0cd19;

function sum(a: v128, b: v128): v128 {
  return i32x4.add(a, b);
}

/** a ^ b, rotated right. */
function turn16(a: v128, b: v128): v128 {
  const x = v128.xor(a, b);
  return i8x16.shuffle(x, x, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
}

function turn12(a: v128, b: v128): v128 {
  const x = v128.xor(a, b);
  return v128.or(i32x4.shr_u(x, 12), i32x4.shl(x, 20));
}

function turn8(a: v128, b: v128): v128 {
  const x = v128.xor(a, b);
  return i8x16.shuffle(x, x, 1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12);
}

function turn7(a: v128, b: v128): v128 {
  const x = v128.xor(a, b);
  return v128.or(i32x4.shr_u(x, 7), i32x4.shl(x, 25));
}

function low32(a: v128, b: v128): v128 {
  return i32x4.shuffle(a, b, 0, 4, 1, 5);
}

function high32(a: v128, b: v128): v128 {
  return i32x4.shuffle(a, b, 2, 6, 3, 7);
}

function low64(a: v128, b: v128): v128 {
  return i64x2.shuffle(a, b, 0, 2);
}

function high64(a: v128, b: v128): v128 {
  return i64x2.shuffle(a, b, 1, 3);
}

/**
 * Compresses `blocks` blocks of four inputs that lie `stride` bytes apart, and writes their four chaining values one after the
 * other. `counter` is that of the first; with `counted`, the next ones count up. `first`, `last` and `all` are the flags of those
 * blocks; the last block has `lastBytes` bytes. The rounds are written out: only locals stay in registers.
 */
export function compress(
  input: usize,
  stride: usize,
  blocks: usize,
  lastBytes: u32,
  counter: u64,
  counted: bool,
  first: u32,
  last: u32,
  all: u32,
  to: usize,
): void {
  let h0 = i32x4.splat(IV0);
  let h1 = i32x4.splat(IV1);
  let h2 = i32x4.splat(IV2);
  let h3 = i32x4.splat(IV3);
  let h4 = i32x4.splat(IV4);
  let h5 = i32x4.splat(IV5);
  let h6 = i32x4.splat(IV6);
  let h7 = i32x4.splat(IV7);
  // A stream of 4 TiB would need the counter's upper half.
  const step = counted ? 1 : 0;
  const counters = i32x4(<u32>counter, <u32>counter + step, <u32>counter + 2 * step, <u32>counter + 3 * step);
  for (let block: usize = 0; block < blocks; block++) {
    const at = input + block * BLOCK;
    const isLast = block === blocks - 1;
    const flags = all | (block === 0 ? first : 0) | (isLast ? last : 0);
    const r00 = v128.load(at);
    const r01 = v128.load(at + stride);
    const r02 = v128.load(at + 2 * stride);
    const r03 = v128.load(at + 3 * stride);
    const l00 = low32(r00, r01);
    const l01 = low32(r02, r03);
    const u00 = high32(r00, r01);
    const u01 = high32(r02, r03);
    let m0 = low64(l00, l01);
    let m1 = high64(l00, l01);
    let m2 = low64(u00, u01);
    let m3 = high64(u00, u01);
    const r10 = v128.load(at, 16);
    const r11 = v128.load(at + stride, 16);
    const r12 = v128.load(at + 2 * stride, 16);
    const r13 = v128.load(at + 3 * stride, 16);
    const l10 = low32(r10, r11);
    const l11 = low32(r12, r13);
    const u10 = high32(r10, r11);
    const u11 = high32(r12, r13);
    let m4 = low64(l10, l11);
    let m5 = high64(l10, l11);
    let m6 = low64(u10, u11);
    let m7 = high64(u10, u11);
    const r20 = v128.load(at, 32);
    const r21 = v128.load(at + stride, 32);
    const r22 = v128.load(at + 2 * stride, 32);
    const r23 = v128.load(at + 3 * stride, 32);
    const l20 = low32(r20, r21);
    const l21 = low32(r22, r23);
    const u20 = high32(r20, r21);
    const u21 = high32(r22, r23);
    let m8 = low64(l20, l21);
    let m9 = high64(l20, l21);
    let m10 = low64(u20, u21);
    let m11 = high64(u20, u21);
    const r30 = v128.load(at, 48);
    const r31 = v128.load(at + stride, 48);
    const r32 = v128.load(at + 2 * stride, 48);
    const r33 = v128.load(at + 3 * stride, 48);
    const l30 = low32(r30, r31);
    const l31 = low32(r32, r33);
    const u30 = high32(r30, r31);
    const u31 = high32(r32, r33);
    let m12 = low64(l30, l31);
    let m13 = high64(l30, l31);
    let m14 = low64(u30, u31);
    let m15 = high64(u30, u31);
    let v0 = h0;
    let v1 = h1;
    let v2 = h2;
    let v3 = h3;
    let v4 = h4;
    let v5 = h5;
    let v6 = h6;
    let v7 = h7;
    let v8 = i32x4.splat(IV0);
    let v9 = i32x4.splat(IV1);
    let v10 = i32x4.splat(IV2);
    let v11 = i32x4.splat(IV3);
    let v12 = counters;
    let v13 = i32x4.splat(0);
    let v14 = i32x4.splat(isLast ? lastBytes : <u32>BLOCK);
    let v15 = i32x4.splat(flags);
    for (let round = 0; ; ) {
      v0 = sum(sum(v0, v4), m0);
      v12 = turn16(v12, v0);
      v8 = sum(v8, v12);
      v4 = turn12(v4, v8);
      v0 = sum(sum(v0, v4), m1);
      v12 = turn8(v12, v0);
      v8 = sum(v8, v12);
      v4 = turn7(v4, v8);
      v1 = sum(sum(v1, v5), m2);
      v13 = turn16(v13, v1);
      v9 = sum(v9, v13);
      v5 = turn12(v5, v9);
      v1 = sum(sum(v1, v5), m3);
      v13 = turn8(v13, v1);
      v9 = sum(v9, v13);
      v5 = turn7(v5, v9);
      v2 = sum(sum(v2, v6), m4);
      v14 = turn16(v14, v2);
      v10 = sum(v10, v14);
      v6 = turn12(v6, v10);
      v2 = sum(sum(v2, v6), m5);
      v14 = turn8(v14, v2);
      v10 = sum(v10, v14);
      v6 = turn7(v6, v10);
      v3 = sum(sum(v3, v7), m6);
      v15 = turn16(v15, v3);
      v11 = sum(v11, v15);
      v7 = turn12(v7, v11);
      v3 = sum(sum(v3, v7), m7);
      v15 = turn8(v15, v3);
      v11 = sum(v11, v15);
      v7 = turn7(v7, v11);
      v0 = sum(sum(v0, v5), m8);
      v15 = turn16(v15, v0);
      v10 = sum(v10, v15);
      v5 = turn12(v5, v10);
      v0 = sum(sum(v0, v5), m9);
      v15 = turn8(v15, v0);
      v10 = sum(v10, v15);
      v5 = turn7(v5, v10);
      v1 = sum(sum(v1, v6), m10);
      v12 = turn16(v12, v1);
      v11 = sum(v11, v12);
      v6 = turn12(v6, v11);
      v1 = sum(sum(v1, v6), m11);
      v12 = turn8(v12, v1);
      v11 = sum(v11, v12);
      v6 = turn7(v6, v11);
      v2 = sum(sum(v2, v7), m12);
      v13 = turn16(v13, v2);
      v8 = sum(v8, v13);
      v7 = turn12(v7, v8);
      v2 = sum(sum(v2, v7), m13);
      v13 = turn8(v13, v2);
      v8 = sum(v8, v13);
      v7 = turn7(v7, v8);
      v3 = sum(sum(v3, v4), m14);
      v14 = turn16(v14, v3);
      v9 = sum(v9, v14);
      v4 = turn12(v4, v9);
      v3 = sum(sum(v3, v4), m15);
      v14 = turn8(v14, v3);
      v9 = sum(v9, v14);
      v4 = turn7(v4, v9);
      if (++round === 7) break;
      const t0 = m0;
      m0 = m2;
      m2 = m3;
      m3 = m10;
      m10 = m12;
      m12 = m9;
      m9 = m11;
      m11 = m5;
      m5 = t0;
      const t1 = m1;
      m1 = m6;
      m6 = m4;
      m4 = m7;
      m7 = m13;
      m13 = m14;
      m14 = m15;
      m15 = m8;
      m8 = t1;
    }
    h0 = v128.xor(v0, v8);
    h1 = v128.xor(v1, v9);
    h2 = v128.xor(v2, v10);
    h3 = v128.xor(v3, v11);
    h4 = v128.xor(v4, v12);
    h5 = v128.xor(v5, v13);
    h6 = v128.xor(v6, v14);
    h7 = v128.xor(v7, v15);
  }
  const a0 = low32(h0, h1);
  const b0 = low32(h2, h3);
  const c0 = high32(h0, h1);
  const d0 = high32(h2, h3);
  v128.store(to, low64(a0, b0), 0);
  v128.store(to, high64(a0, b0), 32);
  v128.store(to, low64(c0, d0), 64);
  v128.store(to, high64(c0, d0), 96);
  const a4 = low32(h4, h5);
  const b4 = low32(h6, h7);
  const c4 = high32(h4, h5);
  const d4 = high32(h6, h7);
  v128.store(to, low64(a4, b4), 16);
  v128.store(to, high64(a4, b4), 48);
  v128.store(to, low64(c4, d4), 80);
  v128.store(to, high64(c4, d4), 112);
}

/** Bytes that chaining values of an input of `bytes` take, and what `blake3End` needs behind them. */
export function blake3Room(bytes: usize): usize {
  return CHUNK + (bytes / CHUNK + 5) * CV;
}

/** Chaining values of `count` whole chunks, the first of which is number `first`, to their places at `cvs`. Never the last chunk. */
export function blake3Chunks(input: usize, count: usize, first: usize, cvs: usize): void {
  for (let i: usize = 0; i < count; i += 4) {
    const chunk = first + i;
    compress(input + i * CHUNK, CHUNK, CHUNK / BLOCK, <u32>BLOCK, chunk, true, CHUNK_START, CHUNK_END, 0, cvs + chunk * CV);
  }
}

/** The last chunk, number `chunk`, of 1 to 1024 bytes; then the digest (32 bytes) to the first bytes of `cvs`. */
export function blake3End(input: usize, bytes: usize, chunk: usize, cvs: usize): void {
  // What is behind the end counts as zeros.
  const tail = cvs + (chunk + 5) * CV;
  memory.fill(tail, 0, CHUNK);
  memory.copy(tail, input, bytes);
  const blocks = (bytes + BLOCK - 1) / BLOCK;
  const last = CHUNK_END | (chunk === 0 ? ROOT : 0);
  compress(tail, 0, blocks, <u32>(bytes - (blocks - 1) * BLOCK), chunk, false, CHUNK_START, last, 0, cvs + chunk * CV);
  join(cvs, chunk + 1, ROOT);
}

/** Joins neighbours level by level, an odd one waits: the tree whose left sides are full. `top`: further flags of its last parent. */
export function join(cvs: usize, chunks: usize, top: u32): void {
  let count = chunks;
  while (count > 1) {
    const pairs = count >> 1;
    const flags = PARENT | (count === 2 ? top : 0);
    const odd = cvs + (count - 1) * CV;
    const low = v128.load(odd);
    const high = v128.load(odd, 16);
    for (let i: usize = 0; i < pairs; i += 4) {
      // Four results end before the next group's first input.
      compress(cvs + i * 2 * CV, 2 * CV, 1, <u32>BLOCK, 0, false, 0, 0, flags, cvs + i * CV);
    }
    if (count & 1) {
      v128.store(cvs + pairs * CV, low);
      v128.store(cvs + pairs * CV, high, 16);
    }
    count = pairs + (count & 1);
  }
}
