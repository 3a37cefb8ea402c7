/** 128-bit integers of Arrow decimals, little endian. */

/** A number where a double holds it exactly, else a bigint. */
export function hugeAt(view: DataView, at: number): number | bigint {
  const w1 = view.getInt32(at + 4, true);
  const sign = w1 >> 31;
  if (view.getInt32(at + 8, true) === sign && view.getInt32(at + 12, true) === sign && w1 >= -0x200000 && w1 < 0x200000) {
    return w1 * 4294967296 + view.getUint32(at, true);
  }
  return (view.getBigInt64(at + 8, true) << 64n) | view.getBigUint64(at, true);
}

/** `value` x 10^-scale with exactly `scale` digits after the point. */
export function decimalText(view: DataView, at: number, scale: number): string {
  const text = String(hugeAt(view, at));
  if (scale === 0) return text;
  const negative = text.charCodeAt(0) === 45;
  const digits = (negative ? text.slice(1) : text).padStart(scale + 1, '0');
  return `${negative ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}
