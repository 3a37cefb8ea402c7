/**
 * PageRank: airports, ranked by where flights lead. A loop of jobs: the ranks travel as parameters, the links are made from the flights
 * once and stay in the tabs.
 */
import type { AuthorRelation } from '../../shared/plan/author-plan.ts';
import { type Context, columns, type Example, planOf, rowsOf, sql } from '../example.ts';

/** `until`: flights before this day of 2001; the data ends with June. */
export const SIZES = { until: '2001-01-15', iterations: 4, partitions: 4 };

const DAMPING = 0.85;

/** `share`: the part of the flights from src that go to dst. */
export const linksSql = ({ until } = SIZES): string =>
  `SELECT src, dst, n / sum(n) OVER (PARTITION BY src) AS share
   FROM (SELECT origin AS src, destination AS dst, count(*) AS n FROM flights WHERE date < TIMESTAMP '${until}' GROUP BY ALL)`;

export type Ranks = ReadonlyMap<string, number>;

/** A rank for each airport, 1 all together; by name. */
export type Ranking = readonly (readonly [airport: string, rank: number])[];

export const rankingOf = (ranks: Ranks): Ranking => [...ranks].sort(([a], [b]) => (a < b ? -1 : 1));

/** Relations that make the links, in partitions by their source. */
function links(sizes: typeof SIZES): Readonly<Record<string, AuthorRelation>> {
  return {
    shares: sql(linksSql(sizes)),
    links: { kind: 'repartition', input: 'shares', partitions: sizes.partitions, keys: ['src'] },
  };
}

export function pageRank(sizes = SIZES): Example<Ranking> {
  return {
    name: 'page-rank',
    title: 'Airports, ranked by where flights lead',
    inputs: { flights: 'flights' },
    guests: { contribute: { language: 'AssemblyScript', kind: 'batch', source: 'examples/page-rank/guest.as.ts' } },
    async run(context) {
      const names = await airports(sizes, context);
      let ranks: Ranks = new Map(names.map((name) => [name, 1 / names.length]));
      for (let i = 0; i < sizes.iterations; i++) {
        ranks = handedOn(names, await step(sizes, ranks, context));
        context.onStep?.(rankingOf(ranks));
      }
      return rankingOf(ranks);
    },
  };
}

async function airports(sizes: typeof SIZES, context: Context): Promise<readonly string[]> {
  const all = sql('SELECT src AS name FROM links UNION SELECT dst FROM links ORDER BY name');
  return (await rowsOf(planOf({ ...links(sizes), all }, ['links']), context)).map(([name]) => String(name));
}

/** What comes to each airport over its links. */
async function step(sizes: typeof SIZES, ranks: Ranks, context: Context): Promise<Ranks> {
  const schema = columns('dst VARCHAR', 'rank DOUBLE');
  const params = { names: [...ranks.keys()], ranks: [...ranks.values()] };
  const plan = planOf(
    {
      ...links(sizes),
      received: {
        kind: 'aggregate',
        input: 'links',
        keys: ['dst'],
        code: { kind: 'batch', module: context.code('contribute'), function: 'contribute', params },
        state: schema,
        schema,
      },
    },
    ['links'],
  );
  return new Map((await rowsOf(plan, context)).map(([name, rank]) => [String(name), Number(rank)]));
}

/** Every airport has something by chance; what airports without flights had goes to all alike. */
export function handedOn(names: readonly string[], received: Ranks): Ranks {
  const kept = names.reduce((sum, name) => sum + (received.get(name) ?? 0), 0);
  const toAll = (1 - DAMPING * kept) / names.length;
  return new Map(names.map((name) => [name, toAll + DAMPING * (received.get(name) ?? 0)]));
}
