/** Names that were perhaps meant, where one is wrong. */

/** Optimal string alignment distance: edits and swaps of neighbours. */
export function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min((rows[i - 1]?.[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (rows[i - 1]?.[j - 1] ?? 0) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, (rows[i - 2]?.[j - 2] ?? 0) + 1);
      row.push(best);
    }
    rows.push(row);
  }
  return rows[a.length]?.[b.length] ?? 0;
}

/** Up to three names close to a wrong one, nearest first. */
export function nearNames(wrong: string, names: readonly string[]): string[] {
  const asked = wrong.toLowerCase();
  const limit = Math.max(2, Math.floor(asked.length / 3));
  const scored = [...new Set(names)].map((name) => {
    const known = name.toLowerCase();
    const inside = known.length > 2 && asked.length > 2 && (known.startsWith(asked) || asked.startsWith(known));
    return { name, distance: inside ? 1 : editDistance(asked, known) };
  });
  return scored
    .filter((s) => s.distance <= limit)
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, 3)
    .map((s) => s.name);
}
