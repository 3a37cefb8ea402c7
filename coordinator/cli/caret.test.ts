import { expect, it } from 'vitest';
import { caretLines } from './caret.ts';

it('points at the place in its line', () => {
  expect(caretLines('SELECT 1\nFORM flights', 9)).toEqual(['LINE 2: FORM flights', '        ^']);
  expect(caretLines('SELEC 1', 0)).toEqual(['LINE 1: SELEC 1', '        ^']);
});

it('points behind the last character when the query ends too soon', () => {
  expect(caretLines('SELECT', 6)).toEqual(['LINE 1: SELECT', '              ^']);
});

it('keeps the caret under the place in long lines and after tabs and wide characters', () => {
  const sql = `SELECT ${'a, '.repeat(100)}wrong FROM t`;
  const [line = '', caret = ''] = caretLines(sql, sql.indexOf('wrong'));
  expect(line.length).toBeLessThanOrEqual(110);
  expect(line.indexOf('wrong')).toBe(caret.indexOf('^'));
  expect(caretLines("\tSELECT '東' x", 12)[1]?.indexOf('^')).toBe('LINE 1: '.length + 13);
});

it('says nothing about a place outside the text', () => {
  expect(caretLines('SELECT 1', 99)).toEqual([]);
  expect(caretLines('SELECT 1', -1)).toEqual([]);
});
