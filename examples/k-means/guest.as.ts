/**
 * One step of k-means: each point goes to the nearest centroid, and what is needed for the new centroids is added up. Input: x DOUBLE, y
 * DOUBLE. Parameters: xs and ys, the centroids. State and output: cluster INTEGER, n BIGINT, x DOUBLE, y DOUBLE, the sums of the cluster's points.
 */
import { BATCH, Batch, END_FINAL, END_PARTIAL, MERGE, OPEN, Output } from 'muster';

export { muster1_abi, muster1_alloc, muster1_free } from 'muster';

let k: i32 = 0;
let xs = new StaticArray<f64>(0);
let ys = new StaticArray<f64>(0);
let ns = new StaticArray<i64>(0);
let sumX = new StaticArray<f64>(0);
let sumY = new StaticArray<f64>(0);

function open(parameters: Batch): void {
  const listX = parameters.column('xs');
  const listY = parameters.column('ys');
  k = listX.end(0) - listX.start(0);
  xs = new StaticArray<f64>(k);
  ys = new StaticArray<f64>(k);
  ns = new StaticArray<i64>(k);
  sumX = new StaticArray<f64>(k);
  sumY = new StaticArray<f64>(k);
  for (let c = 0; c < k; c++) {
    xs[c] = listX.child(0).get<f64>(listX.start(0) + c);
    ys[c] = listY.child(0).get<f64>(listY.start(0) + c);
  }
}

function addPoints(points: Batch): void {
  const px = points.child(0);
  const py = points.child(1);
  for (let row = 0; row < points.length; row++) {
    const x = px.get<f64>(row);
    const y = py.get<f64>(row);
    let nearest = 0;
    let least = f64.MAX_VALUE;
    for (let c = 0; c < k; c++) {
      const dx = x - unchecked(xs[c]);
      const dy = y - unchecked(ys[c]);
      const distance = dx * dx + dy * dy;
      // Of centroids that are equally near the first one.
      if (distance < least) {
        least = distance;
        nearest = c;
      }
    }
    ns[nearest]++;
    sumX[nearest] += x;
    sumY[nearest] += y;
  }
}

function addStates(states: Batch): void {
  for (let row = 0; row < states.length; row++) {
    const c = states.child(0).get<i32>(row);
    ns[c] += states.child(1).get<i64>(row);
    sumX[c] += states.child(2).get<f64>(row);
    sumY[c] += states.child(3).get<f64>(row);
  }
}

export function muster1_nearest(event: i32, schema: usize, array: usize): i32 {
  if (event == OPEN) open(new Batch(schema, array));
  else if (event == BATCH) addPoints(new Batch(schema, array));
  else if (event == MERGE) addStates(new Batch(schema, array));
  else if (event == END_PARTIAL || event == END_FINAL) {
    const out = new Output();
    const cluster = out.add('cluster', 'i');
    const n = out.add('n', 'l');
    const x = out.add('x', 'g');
    const y = out.add('y', 'g');
    for (let c = 0; c < k; c++) {
      cluster.push<i32>(c);
      n.push<i64>(ns[c]);
      x.push<f64>(sumX[c]);
      y.push<f64>(sumY[c]);
    }
    out.emit();
  }
  return 0;
}
