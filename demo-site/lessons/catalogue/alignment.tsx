/** Needleman-Wunsch: a map of who is related with whom. */
import { needlemanWunsch, type Scores, SIZES } from '../../../examples/needleman-wunsch/job.ts';
import { formatCount } from '../../ui/format.ts';
import { lesson } from '../lesson.ts';
import { Pixels } from '../pictures/pixels.tsx';
import { heatRaster, scoreMatrix } from '../pictures/raster.ts';
import { Sizes } from './sizes.ts';

const sizes = new Sizes(
  ['24 pieces of 300 letters', { ...SIZES, families: 4, membersEach: 6, length: 300 }],
  ['48 pieces of 800 letters', { ...SIZES, families: 6, membersEach: 8, length: 800, partitions: 32 }],
  ['80 pieces of 1,500 letters', { ...SIZES, families: 8, membersEach: 10, length: 1500, partitions: 64 }],
);

interface State {
  readonly n: number;
  /** Letters of a piece: the score of one with itself. */
  readonly length: number;
  readonly scores: Scores;
}

const scoresOf = (rows: readonly (readonly unknown[])[]): Scores =>
  rows.map(([a, b, score]) => [Number(a), Number(b), Number(score)] as const);

function Matrix({ state: { n, length, scores } }: { readonly state: State }) {
  const worst = Math.min(0, ...scores.map(([, , score]) => score));
  return (
    <div class="matrix" data-test="matrix" data-scores={JSON.stringify(scores)}>
      <Pixels
        raster={heatRaster(scoreMatrix(scores, n, length), n, n, worst, length)}
        label={`How alike ${n} pieces of DNA are`}
      />
      <p class="legend small">
        <span>unlike</span>
        <span class="ramp" aria-hidden="true" />
        <span>alike</span>
      </p>
    </div>
  );
}

export const alignmentLesson = lesson<State, Scores>({
  id: 'needleman-wunsch',
  title: 'Needleman-Wunsch: families of DNA',
  about: [
    'How alike are two pieces of DNA, if letters may have changed, been lost or been added? The best alignment of two pieces tells.',
    'Every piece is compared with every other one: twice as many pieces are four times the work. Each pair is a small table to fill, and the pairs are spread over the tabs.',
    'The bright squares are families: copies of one ancestor, changed a little.',
  ],
  tries: [
    'How many families are there? How many members has each?',
    'Count the pairs for 24 pieces. And for 80?',
    'Close a tab while the map fills: which squares come back, and from whom?',
  ],
  sizes: sizes.list,
  example: (size) => needlemanWunsch('AssemblyScript', sizes.at(size)),
  result: 'aligned',
  begin: (size) => {
    const { families, membersEach, length } = sizes.at(size);
    return { n: families * membersEach, length, scores: [] };
  },
  takeRows: (state, rows) => ({ ...state, scores: scoresOf(rows) }),
  takeAnswer: (state, scores) => ({ ...state, scores }),
  say: ({ n, scores }) =>
    scores.length === 0 ? '' : `${formatCount(scores.length)} of ${formatCount((n * (n - 1)) / 2)} pairs compared.`,
  Picture: Matrix,
});
