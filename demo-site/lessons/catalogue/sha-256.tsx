/** SHA-256: a search over ranges that ends as soon as one has found it. */
import { useComputed, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { SIZES, sha256Search } from '../../../examples/sha-256/job.ts';
import { formatCount, plural } from '../../ui/format.ts';
import { TAB_COLOURS } from '../colours.ts';
import { lesson } from '../lesson.ts';
import { jobIds, tally } from '../run-model.ts';
import { Sizes } from './sizes.ts';

const sizes = new Sizes(
  ['17 zero bits: one number in 131,072', { ...SIZES, bits: 17, ranges: 64, rangeLength: 25_000 }],
  ['20 zero bits: one in a million', { ...SIZES, bits: 20, ranges: 128, rangeLength: 100_000 }],
  ['23 zero bits: one in eight million', { ...SIZES, bits: 23, ranges: 256, rangeLength: 250_000 }],
);

interface State extends Pick<typeof SIZES, 'text' | 'bits' | 'ranges' | 'rangeLength'> {
  readonly nonce: number | undefined;
}

/** The hash of what was found, computed here once more: anybody can check it at once. */
function Proof({ text, nonce }: { text: string; nonce: number }) {
  const hash = useSignal('');
  useEffect(() => {
    void import('../../../shared/hash.ts').then(async ({ loadHashes, sha256Hex }) => {
      await loadHashes();
      hash.value = sha256Hex(`${text}${nonce}`);
    });
  }, [text, nonce]);
  const zeros = /^0*/.exec(hash.value)?.[0] ?? '';
  return (
    <p class="proof mono" data-test="proof" data-nonce={nonce}>
      SHA-256(“{text}
      <b>{nonce}</b>”) ={' '}
      <span class="hash">
        <mark>{zeros}</mark>
        {hash.value.slice(zeros.length)}
      </span>
    </p>
  );
}

/** A square a range, in the order in which they were done, each in the colour of its tab. */
function Ranges({ total, length, over }: { total: number; length: number; over: boolean }) {
  const shares = useComputed(() => tally.value.of.shares(jobIds.value));
  const done = shares.value.flatMap(({ done: count }, i) => Array.from({ length: count }, () => i + 1));
  const running = shares.value.reduce((sum, share) => sum + share.running, 0);
  return (
    <>
      <ol class="ranges" aria-label={`${done.length} of ${total} ranges searched`}>
        {Array.from({ length: total }, (_, i) => {
          const tab = done[i];
          const state = tab !== undefined ? 'done' : !over && i < done.length + running ? 'running' : '';
          return (
            <li
              key={i}
              class={state}
              style={tab === undefined ? {} : { background: TAB_COLOURS[tab % TAB_COLOURS.length] ?? '' }}
            />
          );
        })}
      </ol>
      <p class="small muted">
        A square is a range of {formatCount(length)} numbers, in the colour of the tab that searched it
        {over && '; the empty ones were cancelled'}.
      </p>
    </>
  );
}

export const shaLesson = lesson<State, readonly number[]>({
  id: 'sha-256',
  title: 'SHA-256: a search that ends early',
  about: [
    'Which number, written behind a text, makes its SHA-256 hash begin with many zero bits? Nobody knows a better way than to try them all.',
    'The numbers are cut into ranges, and the tabs search many at once. As soon as one has found such a number, the rest of the job is cancelled.',
    'Bitcoin’s miners do the same with about 80 zero bits. Checking a found number takes one hash; finding it takes all the others.',
  ],
  tries: [
    'Each further zero bit doubles the work. How long would 32 bits take with this class?',
    'Run it again: why is the same number found?',
    'Close a tab in the middle. Its ranges must be searched by others: else the smallest number might be missed.',
  ],
  sizes: sizes.list,
  example: (size) => sha256Search('AssemblyScript', sizes.at(size)),
  begin: (size) => ({ ...sizes.at(size), nonce: undefined }),
  takeAnswer: (state, [nonce]) => ({ ...state, nonce }),
  say: ({ nonce, bits }) => (nonce === undefined ? '' : `${formatCount(nonce)} gives ${plural(bits, 'zero bit')}.`),
  Picture: ({ state: { text, nonce, ranges, rangeLength } }) => (
    <div class="search">
      <Ranges total={ranges} length={rangeLength} over={nonce !== undefined} />
      {nonce !== undefined && <Proof text={text} nonce={nonce} />}
    </div>
  ),
});
