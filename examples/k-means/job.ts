/**
 * k-means: kinds of flights by distance and delay. A loop of jobs: the centroids travel as parameters, the points stay where they are;
 * from the second step on nothing is read from the source.
 */
import { columns, type Example, planOf, rowsOf, sql } from '../example.ts';

export interface Centroid {
  readonly x: number;
  readonly y: number;
  /** Points of its cluster. */
  readonly n: number;
}

/** `until`: flights before this day of 2001; the data ends with June. */
export const SIZES = { until: '2001-01-15', iterations: 4 };

/** In hundreds of miles, and in tens of minutes. */
export const pointsSql = ({ until } = SIZES): string =>
  `SELECT distance / 100 AS x, delay / 10 AS y FROM flights WHERE date < TIMESTAMP '${until}'`;

/** Fixed, so that every run takes the same way. */
export const START: readonly Centroid[] = [
  { x: 2, y: 0, n: 0 },
  { x: 5, y: 1, n: 0 },
  { x: 10, y: 0, n: 0 },
  { x: 20, y: 1, n: 0 },
  { x: 8, y: 6, n: 0 },
  { x: 8, y: 20, n: 0 },
];

export function kMeans(sizes = SIZES): Example<readonly Centroid[]> {
  return {
    name: 'k-means',
    title: 'Kinds of flights, by distance and delay',
    inputs: { flights: 'flights' },
    guests: { nearest: { language: 'AssemblyScript', kind: 'batch', source: 'examples/k-means/guest.as.ts' } },
    async run(context) {
      let centroids = START;
      for (let i = 0; i < sizes.iterations; i++) {
        const params = { xs: centroids.map(({ x }) => x), ys: centroids.map(({ y }) => y) };
        const schema = columns('cluster INTEGER', 'n BIGINT', 'x DOUBLE', 'y DOUBLE');
        const sums = await rowsOf(
          planOf(
            {
              points: sql(pointsSql(sizes)),
              sums: {
                kind: 'aggregate',
                input: 'points',
                keys: [],
                code: { kind: 'batch', module: context.code('nearest'), function: 'nearest', params },
                state: schema,
                schema,
              },
            },
            ['points'],
          ),
          context,
        );
        centroids = moved(
          centroids,
          sums.map((row) => row.map(Number)),
        );
        context.onStep?.(centroids);
      }
      return centroids;
    },
  };
}

/** To the middle of its points; a centroid without any stays where it is. */
export function moved(centroids: readonly Centroid[], sums: readonly (readonly number[])[]): readonly Centroid[] {
  return centroids.map((before, c) => {
    const [, n = 0, x = 0, y = 0] = sums.find(([cluster]) => cluster === c) ?? [];
    return n === 0 ? { ...before, n } : { x: x / n, y: y / n, n };
  });
}
