/** An inverted index: the list of words grows, and can be asked at once. */
import { useSignal } from '@preact/signals';
import { type Index, invertedIndex, SIZES } from '../../../examples/inverted-index/job.ts';
import { formatCount, plural } from '../../ui/format.ts';
import { lesson } from '../lesson.ts';
import { Postings } from '../pictures/postings.tsx';
import { Sizes } from './sizes.ts';

const sizes = new Sizes(
  ['100 documents', { ...SIZES }],
  ['200 documents, four times as long', { ...SIZES, documents: 200, linesEach: 100, partitions: 16 }],
  ['400 documents, eight times as long', { ...SIZES, documents: 400, linesEach: 200, partitions: 32 }],
);

interface State {
  readonly index: Index;
  readonly documents: number;
}

const indexOf = (rows: readonly (readonly unknown[])[]): Index =>
  rows.map(([word, docs]) => [String(word), Array.isArray(docs) ? docs.map(Number) : []] as const);

function Search({ state: { index, documents } }: { readonly state: State }) {
  const wanted = useSignal('');
  return (
    <div class="index-picture">
      <input
        type="search"
        placeholder="look up a word"
        aria-label="Look up a word"
        data-test="look-up"
        autocomplete="off"
        value={wanted.value}
        onInput={(event) => {
          wanted.value = event.currentTarget.value.trim().toLowerCase();
        }}
      />
      <Postings index={index} documents={documents} prefix={wanted.value} />
    </div>
  );
}

export const indexLesson = lesson<State, Index>({
  id: 'inverted-index',
  title: 'Inverted index: how search engines find',
  about: [
    'To find a word, nobody reads all documents again. One makes a list once: for each word, the documents that have it.',
    'Each tab reads some documents and says “this word is in document 7”. Then all that was said of one word meets in one tab, which makes the list.',
    'Each row below is a word, each column a document. The function is JavaScript: no compiler is needed, and it runs inside WASM all the same.',
  ],
  tries: [
    'Look up a word while the list still grows, and again when it is done.',
    'Which words are in every document? Do they help to find anything?',
    'Close a tab in the middle: the list must be complete in the end.',
  ],
  sizes: sizes.list,
  example: (size) => invertedIndex(sizes.at(size)),
  result: 'postings',
  begin: (size) => ({ index: [], documents: sizes.at(size).documents }),
  takeRows: (state, rows) => ({ ...state, index: indexOf(rows) }),
  takeAnswer: (state, index) => ({ ...state, index }),
  say: ({ index, documents }) =>
    index.length === 0 ? '' : `${plural(index.length, 'word')} in ${formatCount(documents)} documents.`,
  Picture: Search,
});
