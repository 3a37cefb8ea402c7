/** XORs bytes with a mask of four that repeats; its first byte, in the lowest bits, meets the first of them. */
export function unmask(at: usize, bytes: usize, mask: u32): void {
  const masks = i32x4.splat(mask);
  const end = at + bytes;
  for (; at + 64 <= end; at += 64) {
    v128.store(at, v128.xor(v128.load(at), masks));
    v128.store(at, v128.xor(v128.load(at, 16), masks), 16);
    v128.store(at, v128.xor(v128.load(at, 32), masks), 32);
    v128.store(at, v128.xor(v128.load(at, 48), masks), 48);
  }
  for (; at + 4 <= end; at += 4) store<u32>(at, load<u32>(at) ^ mask);
  for (let shift: u32 = 0; at < end; at++, shift += 8) store<u8>(at, load<u8>(at) ^ <u8>(mask >> shift));
}
