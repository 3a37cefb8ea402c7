/** Bitmaps: one bit a row, least significant first; 1 is valid. */

export function isValid(bits: usize, row: usize): bool {
  return ((<u32>load<u8>(bits + (row >> 3)) >> (<u32>row & 7)) & 1) !== 0;
}

export function clearBit(bits: usize, row: usize): void {
  const at = bits + (row >> 3);
  store<u8>(at, load<u8>(at) & ~(<u8>((<u32>1) << (<u32>row & 7))));
}

export function setBit(bits: usize, row: usize): void {
  const at = bits + (row >> 3);
  store<u8>(at, load<u8>(at) | <u8>((<u32>1) << (<u32>row & 7)));
}

/** `to` gets the rows that are valid in both. */
export function bothValid(a: usize, b: usize, rows: usize, to: usize): void {
  const bytes = (rows + 7) >> 3;
  for (let i: usize = 0; i < bytes; i++) store<u8>(to + i, load<u8>(a + i) & load<u8>(b + i));
}

/** Each bit `times` times. */
export function repeatBits(bits: usize, rows: usize, times: usize, to: usize): void {
  memory.fill(to, 0, (rows * times + 7) >> 3);
  let at: usize = 0;
  for (let i: usize = 0; i < rows; i++) {
    const valid = isValid(bits, i);
    for (let k: usize = 0; k < times; k++, at++) if (valid) setBit(to, at);
  }
}
