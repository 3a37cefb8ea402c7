/** All pairs of sequences, aligned: the sequences go whole to every task as a side, the pairs are spread. */
import { columns, type Example, type GuestSource, planOf, rowsOf, spread, sql } from '../example.ts';
import { sequences } from './sequences.ts';

export const SIZES = { families: 4, membersEach: 6, length: 300, partitions: 16 };

const GUESTS = {
  AssemblyScript: { language: 'AssemblyScript', kind: 'batch', source: 'examples/needleman-wunsch/guest.as.ts' },
  Rust: { language: 'Rust', kind: 'batch', source: 'examples/needleman-wunsch/guest.rs' },
} as const satisfies Readonly<Record<string, GuestSource>>;

/** By a, then b; a < b. */
export type Scores = readonly (readonly [a: number, b: number, score: number])[];

export function needlemanWunsch(language: keyof typeof GUESTS = 'AssemblyScript', sizes = SIZES): Example<Scores> {
  const all = sequences(sizes);
  return {
    name: `needleman-wunsch in ${language}`,
    title: `How alike ${all.length} pieces of DNA are, each with each`,
    inputs: {},
    guests: { align: GUESTS[language] },
    async run(context) {
      const n = all.length;
      const values = all.map((sequence, id) => `(${id}, '${sequence}')`).join(', ');
      const plan = planOf({
        sequences: sql(`SELECT sequence FROM (VALUES ${values}) AS t(id, sequence) ORDER BY id`),
        pairs: sql(
          `SELECT CAST(a.range AS INTEGER) AS a, CAST(b.range AS INTEGER) AS b
           FROM range(${n}) AS a, range(${n}) AS b WHERE a.range < b.range`,
        ),
        spread: spread('pairs', sizes.partitions),
        aligned: {
          kind: 'guest',
          operation: 'map',
          input: 'spread',
          sides: ['sequences'],
          code: { kind: 'batch', module: context.code('align'), function: 'align' },
          schema: columns('a INTEGER', 'b INTEGER', 'score INTEGER'),
        },
        ordered: sql('SELECT * FROM aligned ORDER BY a, b'),
      });
      return (await rowsOf(plan, context)).map(([a, b, score]) => [Number(a), Number(b), Number(score)] as const);
    },
  };
}
