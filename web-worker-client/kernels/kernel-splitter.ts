/**
 * Rows into buckets by the kernel: the same bytes as ReferenceSplitter's. Pieces are copied into the kernel's memory as they come,
 * get their cells and are counted while they are in the processor's cache; when all are there, every buffer's place is known, and
 * the values are moved there, column by column.
 */
import { type CanonicalStream, checkTypes } from '../../shared/arrow/canonical.ts';
import { type ColumnView, columnViews } from '../../shared/arrow/column-view.ts';
import { END_OF_STREAM, type IpcBatch, IpcError, parseStream, writeBatchMessage } from '../../shared/arrow/ipc.ts';
import { type Layout, layoutOf } from '../../shared/arrow/layout.ts';
import { readSchema, schemaMessage, type WireColumn } from '../../shared/arrow/schema.ts';
import { bucketCount, fragmentColumns, keyWire } from '../../shared/arrow/split.ts';
import type { Digest } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { OutputPartitioning } from '../../shared/plan/recipe.ts';
import { CellBooks, NOWHERE } from './cell-books.ts';
import { layoutOfCell } from './cell-layout.ts';
import { digestAt } from './kernel-digest.ts';
import { type KernelMemory, SplitMemoryError } from './kernel-memory.ts';
import { type KeyHash, keyHashOf } from './key-hashes.ts';
import { type NodePlan, nodesOf } from './nodes.ts';
import { CURSORS_BYTES, type PlacedCell, scatterNode } from './scatter.ts';
import { placeBatch, type StagedNode } from './staged-piece.ts';

const VECTOR_BYTES = 16;

interface Key {
  readonly column: number;
  readonly hash: KeyHash;
}

/** A bucket's stream in the kernel's memory. */
interface PlacedStream {
  readonly at: number;
  readonly bytes: number;
  readonly rows: number;
  readonly cells: readonly PlacedCell[];
}

/** A finished bucket. */
export interface SplitBucket extends CanonicalStream {
  readonly digest: Digest;
}

export class KernelSplitter {
  readonly #memory: KernelMemory;
  readonly #columns: readonly WireColumn[];
  /** With the column of buckets, where there is one. */
  readonly #given: readonly WireColumn[];
  readonly #layouts: readonly Layout[];
  readonly #partitioning: OutputPartitioning;
  readonly #keys: readonly Key[];
  /** Nodes of what comes in, and how many of them are stored. */
  readonly #plan: NodePlan;
  readonly #stored: number;
  readonly #books: CellBooks;
  readonly #pieces: (readonly StagedNode[])[] = [];
  /** Hashes of one piece; the next one overwrites them. */
  #hashesAt = 0;
  #hashesRows = 0;

  /** Takes the memory for itself until it is finished or forgotten. `batchRows` differs from the canonical size only in tests. */
  constructor(
    memory: KernelMemory,
    columns: readonly WireColumn[],
    partitioning: OutputPartitioning,
    batchRows: number = LIMITS.chunkRows,
  ) {
    memory.reset();
    this.#memory = memory;
    this.#columns = columns;
    this.#given = fragmentColumns(columns, partitioning);
    this.#layouts = this.#given.map((c) => layoutOf(c.wire));
    this.#partitioning = partitioning;
    const keys = partitioning.kind === 'hash' ? partitioning.keys : [];
    this.#keys = keys.map((column) => ({ column, hash: keyHashOf(keyWire(columns, column)) }));
    this.#plan = nodesOf(this.#layouts);
    this.#stored = this.#plan.columns[columns.length] ?? this.#plan.nodes.length;
    this.#books = new CellBooks(memory, this.#plan.nodes.slice(0, this.#stored), bucketCount(partitioning), batchRows);
  }

  /** Appends the rows of an IPC stream or of a piece of one; the bytes are not kept. Throws IpcError, SplitMemoryError. */
  addPiece(bytes: Uint8Array): void {
    const stream = parseStream(bytes);
    if (stream.schema !== undefined) checkTypes(readSchema(stream.schema), this.#given);
    for (const batch of stream.batches) if (batch.rows > 0) this.#addBatch(bytes, batch);
  }

  #addBatch(bytes: Uint8Array, batch: IpcBatch): void {
    const placed = placeBatch(this.#memory, bytes, batch, this.#plan.nodes);
    const cells = this.#memory.take(2 * batch.rows);
    this.#assign(placed, batch.rows, cells, (column) => {
      const view = columnViews(bytes, batch, this.#layouts)[column];
      if (view === undefined) throw new IpcError('a key column is missing');
      return view;
    });
    this.#books.count(placed, batch.rows, cells);
    this.#pieces.push(placed);
  }

