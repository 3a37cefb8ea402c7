/** Word count: the "hello, world" of clusters, in five languages. Each partition counts its own words; SQL adds the counts. */
import type { AuthorCode, AuthorRelation } from '../../shared/plan/author-plan.ts';
import { columns, type Example, type GuestSource, type Language, planOf, rowsOf, spread, sql } from '../example.ts';
import { csvOf, textLines } from '../text.ts';

export const SIZES = { documents: 200, linesEach: 50, partitions: 8 };

/** C, Rust and Go are plain programs: they read lines and write `word TAB count`, and know nothing of Muster. */
const GUESTS: Readonly<Record<Language, GuestSource>> = {
  AssemblyScript: { language: 'AssemblyScript', kind: 'batch', source: 'examples/word-count/guest.as.ts' },
  JavaScript: { language: 'JavaScript', kind: 'script', source: 'examples/word-count/guest.js' },
  C: { language: 'C', kind: 'stream', source: 'guest/c/examples/word_count_stream.c' },
  Rust: { language: 'Rust', kind: 'stream', source: 'guest/rust/src/bin/word_count.rs' },
  Go: { language: 'Go', kind: 'stream', source: 'guest/go/wordcount' },
};

function codeOf({ kind }: GuestSource, code: string): AuthorCode {
  if (kind === 'script') return { kind, source: code, function: 'wordCount' };
  if (kind === 'stream') return { kind, module: code, input: 'lines', output: 'tsv' };
  return { kind, module: code, function: 'wordCount' };
}

/** word and n, in the order of the words. */
export type WordCounts = readonly (readonly [word: string, n: number])[];

export function wordCount(language: Language = 'AssemblyScript', sizes = SIZES): Example<WordCounts> {
  const guest = GUESTS[language];
  return {
    name: `word-count in ${language}`,
    title: 'How often each word stands in a text',
    inputs: { text: () => csvOf(textLines(sizes)) },
    guests: { words: guest },
    async run(context) {
      const counted: AuthorRelation = {
        kind: 'guest',
        operation: 'mapPartitions',
        input: 'spread',
        code: codeOf(guest, context.code('words')),
        schema: guest.kind === 'stream' ? columns('key VARCHAR', 'value VARCHAR') : columns('word VARCHAR', 'n BIGINT'),
      };
      const added =
        guest.kind === 'stream'
          ? 'SELECT key AS word, sum(CAST(value AS BIGINT)) AS n FROM counted GROUP BY key ORDER BY word'
          : 'SELECT word, sum(n) AS n FROM counted GROUP BY word ORDER BY word';
      const plan = planOf({
        lines: sql('SELECT line FROM text'),
        spread: spread('lines', sizes.partitions),
        counted,
        added: sql(added),
      });
      return (await rowsOf(plan, context)).map(([word, n]) => [String(word), Number(n)] as const);
    },
  };
}
