/**
 * The one form in which a relation's bytes are digested, stored and moved: a single IPC stream with batches of
 * LIMITS.chunkRows rows (the last may have fewer; none when there are no rows), columns as ColumnBuilder makes them, buffers
 * at multiples of 64, every other byte zero. Equal rows in equal order give equal bytes, however the engine had cut them.
 */
import { LIMITS } from '../limits.ts';
import { ColumnBuilder } from './column-builder.ts';
import { type ColumnView, columnViews } from './column-view.ts';
import { aligned, type BatchLayout, batchMessageBytes, END_OF_STREAM, IpcError, parseStream, writeBatchMessage } from './ipc.ts';
import { type Layout, layoutOf } from './layout.ts';
import { readSchema, schemaMessage, type WireColumn } from './schema.ts';
import { sameSqlType } from './types.ts';

interface FinishedBatch {
  readonly layout: BatchLayout;
  readonly buffers: readonly Uint8Array[];
}

export interface CanonicalStream {
  readonly bytes: Uint8Array;
  readonly rows: number;
}

const NO_MEMORY = new Uint8Array(0);

export class Canonicaliser {
  readonly #columns: readonly WireColumn[];
  readonly #layouts: readonly Layout[];
  readonly #batchRows: number;
  readonly #expectedRows: number;
  #builders: readonly ColumnBuilder[] = [];
  readonly #finished: FinishedBatch[] = [];
  #rows = 0;
  #rowsInBatch = 0;

  /** `batchRows` differs from the canonical size in tests and in guests' batches. `expectedRows`: room to make at once; a hint. */
  constructor(columns: readonly WireColumn[], batchRows: number = LIMITS.chunkRows, expectedRows = 0) {
    this.#columns = columns;
    this.#layouts = columns.map((c) => layoutOf(c.wire));
    this.#batchRows = batchRows;
    this.#expectedRows = expectedRows;
  }

  /**
   * Appends the rows of an IPC stream or of a piece of one. A schema message in it must have exactly the column types; its
   * names don't matter. Throws IpcError.
   */
  addPiece(bytes: Uint8Array): void {
    const stream = parseStream(bytes);
    if (stream.schema !== undefined) checkTypes(readSchema(stream.schema), this.#columns);
    for (const batch of stream.batches) this.addColumns(columnViews(stream.bytes, batch, this.#layouts), batch.rows);
  }

  /** Appends rows given as one view per column: all, or those from `first` to before `rows`. */
  addColumns(views: readonly ColumnView[], rows: number, first = 0): void {
    let from = first;
    while (from < rows) {
      if (this.#rowsInBatch === 0) this.#begin(rows - from);
      const to = Math.min(rows, from + this.#batchRows - this.#rowsInBatch);
      this.#builders.forEach((builder, i) => {
        const view = views[i];
        if (view !== undefined) builder.append(view, from, to);
      });
      this.#rowsInBatch += to - from;
      this.#rows += to - from;
      if (this.#rowsInBatch === this.#batchRows) this.#endBatch();
      from = to;
    }
  }

  /** Memory of a finished batch belongs to it until the end; a full batch announces that the next may be as large. */
  #begin(rowsAtHand: number): void {
    if (this.#finished.length === 0 && this.#builders.length > 0) {
      // What they held was taken.
      for (const builder of this.#builders) builder.clear();
      return;
    }
    const capacity =
      this.#finished.length > 0 ? this.#batchRows : Math.min(this.#batchRows, Math.max(rowsAtHand, this.#expectedRows));
    this.#builders = this.#layouts.map((layout) => new ColumnBuilder(layout, capacity));
  }

  #endBatch(): void {
    const nodes: number[] = [];
    const parts: Uint8Array[] = [];
    for (const builder of this.#builders) builder.finish({ nodes, buffers: parts });
    const buffers: number[] = [];
    let bodyBytes = 0;
    for (const part of parts) {
      buffers.push(bodyBytes, part.length);
      bodyBytes += aligned(part.length);
    }
    this.#finished.push({ layout: { rows: this.#rowsInBatch, nodes, buffers, bodyBytes }, buffers: parts });
    this.#rowsInBatch = 0;
  }

  /** Rows that were appended and not yet taken. */
  get rows(): number {
    return this.#rows;
  }

  /** The stream of all rows since the last one; more can be appended for the next. It lies in `memory` where it finds room. */
  take(memory?: Uint8Array): CanonicalStream {
    const stream = this.finish(memory);
    this.#finished.length = 0;
    this.#rows = 0;
    return stream;
  }

  /** The stream. The canonicaliser must not be used afterwards. */
  finish(memory: Uint8Array = NO_MEMORY): CanonicalStream {
    if (this.#rowsInBatch > 0) this.#endBatch();
    const schema = schemaMessage(this.#columns);
    let size = schema.length + END_OF_STREAM.length;
    for (const { layout } of this.#finished) {
      size += batchMessageBytes(layout.nodes.length / 2, layout.buffers.length / 2) + layout.bodyBytes;
    }
    const reused = size <= memory.length;
    const bytes = reused ? memory.subarray(0, size).fill(0) : new Uint8Array(size);
    const view = new DataView(bytes.buffer, bytes.byteOffset, size);
    bytes.set(schema);
    let at = schema.length;
    for (const { layout, buffers } of this.#finished) {
      at += writeBatchMessage(view, at, layout);
      buffers.forEach((buffer, i) => {
        bytes.set(buffer, at + (layout.buffers[2 * i] ?? 0));
      });
      at += layout.bodyBytes;
    }
    bytes.set(END_OF_STREAM, at);
    return { bytes, rows: this.#rows };
  }
}

/** Throws IpcError unless columns came with exactly the expected types; names don't matter. */
export function checkTypes(found: readonly WireColumn[], expected: readonly WireColumn[]): void {
  if (found.length !== expected.length) {
    throw new IpcError(`${found.length} columns came where ${expected.length} were expected`);
  }
  expected.forEach((column, i) => {
    const type = found[i]?.wire ?? '';
    if (!sameSqlType(type, column.wire)) {
      throw new IpcError(`column ${column.name} came as ${type} where ${column.wire} was expected`);
    }
  });
}

/** Columns named c0..cn, as every task's output has them. */
export function namedByPosition(wires: readonly string[]): WireColumn[] {
  return wires.map((wire, i) => ({ name: `c${i}`, wire }));
}

/** The canonical stream of rows that came in pieces, in order. Throws IpcError when a piece has other types. */
export function canonicalStream(columns: readonly WireColumn[], pieces: readonly Uint8Array[]): CanonicalStream {
  const canonical = new Canonicaliser(columns);
  for (const piece of pieces) canonical.addPiece(piece);
  return canonical.finish();
}
