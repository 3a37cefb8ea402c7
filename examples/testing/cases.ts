/** Every example at a size for tests, with what must come out. */
import { createHash } from 'node:crypto';

import type { Grid } from '../../playwright/grid.ts';
import { SIZES as COMPONENTS, connectedComponents, linksSql as pairsSql } from '../connected-components/job.ts';
import { connectedComponentsOracle } from '../connected-components/oracle.ts';
import type { Example } from '../example.ts';
import { SIZES as INDEX, invertedIndex } from '../inverted-index/job.ts';
import { invertedIndexOracle } from '../inverted-index/oracle.ts';
import { SIZES as KMEANS, kMeans, pointsSql, START } from '../k-means/job.ts';
import { kMeansOracle } from '../k-means/oracle.ts';
import { mandelbrot, SIZES as PICTURE } from '../mandelbrot/job.ts';
import { mandelbrotOracle } from '../mandelbrot/oracle.ts';
import { monteCarloPi, SIZES as PI } from '../monte-carlo-pi/job.ts';
import { monteCarloPiOracle } from '../monte-carlo-pi/oracle.ts';
import { nQueens, SIZES as QUEENS } from '../n-queens/job.ts';
import { nQueensOracle } from '../n-queens/oracle.ts';
import { SIZES as ALIGNMENT, needlemanWunsch } from '../needleman-wunsch/job.ts';
import { needlemanWunschOracle } from '../needleman-wunsch/oracle.ts';
import { sequences } from '../needleman-wunsch/sequences.ts';
import { linksSql, pageRank, SIZES as RANKING } from '../page-rank/job.ts';
import { pageRankOracle } from '../page-rank/oracle.ts';
import { SIZES as SEARCH, sha256Search } from '../sha-256/job.ts';
import { sha256Oracle } from '../sha-256/oracle.ts';
import { textLines } from '../text.ts';
import { SIZES as TEXT, wordCount } from '../word-count/job.ts';
import { wordCountOracle } from '../word-count/oracle.ts';

interface Expected {
  readonly example: Example<unknown>;
  /** The oracle's answer, from the same data. */
  readonly expected: (grid: Grid) => Promise<unknown>;
}

export interface Case extends Expected {
  /** A loop of jobs over a cached relation. Another one, over other data, begins without the first one's blocks and may reuse its own. */
  readonly again?: Expected;
  /** Where the example ends early: the same to its end, so that the same is made each time. */
  readonly whole?: Example<unknown>;
}

/** A query's rows from native DuckDB over the same file. */
async function nativeRows(grid: Grid, sql: string): Promise<readonly (readonly unknown[])[]> {
  return (await grid.native.query(sql)).result.rows;
}

function kMeansOf(sizes: typeof KMEANS): Expected {
  return {
    example: kMeans(sizes),
    expected: async (grid) => {
      const points = await nativeRows(grid, pointsSql(sizes));
      const [xs, ys] = [points.map(([x]) => Number(x)), points.map(([, y]) => Number(y))];
      return kMeansOracle({ xs, ys }, START, sizes.iterations);
    },
  };
}

function pageRankOf(sizes: typeof RANKING): Expected {
  return {
    example: pageRank(sizes),
    expected: async (grid) => {
      const links = await nativeRows(grid, linksSql(sizes));
      return pageRankOracle(
        links.map(([src, dst, share]) => ({ src: String(src), dst: String(dst), share: Number(share) })),
        sizes.iterations,
      );
    },
  };
}

function componentsOf(sizes: typeof COMPONENTS): Expected {
  return {
    example: connectedComponents(sizes),
    expected: async (grid) => {
      const links = await nativeRows(grid, pairsSql(sizes));
      return connectedComponentsOracle(links.map(([a, b]) => [String(a), String(b)] as const));
    },
  };
}

const words = async (): Promise<unknown> => wordCountOracle(textLines(TEXT));
const scores = async (): Promise<unknown> => needlemanWunschOracle(sequences(ALIGNMENT));
const placements = async (): Promise<unknown> => nQueensOracle(QUEENS.n);
const nonces = async (): Promise<unknown> => sha256Oracle((text) => createHash('sha256').update(text).digest('hex'), SEARCH);

export const CASES: readonly Case[] = [
  { example: wordCount(), expected: words },
  { example: invertedIndex(), expected: async () => invertedIndexOracle(textLines(INDEX)) },
  { ...kMeansOf(KMEANS), again: kMeansOf({ ...KMEANS, until: '2001-01-20' }) },
  { ...pageRankOf(RANKING), again: pageRankOf({ ...RANKING, until: '2001-01-20' }) },
  { ...componentsOf(COMPONENTS), again: componentsOf({ ...COMPONENTS, miles: 140 }) },
  { example: mandelbrot(), expected: async () => mandelbrotOracle(PICTURE) },
  { example: sha256Search(), expected: nonces, whole: sha256Search('AssemblyScript', { ...SEARCH, all: true }) },
  { example: needlemanWunsch(), expected: scores },
  { example: monteCarloPi(), expected: async () => monteCarloPiOracle(PI) },
  { example: nQueens(), expected: placements },
];

/** Examples in a second language. */
export const LANGUAGES: readonly Expected[] = [
  ...(['C', 'Rust', 'Go', 'JavaScript'] as const).map((language) => ({ example: wordCount(language), expected: words })),
  { example: sha256Search('C'), expected: nonces },
  { example: needlemanWunsch('Rust'), expected: scores },
  { example: nQueens('Go'), expected: placements },
];
