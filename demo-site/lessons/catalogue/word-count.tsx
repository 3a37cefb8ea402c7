/** Word count: the words of a text, the most frequent first. */
import { type WordCounts, wordCount } from '../../../examples/word-count/job.ts';
import { formatCount } from '../../ui/format.ts';
import { lesson } from '../lesson.ts';
import { Bars } from '../pictures/bars.tsx';

interface State {
  readonly counts: WordCounts;
}

const SIZES = [
  { documents: 400, linesEach: 50 },
  { documents: 2000, linesEach: 100 },
  { documents: 4000, linesEach: 200 },
] as const;

const sizeOf = (size: number) => ({ ...(SIZES[size] ?? SIZES[0]) });

/** Rows come word by word, in the order of the words: the list grows. */
const take = (rows: readonly (readonly unknown[])[]): WordCounts => rows.map(([word, n]) => [String(word), Number(n)]);

export const wordCountLesson = lesson<State, WordCounts>({
  id: 'word-count',
  title: 'Word count: the first program of every cluster',
  about: [
    'How often does each word stand in a text? Each tab counts the words of its own part.',
    'Then all counts of one word must meet in one place to be added: this is the shuffle, the only time that tabs send each other something.',
    'The function that counts is written in AssemblyScript here; the same one exists in C, Rust, Go and JavaScript.',
  ],
  tries: [
    'Which words will be the most frequent ones? In every language it is a few short words: Zipf’s law.',
    'Close a tab while it counts. The counts must be the same as before.',
    'Change the function in the dashboard’s code box: count letters instead.',
  ],
  sizes: SIZES.map(({ documents, linesEach }, i) => ({
    name: ['Small', 'Medium', 'Large'][i] ?? '',
    words: `${formatCount(documents * linesEach)} lines`,
  })),
  example: (size) => wordCount('AssemblyScript', sizeOf(size)),
  begin: () => ({ counts: [] }),
  takeRows: (_, rows) => ({ counts: take(rows) }),
  takeAnswer: (_, counts) => ({ counts }),
  say: ({ counts }) =>
    counts.length === 0
      ? ''
      : `${formatCount(counts.length)} different words, ${formatCount(counts.reduce((sum, [, n]) => sum + n, 0))} in all.`,
  Picture: ({ state: { counts } }) => (
    <Bars label="The most frequent words" amounts={counts.map(([name, value]) => ({ name, value, words: formatCount(value) }))} />
  ),
});
