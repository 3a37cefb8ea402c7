/** A task's rows in the order of their keys, as the one canonical stream of its block: what ORDER BY and the splitter would make. */
import { checkTypes } from '../../shared/arrow/canonical.ts';
import { aligned, END_OF_STREAM, IpcError, parseStream, writeBatchMessage } from '../../shared/arrow/ipc.ts';
import { layoutOf } from '../../shared/arrow/layout.ts';
import { readSchema, schemaMessage, type WireColumn } from '../../shared/arrow/schema.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { SortKey } from '../../shared/plan/physical.ts';
import { type CellLayout, layoutOfCell } from './cell-layout.ts';
import { digestAt } from './kernel-digest.ts';
import type { KernelMemory } from './kernel-memory.ts';
import type { SplitBucket } from './kernel-splitter.ts';
import { nodesOf } from './nodes.ts';
import { RowSegments, type SegmentedColumn } from './row-segments.ts';
import { RECORD_BYTES, sortedRecords } from './sorted-records.ts';

export class KernelSorter {
  readonly #memory: KernelMemory;
  readonly #columns: readonly WireColumn[];
  /** With the keys that are not stored. */
  readonly #given: readonly WireColumn[];
  readonly #keys: readonly SortKey[];
  readonly #batchRows: number;
  readonly #segments: RowSegments;

  /**
   * Takes the memory for itself until it is finished or forgotten. The rows' columns are `columns`, then keys of the types `extra`; all
   * of fixed width. `batchRows` differs from the canonical size only in tests. Throws IpcError.
   */
  constructor(
    memory: KernelMemory,
    columns: readonly WireColumn[],
    extra: readonly string[],
    keys: readonly SortKey[],
    batchRows: number = LIMITS.chunkRows,
  ) {
    memory.reset();
    this.#memory = memory;
    this.#columns = columns;
    this.#given = [...columns, ...extra.map((wire, i) => ({ name: `c${columns.length + i}`, wire }))];
    this.#keys = keys;
    this.#batchRows = batchRows;
    this.#segments = new RowSegments(memory, this.#given.map(widthOf));
  }

  /** Appends the rows of an IPC stream or of a piece of one; the bytes are not kept. Throws IpcError, SplitMemoryError. */
  addPiece(bytes: Uint8Array): void {
    const stream = parseStream(bytes);
    if (stream.schema !== undefined) checkTypes(readSchema(stream.schema), this.#given);
    for (const batch of stream.batches) if (batch.rows > 0) this.#segments.add(bytes, batch);
  }

  /** The block's only bucket. Must be the last call. `breathe` is awaited between pieces of the work. */
  async finish(breathe: () => Promise<void>): Promise<readonly SplitBucket[]> {
    const memory = this.#memory;
    const { rows } = this.#segments;
    const columns = this.#segments.finish();
    const wires = this.#given.map((c) => c.wire);
    const records = await sortedRecords(memory, columns, wires, rows, this.#keys, breathe);
    const layouts = this.#layouts(columns, records);
    const schema = schemaMessage(this.#columns);
    const bytes = layouts.reduce((sum, l) => sum + l.messageBytes + l.batch.bodyBytes, schema.length + END_OF_STREAM.length);
    const at = memory.take(bytes);
    memory.bytes.set(schema, at);
    let next = at + schema.length;
    for (const [batch, layout] of layouts.entries()) {
      writeBatchMessage(new DataView(memory.bytes.buffer), next, layout.batch);
      const from = records + RECORD_BYTES * batch * this.#batchRows;
      this.#fill(layout, columns, from, next + layout.messageBytes);
      next += layout.messageBytes + layout.batch.bodyBytes;
      await breathe();
    }
    memory.bytes.set(END_OF_STREAM, next);
    const digest = digestAt(memory, at, bytes);
    return [{ bytes: memory.bytes.slice(at, at + bytes), rows, digest }];
  }

  /** Of each batch. */
  #layouts(columns: readonly SegmentedColumn[], records: number): readonly CellLayout[] {
    const { kernel } = this.#memory;
    const { rows } = this.#segments;
    const { nodes } = nodesOf(this.#columns.map((c) => layoutOf(c.wire)));
    const rowsOf = (batch: number): number => Math.min(this.#batchRows, rows - batch * this.#batchRows);
    const books = {
      rowsOf,
      nullsOf: (node: number, batch: number): number => {
        const validity = columns[node]?.validity ?? 0;
        if (validity === 0) return 0;
        return kernel.nullsAmong(validity, records + RECORD_BYTES * batch * this.#batchRows, rowsOf(batch));
      },
      lengthsOf: () => 0,
    };
    return Array.from({ length: Math.ceil(rows / this.#batchRows) }, (_, batch) => layoutOfCell(books, nodes, batch));
  }

  /** Writes the body of a batch: values, and zeros wherever nothing is. */
  #fill({ places, batch }: CellLayout, columns: readonly SegmentedColumn[], records: number, body: number): void {
    const { kernel, bytes } = this.#memory;
    for (const [i, place] of places.entries()) {
      const column = columns[i];
      if (column === undefined) continue;
      const { width, segments, validity } = column;
      const values = body + place.data;
      kernel.gatherValues(width, segments, records, batch.rows, values);
      bytes.fill(0, values + place.dataBytes, values + aligned(place.dataBytes));
      if (place.validityBytes === 0) continue;
      const bits = body + place.validity;
      bytes.fill(0xff, bits, bits + place.validityBytes);
      if (place.rows & 7) bytes[bits + place.validityBytes - 1] = (1 << (place.rows & 7)) - 1;
      bytes.fill(0, bits + place.validityBytes, bits + aligned(place.validityBytes));
      kernel.gatherNulls(width, validity, records, batch.rows, bits, values);
    }
  }
}

function widthOf({ name, wire }: WireColumn): number {
  const layout = layoutOf(wire);
  if (layout.kind !== 'fixed') throw new IpcError(`column ${name} of type ${wire} can't be sorted here`);
  return layout.width;
}
