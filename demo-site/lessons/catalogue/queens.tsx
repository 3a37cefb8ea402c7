/** N-Queens: a larger board in each step, and how its ways explode. */
import type { Example } from '../../../examples/example.ts';
import { nQueens, SIZES } from '../../../examples/n-queens/job.ts';
import { formatCount } from '../../ui/format.ts';
import { lesson } from '../lesson.ts';
import { Board } from '../pictures/queens.tsx';
import { Sizes } from './sizes.ts';

const FIRST = 4;
const sizes = new Sizes(['boards up to 11 × 11', 11], ['boards up to 13 × 13', 13], ['boards up to 15 × 15', 15]);

interface Counted {
  readonly n: number;
  readonly ways: number;
}

function upTo(largest: number): Example<readonly Counted[]> {
  return {
    ...nQueens(),
    title: 'In how many ways queens can stand on a board',
    async run(context) {
      const found: Counted[] = [];
      for (let n = FIRST; n <= largest; n++) {
        found.push({ n, ways: await nQueens('AssemblyScript', { ...SIZES, n }).run(context) });
        context.onStep?.([...found]);
      }
      return found;
    },
  };
}

/** On a scale where each step is ten times the last. */
function Ways({ counted }: { counted: readonly Counted[] }) {
  const most = Math.log10(Math.max(10, ...counted.map(({ ways }) => ways)));
  return (
    <ol class="ways" data-test="ways">
      {counted.map(({ n, ways }) => (
        <li key={n} data-name={n} data-value={ways}>
          <span>
            {n} × {n}
          </span>
          <span class="bar-track">
            <span class="bar-part" style={{ width: `${(100 * Math.log10(Math.max(1, ways))) / most}%` }} />
          </span>
          <b>{formatCount(ways)}</b>
        </li>
      ))}
    </ol>
  );
}

export const queensLesson = lesson<readonly Counted[], readonly Counted[]>({
  id: 'n-queens',
  title: 'N-Queens: counting boards',
  about: [
    'In how many ways can queens stand on a board so that none attacks another one? There is no formula; one has to try.',
    'The search is a tree. It is cut where the first two queens stand: each start is a task that a tab searches to its end.',
    'The bars grow evenly, but each step of a bar’s length is ten times as many ways: this is what exponential growth means.',
  ],
  tries: [
    'Guess the number for the next board before it comes.',
    'How long would 20 × 20 take with the tabs of the class? (There are 39,029,188,884 ways.)',
    'Close a tab while the largest board is searched: its starts are searched again, and the count is the same.',
  ],
  sizes: sizes.list,
  example: (size) => upTo(sizes.at(size)),
  begin: () => [],
  takeStep: (_, counted) => counted as readonly Counted[],
  takeAnswer: (_, counted) => counted,
  say: (counted) => {
    const last = counted.at(-1);
    return last === undefined ? '' : `${last.n} queens can stand in ${formatCount(last.ways)} ways.`;
  },
  Picture: ({ state }) => (
    <div class="queens-picture">
      <Board n={state.at(-1)?.n ?? FIRST} />
      <Ways counted={state} />
    </div>
  ),
});
