/**
 * The engine's rows in batches of one size for guests: the engine cuts them as it likes, and a guest may see no more than the plan
 * says. Rows are copied out of the engine's heap as they come.
 */
import { Canonicaliser, checkTypes } from '../../shared/arrow/canonical.ts';
import { type ColumnView, columnViews } from '../../shared/arrow/column-view.ts';
import { parseStream } from '../../shared/arrow/ipc.ts';
import { type Layout, layoutOf } from '../../shared/arrow/layout.ts';
import { readSchema, type WireColumn } from '../../shared/arrow/schema.ts';
import { BATCH_ROWS } from '../../shared/guest/abi.ts';

export class RowBatches {
  readonly #columns: readonly WireColumn[];
  readonly #layouts: readonly Layout[];
  readonly #batchRows: number;
  readonly #open: Canonicaliser;
  #full: Uint8Array[] = [];
  /** Of a batch that nobody reads any more: memory that is used again need not be asked for, cleared and collected. */
  #spare: Uint8Array | undefined;

  /** `columns`: with the names that the guest sees. */
  constructor(columns: readonly WireColumn[], batchRows = BATCH_ROWS) {
    this.#columns = columns;
    this.#layouts = columns.map((c) => layoutOf(c.wire));
    this.#batchRows = batchRows;
    this.#open = new Canonicaliser(columns, batchRows);
  }

  /** A piece of the engine's result; not kept. Throws IpcError when its types are others than the columns'. */
  add(piece: Uint8Array): void {
    const stream = parseStream(piece);
    if (stream.schema !== undefined) checkTypes(readSchema(stream.schema), this.#columns);
    for (const batch of stream.batches) this.#append(columnViews(stream.bytes, batch, this.#layouts), batch.rows);
  }

  #append(views: readonly ColumnView[], rows: number): void {
    for (let from = 0; from < rows; ) {
      const to = Math.min(rows, from + this.#batchRows - this.#open.rows);
      this.#open.addColumns(views, to, from);
      from = to;
      if (this.#open.rows === this.#batchRows) this.#close();
    }
  }

  #close(): void {
    const { bytes } = this.#open.take(this.#spare);
    this.#spare = undefined;
    this.#full.push(bytes);
  }

  /** Takes back a batch that was taken and is not read any more. */
  giveBack(batch: Uint8Array): void {
    this.#spare = new Uint8Array(batch.buffer);
  }

  /** Full batches since the last call, a stream each. */
  take(): readonly Uint8Array[] {
    const taken = this.#full;
    if (taken.length > 0) this.#full = [];
    return taken;
  }

  /** No more rows come: what is left can be taken, if anything is. */
  end(): void {
    if (this.#open.rows > 0) this.#close();
  }

  /** A stream of these columns without rows. */
  none(): Uint8Array {
    return new Canonicaliser(this.#columns).finish().bytes;
  }
}
