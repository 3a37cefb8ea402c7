/**
 * Connected components: which airports can be reached from which by short flights. Labels spread over the links, a job a round, until a
 * round changes none; the links stay in the tabs.
 */
import type { AuthorRelation } from '../../shared/plan/author-plan.ts';
import { type Context, columns, type Example, planOf, rowsOf, sql } from '../example.ts';

/** Flights of fewer miles than this, before this day of 2001. */
export const SIZES = { miles: 150, until: '2001-01-15', partitions: 4 };

export const linksSql = ({ miles, until } = SIZES): string =>
  `SELECT DISTINCT least(origin, destination) AS a, greatest(origin, destination) AS b
   FROM flights WHERE distance < ${miles} AND date < TIMESTAMP '${until}'`;

type Labels = ReadonlyMap<string, string>;

/** For each airport the first one, by name, of those that can be reached; by name. */
export type Components = readonly (readonly [airport: string, component: string])[];

/** The most rounds there may be: more than the longest way in any graph of airports. */
const ROUNDS_MOST = 100;

function links(sizes: typeof SIZES): Readonly<Record<string, AuthorRelation>> {
  return {
    pairs: sql(linksSql(sizes)),
    links: { kind: 'repartition', input: 'pairs', partitions: sizes.partitions, keys: ['a'] },
  };
}

export function connectedComponents(sizes = SIZES): Example<Components> {
  return {
    name: 'connected-components',
    title: `Which airports are connected by flights of less than ${sizes.miles} miles`,
    inputs: { flights: 'flights' },
    guests: { spread: { language: 'JavaScript', kind: 'script', source: 'examples/connected-components/guest.js' } },
    async run(context) {
      const all = sql('SELECT a AS node FROM links UNION SELECT b FROM links ORDER BY node');
      const nodes = await rowsOf(planOf({ ...links(sizes), all }, ['links']), context);
      const labels = new Map(nodes.map(([node]) => [String(node), String(node)]));
      for (let i = 0; i < ROUNDS_MOST; i++) {
        const changes = await round(sizes, labels, context);
        if (changes.size === 0) return [...labels];
        for (const [node, label] of changes) labels.set(node, label);
        context.onStep?.([...labels]);
      }
      throw new Error(`labels still change after ${ROUNDS_MOST} rounds`);
    },
  };
}

/** Nodes that get a smaller label. */
async function round(sizes: typeof SIZES, labels: Labels, context: Context): Promise<Labels> {
  const params = { nodes: [...labels.keys()], labels: [...labels.values()] };
  const plan = planOf(
    {
      ...links(sizes),
      lowered: {
        kind: 'guest',
        operation: 'mapPartitions',
        input: 'links',
        code: { kind: 'script', source: context.code('spread'), function: 'spreadLabels', params },
        schema: columns('node VARCHAR', 'label VARCHAR'),
      },
      changes: sql('SELECT node, min(label) AS label FROM lowered GROUP BY node'),
    },
    ['links'],
  );
  return new Map((await rowsOf(plan, context)).map(([node, label]) => [String(node), String(label)]));
}
