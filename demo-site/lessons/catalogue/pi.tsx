/** Pi from darts: four times as many in each step, and half the error. */
import type { Example } from '../../../examples/example.ts';
import { monteCarloPi, SIZES } from '../../../examples/monte-carlo-pi/job.ts';
import { formatCount } from '../../ui/format.ts';
import { TAB_COLOURS } from '../colours.ts';
import { lesson } from '../lesson.ts';
import { Convergence, type Estimate, rightDigits } from '../pictures/convergence.tsx';
import { darts } from '../pictures/darts.ts';
import { Sizes } from './sizes.ts';

const FIRST_DARTS = 40;
const sizes = new Sizes(
  ['7 steps, to 4 million darts', 7],
  ['9 steps, to 63 million darts', 9],
  ['10 steps, to a quarter of a billion darts', 10],
);

interface State {
  readonly steps: readonly Estimate[];
}

function moreAndMore(steps: number): Example<readonly Estimate[]> {
  const one = monteCarloPi();
  return {
    ...one,
    async run(context) {
      const found: Estimate[] = [];
      for (let step = 0; step < steps; step++) {
        const now = { ...SIZES, darts: FIRST_DARTS * 4 ** step };
        const { pi } = await monteCarloPi(now).run(context);
        found.push({ samples: now.seeds * now.darts, value: pi });
        context.onStep?.([...found]);
      }
      return found;
    },
  };
}

const SHOWN = darts(0, 900);

function Board() {
  return (
    <svg
      viewBox="0 0 100 100"
      class="dartboard"
      role="img"
      aria-label="The first 900 darts in a square with a quarter of a circle"
    >
      <rect width="100" height="100" class="board-back" />
      <path d="M0 0 A100 100 0 0 1 100 100 L0 100 Z" class="board-circle" />
      {SHOWN.map(({ x, y, inside }, i) => (
        <circle key={i} cx={100 * x} cy={100 - 100 * y} r="0.8" fill={TAB_COLOURS[inside ? 1 : 2]} />
      ))}
    </svg>
  );
}

function Digits({ value }: { value: number }) {
  const text = value.toFixed(7);
  const right = rightDigits(value, Math.PI, 7);
  return (
    <p class="digits" data-test="digits" data-value={value}>
      π ≈ <b>{right}</b>
      <span class="muted">{text.slice(right.length)}</span>
    </p>
  );
}

export const piLesson = lesson<State, readonly Estimate[]>({
  id: 'pi',
  title: 'Pi from darts',
  about: [
    'Throw darts at a square without aiming. The part of them that hits the quarter circle is a quarter of pi: so counting gives pi.',
    'The tabs throw 24 series of darts, each with random numbers of its own. Nobody has to wait for anybody: such work is called embarrassingly parallel.',
    'Each step throws four times as many darts as the one before. Watch how the error shrinks: by half, not by four.',
  ],
  tries: [
    'How many darts would one more right digit need? And ten more?',
    'Close a tab: the same darts are thrown again elsewhere, from the same random numbers, and pi is the same to the last digit.',
    'Why does everybody in the class get the same estimate?',
  ],
  sizes: sizes.list,
  example: (size) => moreAndMore(sizes.at(size)),
  begin: () => ({ steps: [] }),
  takeStep: (_, steps) => ({ steps: steps as readonly Estimate[] }),
  takeAnswer: (_, steps) => ({ steps }),
  say: ({ steps }) => {
    const last = steps.at(-1);
    if (last === undefined) return '';
    return `${formatCount(last.samples)} darts, off by ${Math.abs(last.value - Math.PI).toExponential(1)}.`;
  },
  Picture: ({ state: { steps } }) => {
    const last = steps.at(-1);
    return (
      <div class="pi-picture">
        <Board />
        <div>
          {last !== undefined && <Digits value={last.value} />}
          {steps.length > 0 && <Convergence points={steps} truth={Math.PI} label="Estimates of pi with more and more darts" />}
        </div>
      </div>
    );
  },
});
