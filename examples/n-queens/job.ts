/** N-Queens: a tree search, cut into tasks by where the first two queens stand. */
import { columns, type Example, type GuestSource, planOf, rowsOf, spread, sql } from '../example.ts';

export const SIZES = { n: 10, partitions: 16 };

const GUESTS = {
  AssemblyScript: { language: 'AssemblyScript', kind: 'batch', source: 'examples/n-queens/guest.as.ts' },
  Go: { language: 'Go', kind: 'batch', source: 'examples/n-queens/go' },
} as const satisfies Readonly<Record<string, GuestSource>>;

/** In how many ways n queens can stand on an n x n board (2 to 16) without attacking each other. */
export function nQueens(language: keyof typeof GUESTS = 'AssemblyScript', sizes = SIZES): Example<number> {
  const { n, partitions } = sizes;
  return {
    name: `n-queens in ${language}`,
    title: `In how many ways ${n} queens can stand on a board`,
    inputs: {},
    guests: { queens: GUESTS[language] },
    async run(context) {
      const plan = planOf({
        starts: sql(
          `SELECT CAST(a.range AS INTEGER) AS first, CAST(b.range AS INTEGER) AS second
           FROM range(${n}) AS a, range(${n}) AS b WHERE abs(a.range - b.range) > 1`,
        ),
        spread: spread('starts', partitions),
        counted: {
          kind: 'guest',
          operation: 'map',
          input: 'spread',
          code: { kind: 'batch', module: context.code('queens'), function: 'queens', params: { n } },
          schema: columns('solutions BIGINT'),
        },
        total: sql('SELECT sum(solutions) AS solutions FROM counted'),
      });
      return Number((await rowsOf(plan, context))[0]?.[0]);
    },
  };
}
