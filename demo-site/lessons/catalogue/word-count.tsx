/** Word count: the words of a text, the most frequent first. */
import { type WordCounts, wordCount } from '../../../examples/word-count/job.ts';
import { formatCount } from '../../ui/format.ts';
import { lesson } from '../lesson.ts';
import { Bars } from '../pictures/bars.tsx';
import { Sizes } from './sizes.ts';

interface State {
  readonly counts: WordCounts;
}

const sizes = new Sizes(
  ['20,000 lines', { documents: 400, linesEach: 50, partitions: 8 }],
  ['200,000 lines', { documents: 2000, linesEach: 100, partitions: 16 }],
  ['800,000 lines', { documents: 4000, linesEach: 200, partitions: 32 }],
);

/** Rows come word by word, in the order of the words: the list grows. */
const take = (rows: readonly (readonly unknown[])[]): WordCounts => rows.map(([word, n]) => [String(word), Number(n)]);

export const wordCountLesson = lesson<State, WordCounts>({
  id: 'word-count',
  title: 'Word count: what every cluster begins with',
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
  sizes: sizes.list,
  example: (size) => wordCount('AssemblyScript', sizes.at(size)),
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
