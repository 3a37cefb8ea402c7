/** Every example at a size for tests, with what must come out. */
import type { Grid } from '../../playwright/grid.ts';
import type { Example } from '../example.ts';
import { SIZES as KMEANS_SIZES, kMeans, pointsSql, START } from '../k-means/job.ts';
import { kMeansOracle } from '../k-means/oracle.ts';
import { textLines } from '../text.ts';
import { wordCount } from '../word-count/job.ts';
import { wordCountOracle } from '../word-count/oracle.ts';

interface Expected {
  readonly example: Example<unknown>;
  /** The oracle's answer, from the same data. */
  readonly expected: (grid: Grid) => Promise<unknown>;
}

export interface Case extends Expected {
  /** Over other data, for a run that begins without the first one's blocks and may reuse its own. */
  readonly again?: Expected;
}

/** A query's rows from native DuckDB over the same file, as numbers. */
async function numbersOf(grid: Grid, sql: string): Promise<number[][]> {
  return (await grid.native.query(sql)).result.rows.map((row) => row.map(Number));
}

const TEXT = { documents: 1500, linesEach: 100 };

function kMeansCase(sizes: typeof KMEANS_SIZES): Case {
  return {
    example: kMeans(sizes),
    expected: async (grid) => {
      const points = await numbersOf(grid, pointsSql(sizes));
      const [xs, ys] = [points.map(([x = 0]) => x), points.map(([, y = 0]) => y)];
      return kMeansOracle({ xs, ys }, START, sizes.iterations);
    },
  };
}

export const CASES: readonly Case[] = [
  { example: wordCount('AssemblyScript', TEXT), expected: async () => wordCountOracle(textLines(TEXT)) },
  { ...kMeansCase(KMEANS_SIZES), again: kMeansCase({ ...KMEANS_SIZES, until: '2001-01-27' }) },
];

/** Examples in a second language. */
export const LANGUAGES: readonly Expected[] = [
  ...(['C', 'Rust', 'Go', 'JavaScript'] as const).map((language) => ({
    example: wordCount(language, TEXT),
    expected: async () => wordCountOracle(textLines(TEXT)),
  })),
];
