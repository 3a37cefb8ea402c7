/** Centres that move over a cloud of points: the path of each, and where its points are. */
import { css, ramp, TAB_COLOURS } from '../colours.ts';
import { scale, ticks } from './scale.ts';

const WIDTH = 640;
const HEIGHT = 400;
const MARGIN = { left: 46, right: 14, top: 26, bottom: 42 };

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** So many points lie in this cell. */
export interface Cell extends Point {
  readonly n: number;
}

export interface ScatterProps {
  readonly cells: readonly Cell[];
  /** A cell's size, in the units of x and y. */
  readonly cell: Point;
  /** For each centre where it was after each step. */
  readonly paths: readonly (readonly Point[])[];
  readonly domain: { readonly x: readonly [number, number]; readonly y: readonly [number, number] };
  readonly labels: { readonly x: string; readonly y: string };
}

export function Scatter({ cells, cell, paths, domain, labels }: ScatterProps) {
  const x = scale(domain.x, [MARGIN.left, WIDTH - MARGIN.right]);
  const y = scale(domain.y, [HEIGHT - MARGIN.bottom, MARGIN.top]);
  const inside = ({ x: cx, y: cy }: Point): boolean =>
    cx >= domain.x[0] && cx < domain.x[1] && cy >= domain.y[0] && cy < domain.y[1];
  const most = Math.log1p(Math.max(1, ...cells.map(({ n }) => n)));
  const [wide, high] = [Math.abs(x(cell.x) - x(0)) + 0.5, Math.abs(y(cell.y) - y(0)) + 0.5];
  return (
    <svg
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      class="chart"
      role="img"
      aria-label={`${labels.y} over ${labels.x}, with moving centres`}
    >
      {cells.filter(inside).map(({ x: cx, y: cy, n }) => (
        <rect
          key={`${cx} ${cy}`}
          x={x(cx)}
          y={y(cy) - high}
          width={wide}
          height={high}
          fill={css(ramp(1 - Math.log1p(n) / most))}
          opacity="0.55"
        />
      ))}
      <Axes x={x} y={y} labels={labels} />
      {paths.map((path, i) => {
        const last = path.at(-1);
        if (last === undefined) return null;
        const colour = TAB_COLOURS[(i + 1) % TAB_COLOURS.length] ?? '';
        return (
          <g key={i}>
            <polyline class="path" points={path.map((p) => `${x(p.x)},${y(p.y)}`).join(' ')} stroke={colour} />
            {path.slice(0, -1).map((p, step) => (
              <circle key={step} cx={x(p.x)} cy={y(p.y)} r="2.5" fill={colour} />
            ))}
            <g
              class="centre"
              style={{ transform: `translate(${x(last.x)}px, ${y(last.y)}px)` }}
              data-test="centre"
              data-x={last.x}
              data-y={last.y}
            >
              <circle r="10" fill={colour} class="ring" />
              <text y="4.5" text-anchor="middle">
                {i + 1}
              </text>
            </g>
          </g>
        );
      })}
    </svg>
  );
}

function Axes({ x, y, labels }: { x: ReturnType<typeof scale>; y: ReturnType<typeof scale>; labels: ScatterProps['labels'] }) {
  return (
    <g class="axes">
      {ticks(x.domain, 8).map((at) => (
        <text key={at} x={x(at)} y={HEIGHT - MARGIN.bottom + 17} text-anchor="middle">
          {at}
        </text>
      ))}
      {ticks(y.domain, 6).map((at) => (
        <g key={at}>
          <line x1={MARGIN.left} x2={WIDTH - MARGIN.right} y1={y(at)} y2={y(at)} />
          <text x={MARGIN.left - 7} y={y(at) + 4} text-anchor="end">
            {at}
          </text>
        </g>
      ))}
      <text x={WIDTH - MARGIN.right} y={HEIGHT - 6} text-anchor="end" class="axis-name">
        {labels.x}
      </text>
      <text x={MARGIN.left - 30} y={MARGIN.top - 12} class="axis-name">
        {labels.y}
      </text>
    </g>
  );
}
