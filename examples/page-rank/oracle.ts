/** PageRank in one loop over all links. */
import { handedOn, type Ranking, type Ranks, rankingOf } from './job.ts';

export interface Link {
  readonly src: string;
  readonly dst: string;
  readonly share: number;
}

export function pageRankOracle(links: readonly Link[], iterations: number): Ranking {
  const names = [...new Set(links.flatMap(({ src, dst }) => [src, dst]))].sort();
  let ranks: Ranks = new Map(names.map((name) => [name, 1 / names.length]));
  for (let i = 0; i < iterations; i++) {
    const received = new Map<string, number>();
    for (const { src, dst, share } of links) received.set(dst, (received.get(dst) ?? 0) + (ranks.get(src) ?? 0) * share);
    ranks = handedOn(names, received);
  }
  return rankingOf(ranks);
}
