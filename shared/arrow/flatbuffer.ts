/**
 * The small part of FlatBuffers that Arrow's schema messages need: a builder that writes back to front, and a reader of table
 * fields. Every byte is written or zero, and default values are written too, so equal input gives equal bytes.
 * Format: https://flatbuffers.dev/internals
 */
import { invariant } from '../assert.ts';

/** An object's distance from the end of the buffer. */
export type Offset = number;

/** One field of a table: its slot, its size and alignment in bytes, and what it holds. */
export interface TableField {
  readonly slot: number;
  readonly bytes: 1 | 2 | 4 | 8;
  /** `ref`: an Offset; `scalar`: the number itself. */
  readonly kind: 'scalar' | 'ref';
  readonly value: number;
}

export const int8 = (slot: number, value: number): TableField => ({ slot, bytes: 1, kind: 'scalar', value });
export const int16 = (slot: number, value: number): TableField => ({ slot, bytes: 2, kind: 'scalar', value });
export const int32 = (slot: number, value: number): TableField => ({ slot, bytes: 4, kind: 'scalar', value });
export const int64 = (slot: number, value: number): TableField => ({ slot, bytes: 8, kind: 'scalar', value });
export const ref = (slot: number, value: Offset): TableField => ({ slot, bytes: 4, kind: 'ref', value });

export class FlatbufferBuilder {
  #bytes = new Uint8Array(1024);
  #view = new DataView(this.#bytes.buffer);
  /** Bytes used, counted from the end. */
  #used = 0;

  /** Makes room for `bytes`, so that what is written in it last starts at a multiple of `align` from the end. */
  #reserve(bytes: number, align: number): void {
    const after = this.#used + bytes;
    this.#used = after + ((align - (after % align)) % align);
    if (this.#used <= this.#bytes.length) return;
    let size = this.#bytes.length;
    while (size < this.#used) size *= 2;
    const grown = new Uint8Array(size);
    grown.set(this.#bytes, size - this.#bytes.length);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }

  /** Position in the array of what begins `offset` from the end. */
  #position(offset: Offset): number {
    return this.#bytes.length - offset;
  }

  string(text: string): Offset {
    const utf8 = new TextEncoder().encode(text);
    this.#reserve(4 + utf8.length + 1, 4);
    const at = this.#position(this.#used);
    this.#view.setUint32(at, utf8.length, true);
    this.#bytes.set(utf8, at + 4);
    return this.#used;
  }

  vectorOfRefs(refs: readonly Offset[]): Offset {
    this.#reserve(4 + 4 * refs.length, 4);
    const at = this.#position(this.#used);
    this.#view.setUint32(at, refs.length, true);
    refs.forEach((target, i) => {
      const slot = at + 4 + 4 * i;
      this.#view.setUint32(slot, this.#position(target) - slot, true);
    });
    return this.#used;
  }

  /** A table with its vtable right before it; fields stand in descending size. */
  table(fields: readonly TableField[]): Offset {
    const slots = fields.reduce((most, f) => Math.max(most, f.slot + 1), 0);
    const vtableBytes = 4 + 2 * slots;
    const ordered = [...fields].sort((a, b) => b.bytes - a.bytes || a.slot - b.slot);
    const wide = ordered[0]?.bytes === 8;
    // The table begins with its 4-byte vtable offset; an 8-byte field needs 4 more before it.
    let tableBytes = wide ? 8 : 4;
    const places = ordered.map((field) => {
      const place = tableBytes;
      tableBytes += field.bytes;
      return { field, place };
    });
    this.#reserve(tableBytes, wide ? 8 : 4);
    const table = this.#used;
    const at = this.#position(table);
    for (const { field, place } of places) this.#writeField(at + place, field);
    this.#reserve(vtableBytes, 2);
    const vtable = this.#used;
    const vtableAt = this.#position(vtable);
    this.#view.setUint16(vtableAt, vtableBytes, true);
    this.#view.setUint16(vtableAt + 2, tableBytes, true);
    for (const { field, place } of places) this.#view.setUint16(vtableAt + 4 + 2 * field.slot, place, true);
    this.#view.setInt32(this.#position(table), vtable - table, true);
    return table;
  }

  #writeField(at: number, field: TableField): void {
    if (field.kind === 'ref') this.#view.setUint32(at, this.#position(field.value) - at, true);
    else if (field.bytes === 1) this.#view.setInt8(at, field.value);
    else if (field.bytes === 2) this.#view.setInt16(at, field.value, true);
    else if (field.bytes === 4) this.#view.setInt32(at, field.value, true);
    else this.#view.setBigInt64(at, BigInt(field.value), true);
  }

  /** The whole buffer, its length a multiple of 8, beginning with the offset of the root table. */
  finish(root: Offset): Uint8Array {
    this.#reserve(4, 8);
    const at = this.#position(this.#used);
    this.#view.setUint32(at, this.#position(root) - at, true);
    return this.#bytes.slice(at);
  }
}

/** Reads tables of a finished buffer. Every access checks its bounds and throws RangeError past the end. */
export class FlatbufferReader {
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  root(): number {
    return this.#view.getUint32(0, true);
  }

  /** Position of a table's field, or 0 when it has its default. */
  field(table: number, slot: number): number {
    const vtable = table - this.#view.getInt32(table, true);
    const entry = 4 + 2 * slot;
    if (entry >= this.#view.getUint16(vtable, true)) return 0;
    const place = this.#view.getUint16(vtable + entry, true);
    return place === 0 ? 0 : table + place;
  }

  int8(table: number, slot: number, missing = 0): number {
    const at = this.field(table, slot);
    return at === 0 ? missing : this.#view.getInt8(at);
  }

  int16(table: number, slot: number, missing = 0): number {
    const at = this.field(table, slot);
    return at === 0 ? missing : this.#view.getInt16(at, true);
  }

  int32(table: number, slot: number, missing = 0): number {
    const at = this.field(table, slot);
    return at === 0 ? missing : this.#view.getInt32(at, true);
  }

  /** A non-negative int64 below 2^53. */
  int64(table: number, slot: number): number {
    const at = this.field(table, slot);
    return at === 0 ? 0 : this.wordAt(at);
  }

  /** The non-negative int64 at a position. */
  wordAt(at: number): number {
    const high = this.#view.getInt32(at + 4, true);
    if (high < 0 || high >= 0x200000) throw new RangeError('a length in the message is out of range');
    return this.#view.getUint32(at, true) + high * 4294967296;
  }

  /** Position of the table, string or vector that a field refers to, or 0. */
  target(table: number, slot: number): number {
    const at = this.field(table, slot);
    return at === 0 ? 0 : at + this.#view.getUint32(at, true);
  }

  /** Length of the vector at a position (as `target` gives it); 0 for a missing one. */
  vectorLength(vector: number): number {
    return vector === 0 ? 0 : this.#view.getUint32(vector, true);
  }

  /** Position of the table that element `i` of a vector of references points at. */
  elementTarget(vector: number, i: number): number {
    invariant(i < this.vectorLength(vector), 'a vector read past its end');
    const at = vector + 4 + 4 * i;
    return at + this.#view.getUint32(at, true);
  }

  string(table: number, slot: number): string {
    const at = this.target(table, slot);
    if (at === 0) return '';
    const length = this.#view.getUint32(at, true);
    if (at + 4 + length > this.#view.byteLength) throw new RangeError('a name runs past the end of the message');
    return new TextDecoder('utf-8').decode(new Uint8Array(this.#view.buffer, this.#view.byteOffset + at + 4, length));
  }
}
