/**
 * The Mandelbrot set with SIMD, two pixels at a time. Input: y INTEGER, lines of the picture. Parameters: width (even), height,
 * iterations, left, top, size (of the picture's width, in the plane). Output: y INTEGER, counts BLOB: per pixel the iterations until the
 * point escaped, as two bytes, little endian.
 */
import { BATCH, Batch, OPEN, Output } from 'muster';

export { muster1_abi, muster1_alloc, muster1_free } from 'muster';

let width: i32 = 0;
let iterations: i32 = 0;
let left: f64 = 0;
let top: f64 = 0;
let step: f64 = 0;

/** Iterations of two points with the same imaginary part. */
function escapeTimes(re: v128, im: v128): v128 {
  let x = f64x2.splat(0);
  let y = f64x2.splat(0);
  let n = i64x2.splat(0);
  const four = f64x2.splat(4);
  const one = i64x2.splat(1);
  for (let i = 0; i < iterations; i++) {
    const xx = f64x2.mul(x, x);
    const yy = f64x2.mul(y, y);
    const inside = f64x2.le(f64x2.add(xx, yy), four);
    if (!v128.any_true(inside)) break;
    n = i64x2.add(n, v128.and(inside, one));
    y = f64x2.add(f64x2.mul(f64x2.add(x, x), y), im);
    x = f64x2.add(f64x2.sub(xx, yy), re);
  }
  return n;
}

export function muster1_mandelbrot(event: i32, schema: usize, array: usize): i32 {
  const rows = new Batch(schema, array);
  if (event == OPEN) {
    width = <i32>rows.column('width').get<f64>(0);
    iterations = <i32>rows.column('iterations').get<f64>(0);
    left = rows.column('left').get<f64>(0);
    top = rows.column('top').get<f64>(0);
    step = rows.column('size').get<f64>(0) / <f64>width;
  }
  if (event != BATCH) return 0;
  const lines = rows.child(0);
  const out = new Output();
  const ys = out.add('y', 'i');
  const counts = out.add('counts', 'z');
  const pixels = new StaticArray<u16>(width);
  for (let row = 0; row < lines.length; row++) {
    const y = lines.get<i32>(row);
    const im = f64x2.splat(top + <f64>y * step);
    for (let x = 0; x < width; x += 2) {
      const at = f64x2.replace_lane(f64x2.splat(<f64>x), 1, <f64>(x + 1));
      const n = escapeTimes(f64x2.add(f64x2.splat(left), f64x2.mul(at, f64x2.splat(step))), im);
      pixels[x] = <u16>i64x2.extract_lane(n, 0);
      pixels[x + 1] = <u16>i64x2.extract_lane(n, 1);
    }
    ys.push<i32>(y);
    counts.pushBytes(changetype<usize>(pixels), width * 2);
  }
  out.emit();
  return 0;
}
