/** Amounts on a grid -> pixels. What has not come yet is left transparent. */
import { type Rgb, ramp } from '../colours.ts';

export interface Raster {
  readonly width: number;
  readonly height: number;
  /** RGBA, row after row. */
  readonly rgba: Uint8ClampedArray<ArrayBuffer>;
}

/** Not known yet. */
export const UNKNOWN = Number.NaN;

function paint(values: ArrayLike<number>, width: number, height: number, colourOf: (value: number) => Rgb): Raster {
  const rgba = new Uint8ClampedArray(4 * width * height);
  for (let i = 0; i < width * height; i++) {
    const value = values[i] ?? UNKNOWN;
    if (Number.isNaN(value)) continue;
    rgba.set(colourOf(value), 4 * i);
    rgba[4 * i + 3] = 255;
  }
  return { width, height, rgba };
}

/** Iterations until a point escaped; those that never did are black. Small counts are told apart better than large ones. */
export function escapeRaster(counts: ArrayLike<number>, width: number, height: number, iterations: number): Raster {
  return paint(counts, width, height, (n) => (n >= iterations ? [0, 0, 0] : ramp(Math.log1p(n) / Math.log1p(iterations))));
}

/** From `least` to `most` along the ramp. */
export function heatRaster(values: ArrayLike<number>, width: number, height: number, least: number, most: number): Raster {
  const span = most - least || 1;
  return paint(values, width, height, (value) => ramp((value - least) / span));
}

/** Scores of pairs -> a square of them, the same above and below the diagonal, which holds `self`; row after row. */
export function scoreMatrix(
  scores: readonly (readonly [a: number, b: number, score: number])[],
  n: number,
  self: number,
): Float64Array {
  const values = new Float64Array(n * n).fill(UNKNOWN);
  for (let i = 0; i < n; i++) values[i * n + i] = self;
  for (const [a, b, score] of scores) {
    values[a * n + b] = score;
    values[b * n + a] = score;
  }
  return values;
}
