/** PageRank: airports that overtake each other until their order stays. */
import { pageRank, type Ranking, SIZES } from '../../../examples/page-rank/job.ts';
import { plural } from '../../ui/format.ts';
import { lesson } from '../lesson.ts';
import { Bars } from '../pictures/bars.tsx';
import { Sizes } from './sizes.ts';

const sizes = new Sizes(
  ['a month of flights, 8 steps', { ...SIZES, until: '2001-02-01', iterations: 8 }],
  ['three months, 12 steps', { ...SIZES, until: '2001-04-01', iterations: 12 }],
  ['all three million flights, 16 steps', { ...SIZES, until: '2002-01-01', iterations: 16 }],
);

interface State {
  readonly ranking: Ranking;
  readonly steps: number;
}

export const pageRankLesson = lesson<State, Ranking>({
  id: 'page-rank',
  title: 'PageRank: which airport matters?',
  about: [
    'An airport matters if many flights from airports that matter lead there. That sounds like a circle, and so it is computed in circles.',
    'All airports begin with the same rank. In each step every one hands its rank on, along its flights; after a few steps the order stays.',
    'This is how the first search engine ranked web pages. The links are made from the flights once and stay in the tabs.',
  ],
  tries: [
    'Is the airport with the most flights also the first here? Ask it on the dashboard.',
    'Watch how long bars still change places: when would you stop?',
    'Close a tab between two steps. Its links are made again from the flights: that is lineage.',
  ],
  sizes: sizes.list,
  example: (size) => pageRank(sizes.at(size)),
  begin: () => ({ ranking: [], steps: 0 }),
  takeStep: ({ steps }, ranking) => ({ ranking: ranking as Ranking, steps: steps + 1 }),
  takeAnswer: ({ steps }, ranking) => ({ ranking, steps }),
  say: ({ ranking, steps }) => (steps === 0 ? '' : `${plural(ranking.length, 'airport')} after ${plural(steps, 'step')}.`),
  Picture: ({ state: { ranking } }) => (
    <Bars
      label="Airports with the highest ranks"
      amounts={ranking.map(([name, value]) => ({ name, value, words: `${(100 * value).toFixed(2)} %` }))}
    />
  ),
});
