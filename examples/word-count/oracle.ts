/** Word count in one loop. */
import type { Line } from '../text.ts';
import type { WordCounts } from './job.ts';

export function wordCountOracle(lines: readonly Line[]): WordCounts {
  const counts = new Map<string, number>();
  for (const { line } of lines) {
    for (const word of line.split(' ')) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
}
