/** An inverted index in one loop. */
import type { Line } from '../text.ts';
import type { Index } from './job.ts';

export function invertedIndexOracle(lines: readonly Line[]): Index {
  const index = new Map<string, Set<number>>();
  for (const { doc, line } of lines) {
    for (const word of line.split(' ')) index.set(word, (index.get(word) ?? new Set()).add(doc));
  }
  return [...index].sort(([a], [b]) => (a < b ? -1 : 1)).map(([word, docs]) => [word, [...docs].sort((a, b) => a - b)] as const);
}
