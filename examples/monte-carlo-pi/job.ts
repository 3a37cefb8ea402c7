/** Pi from darts: each row is a seed and much work, and the tasks have nothing to say to each other. */
import { columns, type Example, planOf, rowsOf, spread, sql } from '../example.ts';

export const SIZES = { seeds: 24, darts: 20_000, partitions: 12 };

export interface Pi {
  readonly inside: number;
  readonly pi: number;
}

export function monteCarloPi(sizes = SIZES): Example<Pi> {
  const { seeds, darts, partitions } = sizes;
  return {
    name: 'monte-carlo-pi',
    title: 'Pi, from darts thrown at a square',
    inputs: {},
    guests: { darts: { language: 'AssemblyScript', kind: 'batch', source: 'examples/monte-carlo-pi/guest.as.ts' } },
    async run(context) {
      const plan = planOf({
        seeds: sql(`SELECT range AS seed FROM range(${seeds})`),
        spread: spread('seeds', partitions),
        thrown: {
          kind: 'guest',
          operation: 'map',
          input: 'spread',
          code: { kind: 'batch', module: context.code('darts'), function: 'throwDarts', params: { darts } },
          schema: columns('inside BIGINT'),
        },
        total: sql('SELECT sum(inside) AS inside FROM thrown'),
      });
      const inside = Number((await rowsOf(plan, context))[0]?.[0]);
      return { inside, pi: (4 * inside) / (seeds * darts) };
    },
  };
}
