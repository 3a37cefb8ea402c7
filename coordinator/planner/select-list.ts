/** `SELECT` needs a column, also where a relation has none. */
export function selectList(items: readonly string[]): string {
  return items.length > 0 ? items.map((x, i) => `${x} AS c${i}`).join(', ') : '1 AS c0';
}
