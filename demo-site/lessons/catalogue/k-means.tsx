/** k-means over flights: centroids that move until they stay. */
import { type Centroid, kMeans, pointsSql, START } from '../../../examples/k-means/job.ts';
import { formatCount, plural } from '../../ui/format.ts';
import { lesson } from '../lesson.ts';
import { type Cell, Scatter } from '../pictures/scatter.tsx';
import { Sizes } from './sizes.ts';

interface State {
  readonly cells: readonly Cell[];
  /** The centroids before the first step and after each. */
  readonly steps: readonly (readonly Centroid[])[];
}

const sizes = new Sizes(
  ['24 days of flights, 8 steps', { until: '2001-01-25', iterations: 8 }],
  ['two months, 12 steps', { until: '2001-03-01', iterations: 12 }],
  ['all three million flights, 16 steps', { until: '2002-01-01', iterations: 16 }],
);

const CELL = { x: 0.5, y: 1 };
const DOMAIN = { x: [0, 28], y: [-4, 26] } as const;

export const kMeansLesson = lesson<State, readonly Centroid[]>({
  id: 'k-means',
  title: 'k-means: kinds of flights',
  about: [
    'Every flight is a point: how far it went, and how late it was. The numbered centres look for groups among them.',
    'In each step every tab gives each of its points to the nearest centre and adds them up; the sums travel, the points stay. Then each centre moves to the middle of its points.',
    'From the second step on no tab loads a flight again: that is what makes loops like this one fast.',
  ],
  tries: [
    'Guess before you press Run where the centres will end.',
    'Close a tab in the middle. Its points are computed again on the others, and the centres end in the same places.',
    'Watch the tasks below: how is the work split between a fast and a slow machine?',
  ],
  sizes: sizes.list,
  example: (size) => kMeans(sizes.at(size)),
  begin: () => ({ cells: [], steps: [START] }),
  backdrop: {
    sql: (size) =>
      `SELECT floor(x / ${CELL.x}) * ${CELL.x} AS cx, floor(y / ${CELL.y}) * ${CELL.y} AS cy, count(*) AS n
       FROM (${pointsSql(sizes.at(size))}) GROUP BY cx, cy`,
    take: (state, rows) => ({ ...state, cells: rows.map(([x, y, n]) => ({ x: Number(x), y: Number(y), n: Number(n) })) }),
  },
  takeStep: (state, step) => ({ ...state, steps: [...state.steps, step as readonly Centroid[]] }),
  takeAnswer: (state) => state,
  say: ({ steps }) => {
    const last = steps.at(-1) ?? [];
    const points = last.reduce((sum, { n }) => sum + n, 0);
    return steps.length < 2 ? '' : `After ${plural(steps.length - 1, 'step')} over ${formatCount(points)} flights.`;
  },
  Picture: ({ state: { cells, steps } }) => (
    <Scatter
      cells={cells}
      cell={CELL}
      paths={START.map((_, i) => steps.map((step) => step[i] ?? { x: 0, y: 0 }))}
      domain={DOMAIN}
      labels={{ x: 'hundreds of miles', y: 'late by tens of minutes' }}
    />
  ),
});
