import type { BatchParts } from '../../../shared/arrow/column-builder.ts';
import { aligned, batchMessageBytes, END_OF_STREAM, writeBatchMessage } from '../../../shared/arrow/ipc.ts';
import { schemaMessage, type WireColumn } from '../../../shared/arrow/schema.ts';
import type { ArrowNode } from './node.ts';

/** Columns as a complete Arrow IPC stream of one record batch, in canonical form: with one column, the bytes of a chunk. */
export class BatchStreamWriter {
  readonly #schema: Uint8Array;

  constructor(columns: readonly WireColumn[]) {
    this.#schema = schemaMessage(columns);
  }

  write(rows: number, { nodes, buffers: parts }: BatchParts): Uint8Array<ArrayBuffer> {
    const buffers: number[] = [];
    let bodyBytes = 0;
    for (const part of parts) {
      buffers.push(bodyBytes, part.length);
      bodyBytes += aligned(part.length);
    }
    const head = this.#schema.length;
    const metaBytes = batchMessageBytes(nodes.length / 2, buffers.length / 2);
    const bytes = new Uint8Array(head + metaBytes + bodyBytes + END_OF_STREAM.length);
    bytes.set(this.#schema);
    writeBatchMessage(new DataView(bytes.buffer), head, { rows, nodes, buffers, bodyBytes });
    parts.forEach((part, index) => {
      bytes.set(part, head + metaBytes + (buffers[2 * index] as number));
    });
    bytes.set(END_OF_STREAM, head + metaBytes + bodyBytes);
    return bytes;
  }
}

/** The columns' nodes and buffers in Arrow's order: depth first, each with its validity before its other buffers. */
export function batchParts(columns: readonly ArrowNode[]): BatchParts {
  const parts: BatchParts = { nodes: [], buffers: [] };
  const visit = (node: ArrowNode): void => {
    parts.nodes.push(node.length, node.nulls);
    parts.buffers.push(node.validity, ...node.buffers);
    for (const child of node.children) visit(child);
  };
  for (const column of columns) visit(column);
  return parts;
}
