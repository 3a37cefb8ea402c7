/**
 * Puts a column of one record batch together from rows of other batches, in canonical form: values under NULL are zero (a list
 * or string under NULL is empty, an array's and a struct's children are NULL), offsets begin at 0, no validity without a NULL.
 */
import { invariant } from '../assert.ts';
import { BitBuffer, ByteBuffer, bitAt } from './byte-buffer.ts';
import type { ColumnView } from './column-view.ts';
import { IpcError } from './ipc.ts';
import type { Layout } from './layout.ts';

const NO_BYTES = new Uint8Array(0);
const MAX_OFFSET = 0x7fffffff;

/** What a finished column adds to a record batch message: nodes in pairs, and its buffers. */
export interface BatchParts {
  readonly nodes: number[];
  readonly buffers: Uint8Array[];
}

export class ColumnBuilder {
  readonly #layout: Layout;
  readonly #validity: BitBuffer;
  readonly #bits: BitBuffer;
  readonly #data: ByteBuffer;
  #offsets: Int32Array;
  readonly #children: readonly ColumnBuilder[];
  #rows = 0;
  #nulls = 0;

  /** `capacity`: rows to expect; a hint. */
  constructor(layout: Layout, capacity = 0) {
    this.#layout = layout;
    this.#validity = new BitBuffer();
    this.#bits = new BitBuffer(layout.kind === 'bool' ? capacity : 0);
    this.#data = new ByteBuffer(layout.kind === 'fixed' ? capacity * layout.width : 0);
    const hasOffsets = layout.kind === 'utf8' || layout.kind === 'binary' || layout.kind === 'list';
    this.#offsets = new Int32Array(hasOffsets ? capacity + 1 : 0);
    if (layout.kind === 'struct') this.#children = layout.children.map((child) => new ColumnBuilder(child, capacity));
    else if (layout.kind === 'list') this.#children = [new ColumnBuilder(layout.child)];
    else if (layout.kind === 'fixedList') this.#children = [new ColumnBuilder(layout.child, capacity * layout.size)];
    else this.#children = [];
  }

  get rows(): number {
    return this.#rows;
  }

  /** Appends rows `from` (inclusive) to `to` (exclusive) of a column with the same layout. */
  append(view: ColumnView, from: number, to: number): void {
    const nulls = view.validity === null ? 0 : countNulls(view.validity, from, to);
    this.#appendValidity(view.validity, from, to, nulls);
    switch (this.#layout.kind) {
      case 'bool':
        this.#appendBools(view, from, to, nulls);
        break;
      case 'fixed':
        this.#appendFixed(view, from, to, nulls, this.#layout.width);
        break;
      case 'utf8':
      case 'binary':
      case 'list':
        this.#appendVariable(view, from, to, nulls);
        break;
      case 'fixedList': {
        const { size } = this.#layout;
        this.#appendChildren(view, from, to, nulls, size);
        break;
      }
      case 'struct':
        this.#appendChildren(view, from, to, nulls, 1);
        break;
    }
    this.#rows += to - from;
    this.#nulls += nulls;
  }

