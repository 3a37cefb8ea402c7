/**
 * Several one-column streams as one stream with all their columns, written straight into memory the caller has (the engine's
 * heap): metadata is written anew, bodies are copied once.
 */
import {
  aligned,
  type BatchLayout,
  batchMessageBytes,
  END_OF_STREAM,
  IpcError,
  type IpcStream,
  writeBatchMessage,
} from './ipc.ts';
import { schemaMessage, type WireColumn } from './schema.ts';

interface Copy {
  readonly from: Uint8Array;
  readonly at: number;
  readonly bytes: number;
  readonly to: number;
}

interface MergedBatch {
  readonly layout: BatchLayout;
  readonly copies: readonly Copy[];
}

export interface MergePlan {
  readonly rows: number;
  /** Bytes that `write` fills. */
  readonly bytes: number;
  /** Writes the whole stream at `at`; returns `bytes`. */
  write(target: Uint8Array, at: number): number;
}

function mergeBatch(streams: readonly IpcStream[], index: number): MergedBatch {
  const nodes: number[] = [];
  const buffers: number[] = [];
  const copies: Copy[] = [];
  let bodyBytes = 0;
  const rows = streams[0]?.batches[index]?.rows ?? 0;
  for (const stream of streams) {
    const batch = stream.batches[index];
    if (batch === undefined || batch.rows !== rows) throw new IpcError('columns of one chunk have different rows');
    nodes.push(...batch.nodes);
    for (let i = 0; i < batch.buffers.length; i += 2) {
      const at = batch.buffers[i] ?? 0;
      const bytes = batch.buffers[i + 1] ?? 0;
      buffers.push(bodyBytes, bytes);
      copies.push({ from: stream.bytes, at, bytes, to: bodyBytes });
      bodyBytes += aligned(bytes);
    }
  }
  return { layout: { rows, nodes, buffers, bodyBytes }, copies };
}

/**
 * Plans the merge. `chunks[i]` holds the i-th chunk's streams, one a column in the order of `columns` (or a single stream that has
 * them all); chunks are appended in order. Throws IpcError when columns of a chunk are cut differently.
 */
export function planMerge(columns: readonly WireColumn[], chunks: readonly (readonly IpcStream[])[]): MergePlan {
  const schema = schemaMessage(columns);
  const merged: MergedBatch[] = [];
  let bytes = schema.length + END_OF_STREAM.length;
  let rows = 0;
  for (const streams of chunks) {
    const batches = streams[0]?.batches.length ?? 0;
    if (streams.some((s) => s.batches.length !== batches)) throw new IpcError('columns of one chunk have different batches');
    for (let i = 0; i < batches; i++) {
      const batch = mergeBatch(streams, i);
      merged.push(batch);
      rows += batch.layout.rows;
      bytes += batchMessageBytes(batch.layout.nodes.length / 2, batch.layout.buffers.length / 2) + batch.layout.bodyBytes;
    }
  }
  return { rows, bytes, write: (target, at) => writeMerged(target, at, schema, merged) };
}

function writeMerged(target: Uint8Array, start: number, schema: Uint8Array, merged: readonly MergedBatch[]): number {
  const view = new DataView(target.buffer, target.byteOffset, target.byteLength);
  target.set(schema, start);
  let at = start + schema.length;
  for (const { layout, copies } of merged) {
    at += writeBatchMessage(view, at, layout);
    for (const copy of copies) {
      if (copy.bytes > 0) target.set(copy.from.subarray(copy.at, copy.at + copy.bytes), at + copy.to);
      target.fill(0, at + copy.to + copy.bytes, at + copy.to + aligned(copy.bytes));
    }
    at += layout.bodyBytes;
  }
  target.set(END_OF_STREAM, at);
  return at + END_OF_STREAM.length - start;
}
