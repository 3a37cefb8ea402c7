/**
 * Reads the ArrowArrays that a guest emits, in place: every pointer, length and offset is checked before it is used (B-35 to
 * B-38). The views are of the guest's memory: whoever gets them copies before the guest runs on.
 */
import { bitAt } from '../../shared/arrow/byte-buffer.ts';
import type { ColumnView } from '../../shared/arrow/column-view.ts';
import { ARRAY, type Storage } from './formats.ts';
import { COUNT_MAX, emitError, type GuestView } from './guest-view.ts';
import { expandDictionary } from './output-dictionary.ts';
import type { OutputNode } from './output-schema.ts';
import { bitsFrom, canonicalNaNs, checkedOffsets, checkUtf8 } from './output-values.ts';

/** The struct of one node, its lists checked. */
interface RawArray {
  readonly rows: number;
  readonly nullCount: number;
  readonly offset: number;
  readonly buffers: readonly number[];
  readonly children: readonly number[];
  readonly dictionary: number;
}

const BUFFERS: { readonly [K in Storage['kind']]: number } = {
  null: 0,
  bool: 2,
  fixed: 2,
  utf8: 3,
  binary: 3,
  fixedBinary: 2,
  list: 2,
  fixedList: 1,
  struct: 1,
};

/** Called with the bytes that a column takes before they are copied; throws when the guest has emitted too much. */
export type Charge = (bytes: number) => void;

export class OutputReader {
  readonly #view: GuestView;
  readonly #charge: Charge;

  constructor(view: GuestView, charge: Charge) {
    this.#view = view;
    this.#charge = charge;
  }

  /** Rows and columns of an emitted batch. Throws GuestError. */
  batch(at: number, columns: readonly OutputNode[]): { readonly rows: number; readonly views: readonly ColumnView[] } {
    const root = this.#raw(at, 'the array', BUFFERS.struct, columns.length);
    if (root.nullCount > 0) throw emitError('the array itself has NULL rows');
    const views = columns.map((node, i) => this.#column(node, root.children[i] ?? 0, root.offset, root.rows));
    return { rows: root.rows, views };
  }

  #raw(at: number, where: string, bufferCount: number, childCount: number): RawArray {
    const view = this.#view;
    view.check(at, ARRAY.bytes, `${where}: its ArrowArray`);
    const rows = view.count(at + ARRAY.length, `${where}: its length`);
    const offset = view.count(at + ARRAY.offset, `${where}: its offset`);
    if (rows + offset > COUNT_MAX) throw emitError(`${where}: offset and length together are ${rows + offset}`);
    const nullCount = view.count(at + ARRAY.nullCount, `${where}: its null_count`, true);
    const pointers = (count: number, countAt: number, listAt: number, what: string): number[] => {
      const found = view.count(at + countAt, `${where}: n_${what}`);
      if (found !== count) throw emitError(`${where}: it has ${found} ${what}, its format has ${count}`);
      if (count === 0) return [];
      const list = view.u32(at + listAt);
      view.check(list, 4 * count, `${where}: its list of ${what}`);
      return Array.from({ length: count }, (_, i) => view.u32(list + 4 * i));
    };
    const buffers = pointers(bufferCount, ARRAY.bufferCount, ARRAY.buffers, 'buffers');
    const children = pointers(childCount, ARRAY.childCount, ARRAY.children, 'children');
    return { rows, offset, nullCount, buffers, children, dictionary: view.u32(at + ARRAY.dictionary) };
  }

