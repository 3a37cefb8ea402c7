/** The Mandelbrot set, pixel by pixel. */
import type { PictureLine, SIZES } from './job.ts';

export function mandelbrotOracle({ width, height, iterations, left, top, size }: typeof SIZES): readonly PictureLine[] {
  const step = size / width;
  return Array.from({ length: height }, (_, py) =>
    Uint16Array.from({ length: width }, (_, px) => escapeTime(left + px * step, top + py * step, iterations)),
  );
}

function escapeTime(re: number, im: number, iterations: number): number {
  let [x, y] = [0, 0];
  for (let n = 0; n < iterations; n++) {
    const [xx, yy] = [x * x, y * y];
    if (xx + yy > 4) return n;
    y = (x + x) * y + im;
    x = xx - yy + re;
  }
  return iterations;
}
