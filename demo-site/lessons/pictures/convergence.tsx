/** An estimate that comes nearer to the truth as more is known. */
import { formatCount } from '../../ui/format.ts';
import { TAB_COLOURS } from '../colours.ts';
import { scale, ticks } from './scale.ts';

const WIDTH = 360;
const HEIGHT = 220;
const MARGIN = { left: 48, right: 8, top: 10, bottom: 30 };

export interface Estimate {
  /** How much it rests on. */
  readonly samples: number;
  readonly value: number;
}

/** Digits that are right already, point included: 3.1418 of 3.14159… gives `3.141`. */
export function rightDigits(value: number, truth: number, most = 12): string {
  const [a, b] = [value.toFixed(most), truth.toFixed(most)];
  let same = 0;
  while (same < a.length && a[same] === b[same]) same++;
  return a.slice(0, same);
}

/** The axis of samples is logarithmic. */
export function Convergence({ points, truth, label }: { points: readonly Estimate[]; truth: number; label: string }) {
  const most = points.at(-1)?.samples ?? 1;
  const least = points[0]?.samples ?? 1;
  const off = Math.max(...points.map(({ value }) => Math.abs(value - truth)), truth / 1e6) * 1.15;
  const log = scale([Math.log(least), Math.log(most)], [MARGIN.left + 12, WIDTH - MARGIN.right - 12]);
  const x = (samples: number): number => log(Math.log(samples));
  const y = scale([truth - off, truth + off], [HEIGHT - MARGIN.bottom, MARGIN.top]);
  const digits = Math.max(2, Math.ceil(-Math.log10(off)) + 1);
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} class="chart" role="img" aria-label={label}>
      <g class="axes">
        {ticks(y.domain, 6).map((at) => (
          <g key={at}>
            <line x1={MARGIN.left} x2={WIDTH - MARGIN.right} y1={y(at)} y2={y(at)} />
            <text x={MARGIN.left - 7} y={y(at) + 4} text-anchor="end">
              {at.toFixed(digits)}
            </text>
          </g>
        ))}
        <text x={WIDTH - MARGIN.right} y={HEIGHT - 8} text-anchor="end" class="axis-name">
          {formatCount(least)} to {formatCount(most)} darts
        </text>
      </g>
      <line class="truth" x1={MARGIN.left} x2={WIDTH - MARGIN.right} y1={y(truth)} y2={y(truth)} />
      <polyline class="path" stroke={TAB_COLOURS[1]} points={points.map((p) => `${x(p.samples)},${y(p.value)}`).join(' ')} />
      {points.map((p) => (
        <circle key={p.samples} cx={x(p.samples)} cy={y(p.value)} r="3" fill={TAB_COLOURS[1]} />
      ))}
    </svg>
  );
}
