/** Shows where in a query an error lies: the SQL line, and a caret under the place. */
import { cutTo, displayWidth } from './width.ts';

const CONTEXT = 100;

/**
 * Two lines, or none when `position` (0-based offset in UTF-16 units) lies outside the text. Long lines are cut to what
 * surrounds the place.
 */
export function caretLines(sql: string, position: number): readonly string[] {
  if (!Number.isInteger(position) || position < 0 || position > sql.length) return [];
  const start = sql.lastIndexOf('\n', position - 1) + 1;
  const newline = sql.indexOf('\n', position);
  const line = sql.slice(start, newline < 0 ? sql.length : newline).replace(/\r$/, '');
  const number = sql.slice(0, start).split('\n').length;
  const prefix = `LINE ${number}: `;
  let from = 0;
  let lead = '';
  if (displayWidth(line.slice(0, position - start)) > CONTEXT * 0.7) {
    from = position - start - Math.floor(CONTEXT * 0.5);
    lead = '…';
  }
  const clean = (text: string) => text.replace(/\p{Cc}/gu, ' ');
  const before = `${prefix}${lead}${clean(line.slice(from, position - start))}`;
  return [cutTo(before + clean(line.slice(position - start)), prefix.length + CONTEXT), `${' '.repeat(displayWidth(before))}^`];
}