  appendNulls(count: number): void {
    this.#appendValidity(NO_BYTES, 0, count, count);
    const { kind } = this.#layout;
    if (kind === 'bool') this.#bits.zeros(count);
    else if (kind === 'fixed') this.#data.extend(count * this.#layout.width);
    else if (kind === 'fixedList') for (const child of this.#children) child.appendNulls(count * this.#layout.size);
    else if (kind === 'struct') for (const child of this.#children) child.appendNulls(count);
    else this.#room(count).fill(this.#end(), this.#rows + 1, this.#rows + 1 + count);
    this.#rows += count;
    this.#nulls += count;
  }

  /** The validity bitmap is begun at the first NULL. */
  #appendValidity(bits: Uint8Array | null, from: number, to: number, nulls: number): void {
    if (nulls === 0) {
      if (this.#nulls > 0) this.#validity.ones(to - from);
      return;
    }
    if (this.#nulls === 0) this.#validity.ones(this.#rows);
    if (nulls === to - from) this.#validity.zeros(nulls);
    else if (bits !== null) this.#validity.append(bits, from, to);
  }

  #appendBools(view: ColumnView, from: number, to: number, nulls: number): void {
    invariant(view.data, 'a bool column without values');
    if (nulls === 0 || view.validity === null) {
      this.#bits.append(view.data, from, to);
      return;
    }
    const masked = new Uint8Array((to + 7) >> 3);
    for (let i = from >> 3; i < masked.length; i++) masked[i] = (view.data[i] ?? 0) & (view.validity[i] ?? 0);
    this.#bits.append(masked, from, to);
  }

  #appendFixed(view: ColumnView, from: number, to: number, nulls: number, width: number): void {
    invariant(view.data, 'a column without values');
    const at = this.#data.used;
    this.#data.append(view.data, from * width, to * width);
    if (nulls > 0 && view.validity !== null) zeroNulls(this.#data.bytes, at, width, view.validity, from, to);
  }

  /** Room for `count` more offsets. */
  #room(count: number): Int32Array {
    const needed = this.#rows + count + 1;
    if (needed > this.#offsets.length) {
      const next = new Int32Array(Math.max(needed, this.#offsets.length * 4));
      next.set(this.#offsets.subarray(0, this.#rows + 1));
      this.#offsets = next;
    }
    return this.#offsets;
  }

  /** Where the next string or list begins. */
  #end(): number {
    return this.#offsets[this.#rows] ?? 0;
  }

  #appendVariable(view: ColumnView, from: number, to: number, nulls: number): void {
    invariant(view.offsets, 'a column without offsets');
    const source = view.offsets;
    const { validity } = view;
    const offsets = this.#room(to - from);
    const first = source[from] ?? 0;
    const last = source[to] ?? 0;
    const start = this.#end();
    if (first < 0 || start + (last - first) > MAX_OFFSET) throw new IpcError('a record batch has more than 2 GiB in one column');
    if (nulls === 0 || validity === null || !hidesContent(source, validity, from, to)) {
      copyOffsets(source, from, to, offsets, this.#rows, start - first);
      this.#appendContent(view, first, last);
      return;
    }
    let row = this.#rows;
    forEachRun(validity, from, to, (begin, end, valid) => {
      if (valid) {
        copyOffsets(source, begin, end, offsets, row, (offsets[row] ?? 0) - (source[begin] ?? 0));
        this.#appendContent(view, source[begin] ?? 0, source[end] ?? 0);
      } else offsets.fill(offsets[row] ?? 0, row + 1, row + 1 + end - begin);
      row += end - begin;
    });
  }

  /** Bytes of a string column, or elements of a list column. */
  #appendContent(view: ColumnView, from: number, to: number): void {
    if (from === to) return;
    const [child] = this.#children;
    const [source] = view.children;
    if (child !== undefined && source !== undefined) child.append(source, from, to);
    else if (view.data !== null) this.#data.append(view.data, from, to);
  }

  #appendChildren(view: ColumnView, from: number, to: number, nulls: number, size: number): void {
    this.#children.forEach((child, i) => {
      const source = view.children[i];
      invariant(source, 'a nested column without its child');
      if (nulls === 0 || view.validity === null) {
        child.append(source, from * size, to * size);
        return;
      }
      forEachRun(view.validity, from, to, (start, end, valid) => {
        if (valid) child.append(source, start * size, end * size);
        else child.appendNulls((end - start) * size);
      });
    });
  }

  /** Begins again without rows, in the same memory: buffers that `finish` gave are overwritten. */
  clear(): void {
    this.#rows = 0;
    this.#nulls = 0;
    this.#validity.clear();
    this.#bits.clear();
    this.#data.clear();
    for (const child of this.#children) child.clear();
  }

  /** Adds this column's nodes and buffers; the buffers are views of the builder's own memory. */
  finish(parts: BatchParts): void {
    parts.nodes.push(this.#rows, this.#nulls);
    parts.buffers.push(this.#nulls === 0 ? NO_BYTES : this.#validity.bytes.subarray(0, this.#validity.used));
    const { kind } = this.#layout;
    if (kind === 'bool') parts.buffers.push(this.#bits.bytes.subarray(0, this.#bits.used));
    if (kind === 'utf8' || kind === 'binary' || kind === 'list') {
      const offsets = this.#room(0);
      parts.buffers.push(new Uint8Array(offsets.buffer, 0, 4 * (this.#rows + 1)));
    }
    if (kind === 'fixed' || kind === 'utf8' || kind === 'binary') {
      parts.buffers.push(this.#data.bytes.subarray(0, this.#data.used));
    }
    for (const child of this.#children) child.finish(parts);
  }
}

function countNulls(bits: Uint8Array, from: number, to: number): number {
  let valid = 0;
  let row = from;
  for (; row < to && (row & 7) !== 0; row++) if (bitAt(bits, row)) valid++;
  for (; row + 8 <= to; row += 8) valid += POPULATION[bits[row >> 3] ?? 0] ?? 0;
  for (; row < to; row++) if (bitAt(bits, row)) valid++;
  return to - from - valid;
}

const POPULATION = Uint8Array.from({ length: 256 }, (_, byte) => {
  let count = 0;
  for (let rest = byte; rest > 0; rest >>= 1) count += rest & 1;
  return count;
});

/** Zeroes the values (`width` bytes each, the one of row `from` at `at`) of NULL rows. */
function zeroNulls(bytes: Uint8Array, at: number, width: number, bits: Uint8Array, from: number, to: number): void {
  for (let row = from; row < to; row++) {
    if ((row & 7) === 0 && bits[row >> 3] === 0xff) {
      row += 7;
      continue;
    }
    if (bitAt(bits, row)) continue;
    const value = at + (row - from) * width;
    for (let i = value; i < value + width; i++) bytes[i] = 0;
  }
}

/** True when a NULL row has a string or list under it. */
function hidesContent(offsets: Int32Array, bits: Uint8Array, from: number, to: number): boolean {
  for (let row = from; row < to; row++) {
    if (offsets[row + 1] !== offsets[row] && !bitAt(bits, row)) return true;
  }
  return false;
}

/** Copies the ends of rows `from` to `to`, moved by `shift`, to where row `at` ends. Throws IpcError when they go backwards. */
function copyOffsets(source: Int32Array, from: number, to: number, target: Int32Array, at: number, shift: number): void {
  let previous = source[from] ?? 0;
  for (let row = from, out = at + 1; row < to; row++, out++) {
    const end = source[row + 1] ?? 0;
    if (end < previous) throw new IpcError('the offsets of a column go backwards');
    target[out] = end + shift;
    previous = end;
  }
}

/** Calls `visit` for each longest run of equal bits. */
function forEachRun(
  bits: Uint8Array,
  from: number,
  to: number,
  visit: (start: number, end: number, valid: boolean) => void,
): void {
  let start = from;
  while (start < to) {
    const valid = bitAt(bits, start);
    let end = start + 1;
    while (end < to && bitAt(bits, end) === valid) end++;
    visit(start, end, valid);
    start = end;
  }
}
