/** What keys do in a box for code: pure, on the text and the caret. */

/** What Tab types. */
export const INDENT = '  ';

/** What Enter types at `at`: the new line begins as far in as this one, and further after an opening bracket. */
export function newLine(text: string, at: number): string {
  const before = text.slice(text.lastIndexOf('\n', at - 1) + 1, at);
  const indent = /^[ \t]*/.exec(before)?.[0] ?? '';
  return `\n${indent}${/[([{]\s*$/.test(before) ? INDENT : ''}`;
}

/** Offset of a place, both from 1, within the text. */
export function offsetOf(text: string, line: number, column: number): number {
  let start = 0;
  for (let n = 1; n < line; n++) {
    const end = text.indexOf('\n', start);
    if (end < 0) return text.length;
    start = end + 1;
  }
  const end = text.indexOf('\n', start);
  return Math.min(start + Math.max(0, column - 1), end < 0 ? text.length : end);
}
