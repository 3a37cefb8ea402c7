/** N-Queens by plain backtracking over a list of columns. */
export function nQueensOracle(n: number): number {
  const queens: number[] = [];
  const isFree = (column: number): boolean =>
    queens.every((other, row) => other !== column && Math.abs(other - column) !== queens.length - row);
  const count = (): number => {
    if (queens.length === n) return 1;
    let found = 0;
    for (let column = 0; column < n; column++) {
      if (!isFree(column)) continue;
      queens.push(column);
      found += count();
      queens.pop();
    }
    return found;
  };
  return count();
}
