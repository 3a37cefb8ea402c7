/** A chessboard with queens that leave each other alone. */

/** For each row the column of its queen, in the first solution that backtracking finds; empty: there is none. */
export function someSolution(n: number): readonly number[] {
  const queens: number[] = [];
  const isFree = (column: number): boolean =>
    queens.every((other, row) => other !== column && Math.abs(other - column) !== queens.length - row);
  const place = (): boolean => {
    if (queens.length === n) return true;
    for (let column = 0; column < n; column++) {
      if (!isFree(column)) continue;
      queens.push(column);
      if (place()) return true;
      queens.pop();
    }
    return false;
  };
  return place() ? queens : [];
}

export function Board({ n }: { n: number }) {
  const queens = someSolution(n);
  return (
    <svg viewBox={`0 0 ${n} ${n}`} class="chessboard" role="img" aria-label={`One way for ${n} queens`}>
      {Array.from({ length: n * n }, (_, i) => {
        const [x, y] = [i % n, Math.floor(i / n)];
        return <rect key={i} x={x} y={y} width="1" height="1" class={(x + y) % 2 === 0 ? 'light' : 'dark'} />;
      })}
      {queens.map((column, row) => (
        <text key={row} x={column + 0.5} y={row + 0.79} text-anchor="middle" font-size="0.82" class="queen">
          ♛
        </text>
      ))}
    </svg>
  );
}
