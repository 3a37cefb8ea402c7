/** A task's rows, column by column, in the kernel's memory: segments of 65,536 rows, which sort.as.ts reads by the rows' numbers. */
import { type IpcBatch, IpcError } from '../../shared/arrow/ipc.ts';
import type { KernelMemory } from './kernel-memory.ts';

const SEGMENT_ROWS = 65_536;
const SEGMENT_BITS_BYTES = SEGMENT_ROWS / 8;

/** Columns of fixed width; `finish` gives the kernel's tables of segments. */
export class RowSegments {
  readonly #memory: KernelMemory;
  readonly #columns: readonly Column[];
  #rows = 0;

  constructor(memory: KernelMemory, widths: readonly number[]) {
    this.#memory = memory;
    this.#columns = widths.map((width) => ({ width, values: [], validity: [], hasNulls: false }));
  }

  get rows(): number {
    return this.#rows;
  }

  /** Appends a record batch of `bytes`. Throws IpcError, SplitMemoryError. */
  add(bytes: Uint8Array, { rows, nodes, buffers }: IpcBatch): void {
    const count = this.#columns.length;
    if (nodes.length !== 2 * count || buffers.length !== 4 * count) {
      throw new IpcError('a record batch has other columns than expected');
    }
    this.#columns.forEach((column, i) => {
      const [length = -1, nulls = 0] = nodes.slice(2 * i, 2 * i + 2);
      const [validityAt = 0, validityBytes = 0, valuesAt = 0, valuesBytes = 0] = buffers.slice(4 * i, 4 * i + 4);
      if (length !== rows) throw new IpcError('a record batch has columns of different lengths');
      if (valuesBytes < rows * column.width) throw new IpcError('the value buffer of a column is too short');
      this.#append(column, bytes.subarray(valuesAt, valuesAt + rows * column.width));
      if (nulls === 0) return;
      if (validityBytes < (rows + 7) >> 3) throw new IpcError('the validity buffer of a column is too short');
      this.#noteNulls(column, bytes.subarray(validityAt, validityAt + ((rows + 7) >> 3)), rows);
    });
    this.#rows += rows;
  }

  #append({ width, values }: Column, from: Uint8Array): void {
    for (let at = 0, row = this.#rows; at < from.length; ) {
      const within = row % SEGMENT_ROWS;
      if (within === 0) values.push(this.#memory.take(SEGMENT_ROWS * width));
      const bytes = Math.min(from.length - at, (SEGMENT_ROWS - within) * width);
      this.#memory.bytes.set(from.subarray(at, at + bytes), (values[values.length - 1] ?? 0) + within * width);
      at += bytes;
      row += bytes / width;
    }
  }

  #noteNulls(column: Column, bitmap: Uint8Array, rows: number): void {
    const memory = this.#memory;
    column.hasNulls = true;
    for (let done = 0; done < rows; ) {
      const row = this.#rows + done;
      const within = row % SEGMENT_ROWS;
      const count = Math.min(rows - done, SEGMENT_ROWS - within);
      const bits = this.#validityOf(column, Math.floor(row / SEGMENT_ROWS));
      const copy = memory.take(bitmap.length);
      memory.bytes.set(bitmap, copy);
      memory.kernel.noteNulls(copy, done, count, bits, within);
      memory.giveBack(copy);
      done += count;
    }
  }

  #validityOf({ validity }: Column, segment: number): number {
    while (validity.length <= segment) validity.push(0);
    const known = validity[segment] ?? 0;
    if (known !== 0) return known;
    const fresh = this.#memory.take(SEGMENT_BITS_BYTES);
    this.#memory.bytes.fill(0xff, fresh, fresh + SEGMENT_BITS_BYTES);
    validity[segment] = fresh;
    return fresh;
  }

  /** Where each column lies. Call it when all rows are there. */
  finish(): readonly SegmentedColumn[] {
    return this.#columns.map(({ width, values, validity, hasNulls }) => ({
      width,
      segments: this.#table(values, values.length),
      validity: hasNulls ? this.#table(validity, values.length) : 0,
    }));
  }

  #table(addresses: readonly number[], length: number): number {
    const at = this.#memory.takeZeros(4 * length);
    this.#memory.words.set(addresses, at >>> 2);
    return at;
  }
}

interface Column {
  readonly width: number;
  readonly values: number[];
  readonly validity: number[];
  hasNulls: boolean;
}

export interface SegmentedColumn {
  readonly width: number;
  readonly segments: number;
  /** 0 where no row is NULL. */
  readonly validity: number;
}
