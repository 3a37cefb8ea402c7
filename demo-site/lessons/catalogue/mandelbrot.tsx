/** The Mandelbrot set: lines appear as they are drawn. */
import { type Drawn, mandelbrot, type PictureLine, SIZES } from '../../../examples/mandelbrot/job.ts';
import { formatCount } from '../../ui/format.ts';
import { lesson } from '../lesson.ts';
import { Pixels } from '../pictures/pixels.tsx';
import { escapeRaster, UNKNOWN } from '../pictures/raster.ts';
import { Sizes } from './sizes.ts';

const sizes = new Sizes(
  ['320 × 200 points, up to 500 steps each', { ...SIZES, width: 320, height: 200, iterations: 500, bands: 16 }],
  ['640 × 400 points, up to 5,000 steps each', { ...SIZES, width: 640, height: 400, iterations: 5_000, bands: 40 }],
  ['960 × 600 points, up to 20,000 steps each', { ...SIZES, width: 960, height: 600, iterations: 20_000, bands: 60 }],
);

interface State {
  readonly width: number;
  readonly height: number;
  readonly iterations: number;
  readonly counts: Float64Array;
  readonly lines: number;
}

function withLine(state: State, { y, counts }: Drawn): State {
  const next = state.counts.slice();
  next.set(counts, y * state.width);
  return { ...state, counts: next, lines: state.lines + 1 };
}

export const mandelbrotLesson = lesson<State, readonly PictureLine[]>({
  id: 'mandelbrot',
  title: 'Mandelbrot: a picture in bands',
  about: [
    'For each point one asks: how many steps until it runs away? The black ones never do. A few lines of arithmetic make the whole picture.',
    'No point needs to know of another one. So the picture is cut into bands, each is a task, and any tab can take the next one.',
    'Bands in the middle have more black, and so more work: a tab that has an easy band simply takes more of them.',
  ],
  tries: [
    'Run it with one tab, then with two, then with four: how much faster does it get? When does it stop?',
    'Close a tab in the middle: its bands are drawn by the others, and no line is missing.',
    'Take the size Large, and look at who had how many tasks in the end.',
  ],
  sizes: sizes.list,
  example: (size) => mandelbrot(sizes.at(size)),
  begin: (size) => {
    const { width, height, iterations } = sizes.at(size);
    return { width, height, iterations, counts: new Float64Array(width * height).fill(UNKNOWN), lines: 0 };
  },
  takeStep: (state, step) => withLine(state, step as Drawn),
  takeAnswer: (state) => state,
  say: ({ lines, height, width }) =>
    lines === 0 ? '' : `${formatCount(lines * width)} of ${formatCount(height * width)} points.`,
  Picture: ({ state: { counts, width, height, iterations } }) => (
    <Pixels raster={escapeRaster(counts, width, height, iterations)} label="The Mandelbrot set, as far as it is drawn" />
  ),
});
