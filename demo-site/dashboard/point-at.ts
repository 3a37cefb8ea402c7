/** Where in the query an error is. */

/** The line of `sql` that holds `position`, and a caret under it. */
export function pointAt(sql: string, position: number): { readonly line: number; readonly text: string; readonly caret: string } {
  const at = Math.max(0, Math.min(position, sql.length));
  const start = sql.lastIndexOf('\n', at - 1) + 1;
  const end = sql.indexOf('\n', at);
  const text = sql.slice(start, end < 0 ? sql.length : end);
  return { line: sql.slice(0, start).split('\n').length, text, caret: `${' '.repeat(at - start)}^` };
}
