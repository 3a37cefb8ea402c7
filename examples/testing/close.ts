/** Answers that are equal but for the rounding of sums. */
import { expect } from 'vitest';

const RELATIVE = 1e-9;

function isClose(a: number, b: number): boolean {
  return Object.is(a, b) || Math.abs(a - b) <= RELATIVE * Math.max(Math.abs(a), Math.abs(b));
}

/** `found` with each number that is close to the one in `expected` replaced by that. */
function rounded(found: unknown, expected: unknown): unknown {
  if (typeof found === 'number' && typeof expected === 'number') return isClose(found, expected) ? expected : found;
  if (ArrayBuffer.isView(found)) return found;
  if (Array.isArray(found) && Array.isArray(expected)) return found.map((item, i) => rounded(item, expected[i]));
  if (typeof found === 'object' && found !== null && typeof expected === 'object' && expected !== null) {
    const other = expected as Readonly<Record<string, unknown>>;
    return Object.fromEntries(Object.entries(found).map(([name, item]) => [name, rounded(item, other[name])]));
  }
  return found;
}

/** Numbers within 1e-9 relative, all else as it is. */
export function expectClose(found: unknown, expected: unknown): void {
  expect(rounded(found, expected)).toEqual(expected);
}