  #assign(placed: readonly StagedNode[], rows: number, cells: number, view: (column: number) => ColumnView): void {
    const partitioning = this.#partitioning;
    const { kernel } = this.#memory;
    const count = bucketCount(partitioning);
    let assigned: boolean;
    if (partitioning.kind === 'single') {
      assigned = this.#books.assign((...tables) => kernel.assignOne(rows, cells, ...tables));
    } else if (partitioning.kind === 'range') {
      const column = placed[this.#stored];
      if (column === undefined) throw new IpcError('the column that names the bucket is missing');
      const { data, validity } = column;
      assigned = this.#books.assign((...tables) => kernel.assignGiven(data, validity, rows, cells, count, ...tables));
      if (!assigned) this.#rejectBucket(column, rows, count);
    } else {
      const hashes = this.#hashes(placed, rows, view);
      assigned = this.#books.assign((...tables) => kernel.assign(hashes, rows, cells, count, ...tables));
    }
    if (!assigned)
      throw new SplitMemoryError("The task's output is too large to be split: it has more than 4096 record batches.");
  }

  #hashes(placed: readonly StagedNode[], rows: number, view: (column: number) => ColumnView): number {
    if (rows > this.#hashesRows) {
      this.#hashesAt = this.#memory.take(8 * rows);
      this.#hashesRows = rows;
    }
    const hashes = this.#hashesAt;
    if (this.#keys.length === 0) this.#memory.bytes.fill(0, hashes, hashes + 8 * rows);
    this.#keys.forEach(({ column, hash }, i) => {
      const node = placed[this.#plan.columns[column] ?? -1];
      if (node !== undefined) hash(this.#memory, node, rows, hashes, i === 0, () => view(column));
    });
    return hashes;
  }

  /** Throws what ReferenceSplitter throws for the first row without a bucket; returns when all have one. */
  #rejectBucket({ data, validity }: StagedNode, rows: number, count: number): void {
    const { bytes } = this.#memory;
    const view = new DataView(bytes.buffer);
    for (let row = 0; row < rows; row++) {
      const valid = validity === 0 || (((bytes[validity + (row >> 3)] ?? 0) >> (row & 7)) & 1) === 1;
      const bucket = view.getInt32(data + 4 * row, true);
      if (valid && bucket >= 0 && bucket < count) continue;
      throw new IpcError(`a row names the bucket ${valid ? bucket : 'NULL'}, but there are only 0 to ${count - 1}`);
    }
  }

  /** One stream per bucket, in order, with its digest. Must be the last call. `breathe` is awaited between pieces of the work. */
  async finish(breathe: () => Promise<void>): Promise<readonly SplitBucket[]> {
    const memory = this.#memory;
    const schema = schemaMessage(this.#columns);
    const { streams, nowhere } = this.#place(schema);
    const cells = [...streams.flatMap((s) => s.cells), ...nowhere];
    const cursors = memory.take(CURSORS_BYTES);
    for (let i = 0; i < this.#stored; i++) {
      const node = this.#plan.nodes[i];
      if (node !== undefined) scatterNode(memory, node, i, cells, this.#pieces, cursors);
      await breathe();
    }
    const buckets: SplitBucket[] = [];
    for (const stream of streams) {
      this.#frame(stream, schema);
      const { at, bytes, rows } = stream;
      buckets.push({ bytes: memory.bytes.slice(at, at + bytes), rows, digest: digestAt(memory, at, bytes) });
      await breathe();
    }
    return buckets;
  }

  /** Where each bucket's stream will lie. */
  #place(schema: Uint8Array): { readonly streams: readonly PlacedStream[]; readonly nowhere: readonly PlacedCell[] } {
    const nodes = this.#plan.nodes.slice(0, this.#stored);
    const layouts = Array.from({ length: this.#books.cellsUsed }, (_, cell) => layoutOfCell(this.#books, nodes, cell));
    const ofBucket = Array.from({ length: bucketCount(this.#partitioning) }, () => [] as typeof layouts);
    for (const layout of layouts) ofBucket[this.#books.bucketOf(layout.cell)]?.push(layout);
    const streams = ofBucket.map((own) => {
      const size = own.reduce((sum, l) => sum + l.messageBytes + l.batch.bodyBytes, schema.length + END_OF_STREAM.length);
      const at = this.#memory.take(size);
      let body = at + schema.length;
      const cells = own.map((layout) => {
        body += layout.messageBytes;
        const cell: PlacedCell = { layout, body };
        body += layout.batch.bodyBytes;
        return cell;
      });
      return { at, bytes: size, rows: own.reduce((sum, l) => sum + l.batch.rows, 0), cells };
    });
    const lost = layoutOfCell(this.#books, nodes, NOWHERE);
    // Short texts run over their end by a vector at most. Behind other cells comes what is written later; behind this one the cursors.
    return { streams, nowhere: [{ layout: lost, body: this.#memory.take(lost.batch.bodyBytes + VECTOR_BYTES) }] };
  }

  /** Writes what is not body; last, since strings may have run over the end of a body. */
  #frame(stream: PlacedStream, schema: Uint8Array): void {
    const { bytes } = this.#memory;
    const view = new DataView(bytes.buffer);
    bytes.set(schema, stream.at);
    for (const { layout, body } of stream.cells) writeBatchMessage(view, body - layout.messageBytes, layout.batch);
    bytes.set(END_OF_STREAM, stream.at + stream.bytes - END_OF_STREAM.length);
  }
}
