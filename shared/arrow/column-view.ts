/** A column of a record batch, in place: the buffers by their meaning, children included. */
import { type IpcBatch, IpcError } from './ipc.ts';
import type { Layout } from './layout.ts';

export interface ColumnView {
  readonly rows: number;
  /** One bit a row, least significant first, 1 is valid; null when no row is null. */
  readonly validity: Uint8Array | null;
  /** int32, rows + 1 of them; for utf8, binary and list. */
  readonly offsets: Int32Array | null;
  /** Bits of a bool, bytes of a fixed, utf8 or binary column. */
  readonly data: Uint8Array | null;
  readonly children: readonly ColumnView[];
}

const bitBytes = (rows: number): number => (rows + 7) >> 3;

class BatchReader {
  readonly #bytes: Uint8Array;
  readonly #batch: IpcBatch;
  #node = 0;
  #buffer = 0;

  constructor(bytes: Uint8Array, batch: IpcBatch) {
    this.#bytes = bytes;
    this.#batch = batch;
  }

  /** The next buffer, which must have at least `atLeast` bytes. */
  #next(atLeast: number, what: string): Uint8Array {
    const offset = this.#batch.buffers[this.#buffer];
    const length = this.#batch.buffers[this.#buffer + 1];
    this.#buffer += 2;
    if (offset === undefined || length === undefined)
      throw new IpcError('a record batch has fewer buffers than its columns need');
    if (length < atLeast) throw new IpcError(`${what} of a column has ${length} bytes, ${atLeast} are needed`);
    return this.#bytes.subarray(offset, offset + length);
  }

  #offsets(rows: number): Int32Array {
    const bytes = this.#next(rows === 0 ? 0 : 4 * (rows + 1), 'the offset buffer');
    if (bytes.length < 4) return new Int32Array(1);
    // An Int32Array can only begin at a multiple of four. No slice(): that of Node's Buffer copies nothing.
    const placed = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
    return new Int32Array(placed.buffer, placed.byteOffset, rows + 1);
  }

  column(layout: Layout): ColumnView {
    const rows = this.#batch.nodes[this.#node];
    const nulls = this.#batch.nodes[this.#node + 1];
    this.#node += 2;
    if (rows === undefined || nulls === undefined) throw new IpcError('a record batch has fewer columns than expected');
    const bits = this.#next(nulls > 0 ? bitBytes(rows) : 0, 'the validity buffer');
    const validity = nulls > 0 ? bits : null;
    switch (layout.kind) {
      case 'bool':
        return { rows, validity, offsets: null, data: this.#next(bitBytes(rows), 'the value buffer'), children: [] };
      case 'fixed':
        return { rows, validity, offsets: null, data: this.#next(rows * layout.width, 'the value buffer'), children: [] };
      case 'utf8':
      case 'binary': {
        const offsets = this.#offsets(rows);
        return { rows, validity, offsets, data: this.#next(offsets[rows] ?? 0, 'the text buffer'), children: [] };
      }
      case 'list': {
        const offsets = this.#offsets(rows);
        const child = this.column(layout.child);
        if (child.rows < (offsets[rows] ?? 0)) throw new IpcError('a list column has fewer elements than its offsets say');
        return { rows, validity, offsets, data: null, children: [child] };
      }
      case 'fixedList': {
        const child = this.column(layout.child);
        if (child.rows < rows * layout.size) throw new IpcError('an array column has fewer elements than its size says');
        return { rows, validity, offsets: null, data: null, children: [child] };
      }
      case 'struct': {
        const children = layout.children.map((child) => this.column(child));
        if (children.some((child) => child.rows < rows)) throw new IpcError('a struct column has a shorter field');
        return { rows, validity, offsets: null, data: null, children };
      }
    }
  }

  /** Throws unless every node and buffer was read. */
  end(): void {
    if (this.#node !== this.#batch.nodes.length || this.#buffer !== this.#batch.buffers.length) {
      throw new IpcError('a record batch has more buffers than its columns need');
    }
  }
}

/** The columns of a batch, which must have exactly these layouts. Throws IpcError. */
export function columnViews(bytes: Uint8Array, batch: IpcBatch, layouts: readonly Layout[]): ColumnView[] {
  const reader = new BatchReader(bytes, batch);
  const views = layouts.map((layout) => reader.column(layout));
  reader.end();
  if (views.some((view) => view.rows !== batch.rows)) throw new IpcError('a record batch has columns of different lengths');
  return views;
}
