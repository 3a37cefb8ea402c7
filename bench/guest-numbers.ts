/** Doubles for the guest bench: plain, as one stream of 64 Ki-row batches, and as many small streams. */
import { Canonicaliser } from '../shared/arrow/canonical.ts';
import { columnViews } from '../shared/arrow/column-view.ts';
import { parseStream } from '../shared/arrow/ipc.ts';
import { layoutOf } from '../shared/arrow/layout.ts';
import { BATCH_ROWS } from '../shared/guest/abi.ts';

export interface Numbers {
  readonly values: Float64Array;
  readonly sumOfSquares: number;
  readonly stream: Uint8Array;
  /** The same rows, one stream a batch. */
  readonly pieces: readonly Uint8Array[];
  /** The first value of a stream whose first column is DOUBLE. */
  firstValueOf(stream: Uint8Array | undefined): number;
}

const COLUMNS = [{ name: 'x', wire: 'DOUBLE' }];

function streamOf(values: Float64Array): Uint8Array {
  const canonical = new Canonicaliser(COLUMNS, BATCH_ROWS);
  const data = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  canonical.addColumns([{ rows: values.length, validity: null, offsets: null, data, children: [] }], values.length);
  return canonical.finish().bytes;
}

export function doubles(rows: number): Numbers {
  const values = Float64Array.from({ length: rows }, (_, i) => (i % 1000) * 0.5);
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < rows; at += BATCH_ROWS) pieces.push(streamOf(values.subarray(at, at + BATCH_ROWS)));
  return {
    values,
    sumOfSquares: values.reduce((sum, value) => sum + value * value, 0),
    stream: streamOf(values),
    pieces,
    firstValueOf(stream) {
      const parsed = parseStream(stream ?? new Uint8Array());
      const [batch] = parsed.batches;
      const [view] = batch === undefined ? [] : columnViews(parsed.bytes, batch, [layoutOf('DOUBLE'), layoutOf('BIGINT')]);
      const data = view?.data ?? new Uint8Array(8);
      return new DataView(data.buffer, data.byteOffset).getFloat64(0, true);
    },
  };
}
