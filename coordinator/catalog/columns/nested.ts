import { GrowingBytes } from './growing.ts';
import type { ArrowNode, ColumnBuilder, EngineVector } from './node.ts';
import { isSet, ValidityBuilder } from './validity.ts';
import { arrayChild, listChild, structChild, vectorData } from './vectors.ts';

/** LIST and MAP (a list of structs of key and value). The engine keeps (offset, length) per value, in any order. */
export class ListBuilder implements ColumnBuilder {
  readonly #child: ColumnBuilder;
  readonly #offsets: GrowingBytes;
  readonly #validity: ValidityBuilder;

  constructor(child: ColumnBuilder, rows: number) {
    this.#child = child;
    this.#offsets = new GrowingBytes((rows + 1) * 4);
    this.#offsets.reserve(4);
    this.#validity = new ValidityBuilder(rows);
  }

  get length(): number {
    return this.#validity.length;
  }

  append(vector: EngineVector, first: number, count: number): void {
    const valid = this.#validity.append(vector, first, count);
    const source = vectorData(vector, (first + count) * 16);
    // Offsets and lengths are 64-bit, but a vector's child stays far below 2^32 values.
    const words = new Uint32Array(source.buffer, source.byteOffset, (first + count) * 4);
    const offsetsAt = this.#offsets.reserve(count * 4);
    const child = listChild(vector);
    let total = this.#child.length;
    let runFirst = 0;
    let runCount = 0;
    const ends = new Int32Array(count);
    for (let i = 0; i < count; i++) {
      const row = first + i;
      const length = valid && !isSet(valid, row) ? 0 : (words[row * 4 + 2] as number);
      if (length > 0) {
        const offset = words[row * 4] as number;
        if (runCount > 0 && offset === runFirst + runCount) runCount += length;
        else {
          if (runCount > 0) this.#child.append(child, runFirst, runCount);
          runFirst = offset;
          runCount = length;
        }
        total += length;
      }
      ends[i] = total;
    }
    if (runCount > 0) this.#child.append(child, runFirst, runCount);
    new Int32Array(this.#offsets.bytes.buffer, offsetsAt, count).set(ends);
  }

  appendNulls(count: number): void {
    this.#validity.appendNulls(count);
    const at = this.#offsets.reserve(count * 4);
    new Int32Array(this.#offsets.bytes.buffer, at, count).fill(this.#child.length);
  }

  finish(): ArrowNode {
    const node = {
      length: this.#validity.length,
      nulls: this.#validity.nulls,
      validity: this.#validity.view(),
      buffers: [this.#offsets.view()],
      children: [this.#child.finish()],
    };
    this.#validity.reset();
    this.#offsets.reset();
    this.#offsets.reserve(4);
    return node;
  }
}

/** STRUCT. Where the struct is NULL its fields are made NULL too, so that equal values have equal bytes. */
export class StructBuilder implements ColumnBuilder {
  readonly #fields: readonly ColumnBuilder[];
  readonly #validity: ValidityBuilder;

  constructor(fields: readonly ColumnBuilder[], rows: number) {
    this.#fields = fields;
    this.#validity = new ValidityBuilder(rows);
  }

  get length(): number {
    return this.#validity.length;
  }

  append(vector: EngineVector, first: number, count: number): void {
    const valid = this.#validity.append(vector, first, count);
    this.#fields.forEach((field, index) => {
      const child = structChild(vector, index);
      if (valid) appendWhereValid(field, child, valid, first, count);
      else field.append(child, first, count);
    });
  }

  appendNulls(count: number): void {
    this.#validity.appendNulls(count);
    for (const field of this.#fields) field.appendNulls(count);
  }

  finish(): ArrowNode {
    const node = {
      length: this.#validity.length,
      nulls: this.#validity.nulls,
      validity: this.#validity.view(),
      buffers: [],
      children: this.#fields.map((field) => field.finish()),
    };
    this.#validity.reset();
    return node;
  }
}

/** ARRAY: a list of one fixed size, without offsets. */
export class ArrayBuilder implements ColumnBuilder {
  readonly #child: ColumnBuilder;
  readonly #size: number;
  readonly #validity: ValidityBuilder;

  constructor(child: ColumnBuilder, size: number, rows: number) {
    this.#child = child;
    this.#size = size;
    this.#validity = new ValidityBuilder(rows);
  }

  get length(): number {
    return this.#validity.length;
  }

  append(vector: EngineVector, first: number, count: number): void {
    const valid = this.#validity.append(vector, first, count);
    const child = arrayChild(vector);
    if (!valid) {
      this.#child.append(child, first * this.#size, count * this.#size);
      return;
    }
    for (let i = first; i < first + count; i++) {
      if (isSet(valid, i)) this.#child.append(child, i * this.#size, this.#size);
      else this.#child.appendNulls(this.#size);
    }
  }

  appendNulls(count: number): void {
    this.#validity.appendNulls(count);
    this.#child.appendNulls(count * this.#size);
  }

  finish(): ArrowNode {
    const node = {
      length: this.#validity.length,
      nulls: this.#validity.nulls,
      validity: this.#validity.view(),
      buffers: [],
      children: [this.#child.finish()],
    };
    this.#validity.reset();
    return node;
  }
}

/** Appends runs of rows that are valid in the parent, and NULLs for the others. */
function appendWhereValid(field: ColumnBuilder, child: EngineVector, valid: Uint8Array, first: number, count: number): void {
  const end = first + count;
  let i = first;
  while (i < end) {
    const good = isSet(valid, i);
    let stop = i + 1;
    while (stop < end && isSet(valid, stop) === good) stop++;
    if (good) field.append(child, i, stop - i);
    else field.appendNulls(stop - i);
    i = stop;
  }
}
