/** k-means in one loop over all points. */
import { type Centroid, moved } from './job.ts';

export interface Points {
  readonly xs: ArrayLike<number>;
  readonly ys: ArrayLike<number>;
}

/** For each cluster: its number, its points and the sums of these. */
function step({ xs, ys }: Points, centroids: readonly Centroid[]): number[][] {
  const sums = centroids.map((_, c) => [c, 0, 0, 0] as [number, number, number, number]);
  for (let i = 0; i < xs.length; i++) {
    const x = xs[i] as number;
    const y = ys[i] as number;
    let nearest = 0;
    let least = Number.POSITIVE_INFINITY;
    for (let c = 0; c < centroids.length; c++) {
      const at = centroids[c] as Centroid;
      const [dx, dy] = [x - at.x, y - at.y];
      const distance = dx * dx + dy * dy;
      if (distance < least) {
        least = distance;
        nearest = c;
      }
    }
    const sum = sums[nearest] as [number, number, number, number];
    sum[1]++;
    sum[2] += x;
    sum[3] += y;
  }
  return sums;
}

export function kMeansOracle(points: Points, start: readonly Centroid[], iterations: number): readonly Centroid[] {
  let centroids = start;
  for (let i = 0; i < iterations; i++) centroids = moved(centroids, step(points, centroids));
  return centroids;
}
