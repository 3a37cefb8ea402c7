/** Airports on a map, joined by flights, in the colour of what they are connected with. */
import { TAB_COLOURS } from '../colours.ts';

const WIDTH = 640;
const HEIGHT = 400;

export interface Place {
  readonly longitude: number;
  readonly latitude: number;
}

export interface Link {
  readonly a: string;
  readonly b: string;
}

/** What is drawn apart, since it lies far away: from where, and to which corner of the map. */
interface Part {
  readonly west: number;
  readonly south: number;
  readonly east: number;
  readonly north: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly name?: string;
}

const MAINLAND: Part = { west: -125, south: 24.5, east: -66.5, north: 49.5, x: 8, y: 8, width: 624 };
const APART: readonly Part[] = [
  { west: -172, south: 52, east: -130, north: 71, x: 8, y: 268, width: 150, name: 'Alaska' },
  { west: -160.5, south: 18.5, east: -154.5, north: 22.5, x: 170, y: 330, width: 84, name: 'Hawaii' },
  { west: -68, south: 17, east: -64, north: 19, x: 556, y: 346, width: 60, name: 'Puerto Rico' },
];

function holds({ west, south, east, north }: Part, { longitude, latitude }: Place): boolean {
  return longitude >= west && longitude <= east && latitude >= south && latitude <= north;
}

/** A degree of longitude is as wide as one of latitude is high, at the middle of the part. */
function within(
  { west, north, south, east, x, y, width }: Part,
  { longitude, latitude }: Place,
): readonly [x: number, y: number] {
  const perDegree = width / (east - west);
  const high = perDegree / Math.cos((((north + south) / 2) * Math.PI) / 180);
  return [x + (longitude - west) * perDegree, y + (north - latitude) * high];
}

/** undefined: beyond the map. */
export function placed(place: Place): readonly [x: number, y: number] | undefined {
  const part = [...APART, MAINLAND].find((one) => holds(one, place));
  return part && within(part, place);
}

/** How many belong to each component, the largest first; equal ones by name. */
export function componentSizes(
  labels: readonly (readonly [node: string, component: string])[],
): readonly (readonly [string, number])[] {
  const sizes = new Map<string, number>();
  for (const [, component] of labels) sizes.set(component, (sizes.get(component) ?? 0) + 1);
  return [...sizes].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
}

export interface NetworkProps {
  readonly places: ReadonlyMap<string, Place>;
  readonly links: readonly Link[];
  readonly labels: readonly (readonly [node: string, component: string])[];
}

export function Network({ places, links, labels }: NetworkProps) {
  const component = new Map(labels);
  // Every colour stands for one of the largest; who is in a smaller one is grey.
  const colours = new Map(
    componentSizes(labels)
      .slice(0, TAB_COLOURS.length - 1)
      .map(([name], i) => [name, TAB_COLOURS[i + 1] ?? '']),
  );
  const colourOf = (node: string): string => colours.get(component.get(node) ?? '') ?? TAB_COLOURS[0];
  const at = new Map([...places].map(([name, place]) => [name, placed(place)] as const));
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} class="chart network" role="img" aria-label="Airports and the flights between them">
      {APART.map(({ name, x, y }) => (
        <text key={name} x={x} y={y - 4}>
          {name}
        </text>
      ))}
      {links.map(({ a, b }) => {
        const [from, to] = [at.get(a), at.get(b)];
        if (from === undefined || to === undefined) return null;
        return <line key={`${a} ${b}`} x1={from[0]} y1={from[1]} x2={to[0]} y2={to[1]} stroke={colourOf(a)} />;
      })}
      {[...at].map(([name, spot]) =>
        spot === undefined ? null : (
          <circle
            key={name}
            cx={spot[0]}
            cy={spot[1]}
            r="4"
            fill={colourOf(name)}
            data-test="node"
            data-name={name}
            data-value={component.get(name)}
          >
            <title>{name}</title>
          </circle>
        ),
      )}
    </svg>
  );
}
