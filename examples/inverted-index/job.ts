/** An inverted index: for each word the documents that have it. A flatMap and a keyed aggregate, in JavaScript that needs no compiler. */
import { columns, type Example, planOf, rowsOf, spread, sql } from '../example.ts';
import { csvOf, textLines } from '../text.ts';

export const SIZES = { documents: 100, linesEach: 25, partitions: 8 };

/** In the order of the words. */
export type Index = readonly (readonly [word: string, docs: readonly number[]])[];

export function invertedIndex(sizes = SIZES): Example<Index> {
  return {
    name: 'inverted-index',
    title: 'In which documents each word stands',
    inputs: { documents: () => csvOf(textLines(sizes)) },
    guests: { index: { language: 'JavaScript', kind: 'script', source: 'examples/inverted-index/guest.js' } },
    async run(context) {
      const source = context.code('index');
      const plan = planOf({
        lines: sql('SELECT CAST(doc AS INTEGER) AS doc, line FROM documents'),
        spread: spread('lines', sizes.partitions),
        words: {
          kind: 'guest',
          operation: 'flatMap',
          input: 'spread',
          code: { kind: 'script', source, function: 'words' },
          schema: columns('word VARCHAR', 'doc INTEGER'),
        },
        postings: {
          kind: 'aggregate',
          input: 'words',
          keys: ['word'],
          code: { kind: 'script', source, function: 'postings' },
          schema: columns('word VARCHAR', 'docs INTEGER[]'),
        },
        ordered: sql('SELECT word, docs FROM postings ORDER BY word'),
      });
      return (await rowsOf(plan, context)).map(
        ([word, docs]) => [String(word), (docs as readonly number[]).map(Number)] as const,
      );
    },
  };
}
