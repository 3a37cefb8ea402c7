/** Needleman-Wunsch with the whole table, as in textbooks. */
import type { Scores } from './job.ts';

const MATCH = 1;
const MISMATCH = -1;
const GAP = -2;

export function alignmentScore(a: string, b: string): number {
  const table = Array.from({ length: a.length + 1 }, (_, i) => {
    const line = new Int32Array(b.length + 1);
    line[0] = i * GAP;
    return line;
  });
  const at = (i: number, j: number): number => table[i]?.[j] ?? 0;
  for (let j = 1; j <= b.length; j++) (table[0] as Int32Array)[j] = j * GAP;
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const both = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? MATCH : MISMATCH);
      (table[i] as Int32Array)[j] = Math.max(both, at(i - 1, j) + GAP, at(i, j - 1) + GAP);
    }
  }
  return at(a.length, b.length);
}

export function needlemanWunschOracle(sequences: readonly string[]): Scores {
  return sequences.flatMap((a, i) => sequences.slice(i + 1).map((b, k) => [i, i + 1 + k, alignmentScore(a, b)] as const));
}
