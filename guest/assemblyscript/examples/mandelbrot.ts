/**
 * The Mandelbrot set with SIMD, two pixels at a time. Input: y INTEGER, lines of the picture. Parameters: width (even), height,
 * iterations. Output: y INTEGER, x INTEGER, n INTEGER, the iterations until the point escaped.
 */
import { BATCH, Batch, OPEN, Output } from '../index';

export { muster1_abi, muster1_alloc, muster1_free } from '../index';

let width: i32 = 0;
let height: i32 = 0;
let iterations: i32 = 0;

/** Iterations of two points with the same imaginary part. */
function escapeTimes(re: v128, im: v128): v128 {
  let x = f64x2.splat(0),
    y = f64x2.splat(0),
    n = i64x2.splat(0);
  const four = f64x2.splat(4),
    one = i64x2.splat(1);
  for (let i = 0; i < iterations; i++) {
    const xx = f64x2.mul(x, x),
      yy = f64x2.mul(y, y);
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
    height = <i32>rows.column('height').get<f64>(0);
    iterations = <i32>rows.column('iterations').get<f64>(0);
  }
  if (event != BATCH) return 0;
  const lines = rows.child(0);
  const out = new Output();
  const ys = out.add('y', 'i'),
    xs = out.add('x', 'i'),
    ns = out.add('n', 'i');
  for (let row = 0; row < lines.length; row++) {
    const y = lines.get<i32>(row);
    const im = f64x2.splat((2.5 * <f64>y) / <f64>height - 1.25);
    for (let x = 0; x < width; x += 2) {
      const at = f64x2.replace_lane(f64x2.splat(<f64>x), 1, <f64>(x + 1));
      const re = f64x2.sub(f64x2.div(f64x2.mul(at, f64x2.splat(3.5)), f64x2.splat(<f64>width)), f64x2.splat(2.5));
      const n = escapeTimes(re, im);
      ys.push(y);
      xs.push(x);
      ns.push(<i32>i64x2.extract_lane(n, 0));
      ys.push(y);
      xs.push(x + 1);
      ns.push(<i32>i64x2.extract_lane(n, 1));
    }
  }
  out.emit();
  return 0;
}
