/** Amounts on a grid -> pixels. What has not come yet is left transparent. */
import { type Rgb, ramp } from '../colours.ts';
import type { Raster } from './pixels.tsx';

/** Not known yet. */
export const UNKNOWN = -1;

function paint(values: ArrayLike<number>, width: number, height: number, colourOf: (value: number) => Rgb): Raster {
  const rgba = new Uint8ClampedArray(4 * width * height);
  for (let i = 0; i < width * height; i++) {
    const value = values[i] ?? UNKNOWN;
    if (value === UNKNOWN) continue;
    rgba.set(colourOf(value), 4 * i);
    rgba[4 * i + 3] = 255;
  }
  return { width, height, rgba };
}

/** Iterations until a point escaped; those that never did are black. The eye sees steps of roots better than steps of counts. */
export function escapeRaster(counts: ArrayLike<number>, width: number, height: number, iterations: number): Raster {
  return paint(counts, width, height, (n) => (n >= iterations ? [0, 0, 0] : ramp(Math.sqrt(n / iterations))));
}

/** From `least` to `most` along the ramp. */
export function heatRaster(values: ArrayLike<number>, width: number, height: number, least: number, most: number): Raster {
  const span = most - least || 1;
  return paint(values, width, height, (value) => ramp((value - least) / span));
}