  /** Bytes of a buffer, checked to be in the memory. */
  #buffer(pointer: number, from: number, bytes: number, what: string): Uint8Array<ArrayBuffer> {
    if (bytes === 0) return this.#view.bytes.subarray(0, 0);
    this.#view.check(pointer, from + bytes, what);
    return this.#view.bytes.subarray(pointer + from, pointer + from + bytes);
  }

  /** `count` rows of a node, from row `from` of its array (its own offset comes on top). */
  #column(node: OutputNode, at: number, from: number, count: number): ColumnView {
    const { storage } = node.format;
    const raw = this.#raw(at, node.where, BUFFERS[storage.kind], node.children.length);
    if (from + count > raw.rows) throw emitError(`${node.where}: it has ${raw.rows} rows where ${from + count} are needed`);
    const start = raw.offset + from;
    this.#charge(Math.ceil(count / 8));
    const validity = this.#validity(node, raw, start, count);
    const view = this.#values(node, storage, raw, start, count, validity);
    if (node.dictionary === undefined) return view;
    const values = this.#dictionary(node.dictionary, raw.dictionary);
    return expandDictionary(view, node, values, this.#charge);
  }

  #validity(node: OutputNode, raw: RawArray, start: number, count: number): Uint8Array | null {
    if (node.format.storage.kind === 'null') return new Uint8Array((count + 7) >> 3);
    const pointer = raw.buffers[0] ?? 0;
    if (pointer === 0 && raw.nullCount > 0)
      throw emitError(`${node.where}: it has ${raw.nullCount} NULLs but no validity bitmap`);
    if (pointer === 0 || raw.nullCount === 0) return null;
    return bitsFrom(this.#bits(node, pointer, start, count, 'validity bitmap'), start & 7, count);
  }

  /** The bytes that hold bits `start` to before `start + count`. */
  #bits(node: OutputNode, pointer: number, start: number, count: number, what: string): Uint8Array {
    const first = start >> 3;
    return this.#buffer(pointer, first, count === 0 ? 0 : ((start + count + 7) >> 3) - first, `${node.where}: its ${what}`);
  }

  #dictionary(node: OutputNode, at: number): ColumnView {
    this.#view.check(at, ARRAY.bytes, `${node.where}: its ArrowArray`);
    return this.#column(node, at, 0, this.#view.count(at + ARRAY.length, `${node.where}: its length`));
  }

  #values(
    node: OutputNode,
    storage: Storage,
    raw: RawArray,
    start: number,
    count: number,
    validity: Uint8Array | null,
  ): ColumnView {
    const base = { rows: count, validity, offsets: null, data: null, children: [] };
    const [, second = 0] = raw.buffers;
    switch (storage.kind) {
      case 'null':
        this.#charge(4 * count);
        return { ...base, data: new Uint8Array(4 * count) };
      case 'bool':
        return { ...base, data: bitsFrom(this.#bits(node, second, start, count, 'values'), start & 7, count) };
      case 'fixed': {
        const { width } = storage;
        this.#charge(width * count);
        const data = this.#buffer(second, width * start, width * count, `${node.where}: its values`);
        return { ...base, data: isFloat(node) ? canonicalNaNs(data, width) : data };
      }
      case 'fixedBinary': {
        const { width } = storage;
        this.#charge((width + 4) * count);
        if (width * count > COUNT_MAX) throw emitError(`${node.where}: it has more than 1 GiB`);
        const data = this.#buffer(second, width * start, width * count, `${node.where}: its values`);
        return { ...base, data, offsets: Int32Array.from({ length: count + 1 }, (_, i) => width * i) };
      }
      case 'utf8':
      case 'binary':
        return { ...base, ...this.#texts(node, storage, raw, start, count, validity) };
      case 'list':
        return { ...base, ...this.#list(node, storage.large, raw, start, count, validity) };
      case 'fixedList': {
        const [child] = node.children;
        const { size } = storage;
        if (size * (start + count) > COUNT_MAX) throw emitError(`${node.where}: it has more than 2^30 elements`);
        return { ...base, children: child ? [this.#column(child, raw.children[0] ?? 0, size * start, size * count)] : [] };
      }
      case 'struct':
        return { ...base, children: node.children.map((child, i) => this.#column(child, raw.children[i] ?? 0, start, count)) };
    }
  }

  /** Offsets of `count` rows, one more than those; an array of no rows may have none. */
  #offsets(node: OutputNode, large: boolean, raw: RawArray, start: number, count: number, last: number): Int32Array {
    if (count === 0) return new Int32Array(1);
    this.#charge(4 * (count + 1));
    const width = large ? 8 : 4;
    const source = this.#buffer(raw.buffers[1] ?? 0, width * start, width * (count + 1), `${node.where}: its offsets`);
    return checkedOffsets(source, large, last, node.where);
  }

  #texts(
    node: OutputNode,
    storage: Extract<Storage, { large: boolean }>,
    raw: RawArray,
    start: number,
    count: number,
    validity: Uint8Array | null,
  ): Pick<ColumnView, 'offsets' | 'data'> {
    const pointer = raw.buffers[2] ?? 0;
    const offsets = this.#offsets(node, storage.large, raw, start, count, COUNT_MAX);
    const first = offsets[0] ?? 0;
    const last = offsets[count] ?? 0;
    if (last > first) this.#view.check(pointer, last, `${node.where}: its text`);
    this.#charge(last - first);
    const data = last === 0 ? new Uint8Array(0) : this.#view.bytes.subarray(pointer, pointer + last);
    if (storage.kind === 'utf8') checkUtf8(data, offsets, validity, node.where);
    return { offsets, data };
  }

  #list(
    node: OutputNode,
    large: boolean,
    raw: RawArray,
    start: number,
    count: number,
    validity: Uint8Array | null,
  ): Pick<ColumnView, 'offsets' | 'children'> {
    const [childNode] = node.children;
    const childAt = raw.children[0] ?? 0;
    if (childNode === undefined) throw emitError(`${node.where}: a list without a child`);
    const offsets = this.#offsets(node, large, raw, start, count, COUNT_MAX);
    const first = offsets[0] ?? 0;
    const elements = (offsets[count] ?? 0) - first;
    const child = this.#column(childNode, childAt, first, elements);
    if (node.type.id === 'map') checkKeys(node, child, validity);
    return { offsets: first === 0 ? offsets : offsets.map((o) => o - first), children: [child] };
  }
}

function isFloat(node: OutputNode): boolean {
  const { type } = node.format;
  return type.id === 'scalar' && (type.name === 'FLOAT' || type.name === 'DOUBLE');
}

/** Entries of a map and their keys are never NULL; maps that are NULL themselves are expected to be empty. */
function checkKeys(node: OutputNode, entries: ColumnView, validity: Uint8Array | null): void {
  const hasNull = (bits: Uint8Array | null): boolean => {
    for (let row = 0; bits !== null && row < entries.rows; row++) if (!bitAt(bits, row)) return true;
    return false;
  };
  if (!hasNull(entries.validity) && !hasNull(entries.children[0]?.validity ?? null)) return;
  const hint =
    validity === null ? 'Leave out entries without a key.' : 'Leave out entries without a key, and give NULL maps no entries.';
  throw emitError(`${node.where}: a map has an entry or a key that is NULL`, hint);
}
