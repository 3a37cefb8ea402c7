/**
 * One record batch in the kernel's memory: its body is copied there as a whole, and each node's buffers are found in it. Checks what
 * columnViews checks; throws IpcError.
 */
import { type IpcBatch, IpcError } from '../../shared/arrow/ipc.ts';
import type { KernelMemory } from './kernel-memory.ts';
import { hasOffsets, type SplitNode } from './nodes.ts';

/**
 * A node of a piece; addresses in the kernel's memory. Thousands of them live until a task's last row came, so they are filled in
 * rather than made anew: `placeBatch` sets what the batch says, CellBooks.count the rest.
 */
export interface StagedNode {
  /** Rows of the node in the batch; then those that its parent needs. */
  rows: number;
  /** Cell of each row, u16. Columns share them. */
  cells: number;
  /** Valid rows; then with those that are NULL by a parent taken out. 0 where no row is NULL. */
  validity: number;
  readonly offsets: number;
  readonly data: number;
}

/** Copies the batch's body into the kernel's memory and finds the nodes in it. */
export function placeBatch(memory: KernelMemory, bytes: Uint8Array, batch: IpcBatch, nodes: readonly SplitNode[]): StagedNode[] {
  const reader = new PlacedBatch(memory, bytes, batch);
  const placed: StagedNode[] = [];
  for (const node of nodes) placed.push(reader.next(node, placed[node.parent], nodes[node.parent], batch.rows));
  reader.end();
  return placed;
}

class PlacedBatch {
  readonly #memory: KernelMemory;
  readonly #batch: IpcBatch;
  /** Added to an offset in the stream, it gives the address. */
  readonly #shift: number;
  #node = 0;
  #buffer = 0;

  constructor(memory: KernelMemory, bytes: Uint8Array, batch: IpcBatch) {
    let from = bytes.length;
    let to = 0;
    for (let i = 0; i < batch.buffers.length; i += 2) {
      const at = batch.buffers[i] ?? 0;
      const length = batch.buffers[i + 1] ?? 0;
      if (length === 0) continue;
      from = Math.min(from, at);
      to = Math.max(to, at + length);
    }
    this.#memory = memory;
    this.#batch = batch;
    const body = memory.take(Math.max(0, to - from));
    if (to > from) memory.bytes.set(bytes.subarray(from, to), body);
    this.#shift = body - from;
  }

  /** Address of the next buffer, which must have at least `atLeast` bytes. */
  #next(atLeast: number, what: string): number {
    const { buffers } = this.#batch;
    const offset = buffers[this.#buffer];
    const length = buffers[this.#buffer + 1];
    this.#buffer += 2;
    if (offset === undefined || length === undefined)
      throw new IpcError('a record batch has fewer buffers than its columns need');
    if (length < atLeast) throw new IpcError(`${what} of a column has ${length} bytes, ${atLeast} are needed`);
    return offset + this.#shift;
  }

  next(node: SplitNode, parent: StagedNode | undefined, parentNode: SplitNode | undefined, batchRows: number): StagedNode {
    const rows = this.#batch.nodes[this.#node];
    const nulls = this.#batch.nodes[this.#node + 1];
    this.#node += 2;
    if (rows === undefined || nulls === undefined) throw new IpcError('a record batch has fewer columns than expected');
    this.#checkRows(rows, parent, parentNode, batchRows);
    const bits = (rows + 7) >> 3;
    const validityAt = this.#next(nulls > 0 ? bits : 0, 'the validity buffer');
    const validity = nulls > 0 ? validityAt : 0;
    if (!hasOffsets(node)) {
      const bytes = node.kind === 'bool' ? bits : rows * node.width;
      const data = node.kind === 'bool' || node.kind === 'fixed' ? this.#next(bytes, 'the value buffer') : 0;
      return { rows, cells: 0, validity, offsets: 0, data };
    }
    const offsets = this.#next(rows === 0 ? 0 : 4 * (rows + 1), 'the offset buffer');
    const end = rows === 0 ? 0 : this.#wordAt(offsets + 4 * rows);
    const data = node.kind === 'bytes' ? this.#next(end, 'the text buffer') : 0;
    return { rows, cells: 0, validity, offsets, data };
  }

  #checkRows(rows: number, parent: StagedNode | undefined, node: SplitNode | undefined, batchRows: number): void {
    if (parent === undefined || node === undefined) {
      if (rows !== batchRows) throw new IpcError('a record batch has columns of different lengths');
    } else if (node.kind === 'list') {
      const end = parent.rows === 0 ? 0 : this.#wordAt(parent.offsets + 4 * parent.rows);
      if (rows < end) throw new IpcError('a list column has fewer elements than its offsets say');
    } else if (node.kind === 'array') {
      if (rows < parent.rows * node.width) throw new IpcError('an array column has fewer elements than its size says');
    } else if (rows < parent.rows) throw new IpcError('a struct column has a shorter field');
  }

  #wordAt(at: number): number {
    const { bytes } = this.#memory;
    return ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)) >>> 0;
  }

  /** Throws unless every node and buffer was read. */
  end(): void {
    if (this.#node !== this.#batch.nodes.length || this.#buffer !== this.#batch.buffers.length) {
      throw new IpcError('a record batch has more buffers than its columns need');
    }
  }
}
