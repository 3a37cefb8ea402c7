import { GrowingBytes } from './growing.ts';
import type { ArrowNode, ColumnBuilder, EngineVector } from './node.ts';
import { isSet, ValidityBuilder } from './validity.ts';
import { vectorData } from './vectors.ts';

/** Types whose engine layout is Arrow's own: integers, floats, dates, times and timestamps. `width` is bytes a value. */
export class FixedBuilder implements ColumnBuilder {
  readonly #width: number;
  readonly #data: GrowingBytes;
  readonly #validity: ValidityBuilder;

  constructor(width: number, rows: number) {
    this.#width = width;
    this.#data = new GrowingBytes(rows * width);
    this.#validity = new ValidityBuilder(rows);
  }

  get length(): number {
    return this.#validity.length;
  }

  append(vector: EngineVector, first: number, count: number): void {
    const width = this.#width;
    const valid = this.#validity.append(vector, first, count);
    const at = this.#data.reserve(count * width);
    const out = this.#data.bytes;
    out.set(vectorData(vector, (first + count) * width).subarray(first * width), at);
    if (!valid) return;
    for (let i = 0; i < count; i++) if (!isSet(valid, first + i)) out.fill(0, at + i * width, at + (i + 1) * width);
  }

  appendNulls(count: number): void {
    this.#validity.appendNulls(count);
    const at = this.#data.reserve(count * this.#width);
    this.#data.bytes.fill(0, at, this.#data.length);
  }

  finish(): ArrowNode {
    const node = leaf(this.#validity, [this.#data.view()]);
    this.#validity.reset();
    this.#data.reset();
    return node;
  }
}

/** BOOLEAN: a byte a value in the engine, a bit in Arrow. */
export class BooleanBuilder implements ColumnBuilder {
  readonly #data: GrowingBytes;
  readonly #validity: ValidityBuilder;

  constructor(rows: number) {
    this.#data = new GrowingBytes((rows + 7) >> 3);
    this.#validity = new ValidityBuilder(rows);
  }

  get length(): number {
    return this.#validity.length;
  }

  append(vector: EngineVector, first: number, count: number): void {
    const from = this.#validity.length;
    const valid = this.#validity.append(vector, first, count);
    const source = vectorData(vector, first + count);
    const out = this.#room(from + count);
    for (let i = 0; i < count; i++) {
      if (source[first + i] === 0 || (valid && !isSet(valid, first + i))) continue;
      out[(from + i) >> 3] = (out[(from + i) >> 3] as number) | (1 << ((from + i) & 7));
    }
  }

  appendNulls(count: number): void {
    this.#validity.appendNulls(count);
    this.#room(this.#validity.length);
  }

  finish(): ArrowNode {
    // Copied, since the bits of the next chunk are or-ed into zeroed memory.
    const node = leaf(this.#validity, [this.#data.view().slice()]);
    this.#validity.reset();
    this.#data.reset();
    return node;
  }

  #room(values: number): Uint8Array {
    const needed = ((values + 7) >> 3) - this.#data.length;
    if (needed > 0) {
      const at = this.#data.reserve(needed);
      this.#data.bytes.fill(0, at, this.#data.length);
    }
    return this.#data.bytes;
  }
}

/** INTERVAL: months, days and microseconds in the engine; Arrow has nanoseconds, to which very long ones do not stretch. */
export class IntervalBuilder implements ColumnBuilder {
  readonly #data: GrowingBytes;
  readonly #validity: ValidityBuilder;

  constructor(rows: number) {
    this.#data = new GrowingBytes(rows * 16);
    this.#validity = new ValidityBuilder(rows);
  }

  get length(): number {
    return this.#validity.length;
  }

  append(vector: EngineVector, first: number, count: number): void {
    const valid = this.#validity.append(vector, first, count);
    const at = this.#data.reserve(count * 16);
    const source = vectorData(vector, (first + count) * 16);
    const from = new DataView(source.buffer, source.byteOffset + first * 16, count * 16);
    const to = new DataView(this.#data.bytes.buffer, at, count * 16);
    for (let i = 0; i < count * 16; i += 16) {
      const good = !valid || isSet(valid, first + (i >> 4));
      to.setInt32(i, good ? from.getInt32(i, true) : 0, true);
      to.setInt32(i + 4, good ? from.getInt32(i + 4, true) : 0, true);
      const nanos = good ? from.getBigInt64(i + 8, true) * 1000n : 0n;
      if (BigInt.asIntN(64, nanos) !== nanos) throw new RangeError('an INTERVAL is longer than 292 years of microseconds');
      to.setBigInt64(i + 8, nanos, true);
    }
  }

  appendNulls(count: number): void {
    this.#validity.appendNulls(count);
    const at = this.#data.reserve(count * 16);
    this.#data.bytes.fill(0, at, this.#data.length);
  }

  finish(): ArrowNode {
    const node = leaf(this.#validity, [this.#data.view()]);
    this.#validity.reset();
    this.#data.reset();
    return node;
  }
}

/** DECIMAL: 2, 4, 8 or 16 bytes in the engine, by its width in digits; always 16 in Arrow. */
export class DecimalBuilder implements ColumnBuilder {
  readonly #engineBytes: 2 | 4 | 8 | 16;
  readonly #data: GrowingBytes;
  readonly #validity: ValidityBuilder;

  constructor(digits: number, rows: number) {
    this.#engineBytes = digits <= 4 ? 2 : digits <= 9 ? 4 : digits <= 18 ? 8 : 16;
    this.#data = new GrowingBytes(rows * 16);
    this.#validity = new ValidityBuilder(rows);
  }

  get length(): number {
    return this.#validity.length;
  }

  append(vector: EngineVector, first: number, count: number): void {
    const size = this.#engineBytes;
    const valid = this.#validity.append(vector, first, count);
    const at = this.#data.reserve(count * 16);
    const source = vectorData(vector, (first + count) * size).subarray(first * size);
    const out = new Int32Array(this.#data.bytes.buffer, at, count * 4);
    widen(source, size, out, count);
    if (!valid) return;
    for (let i = 0; i < count; i++) if (!isSet(valid, first + i)) out.fill(0, i * 4, i * 4 + 4);
  }

  appendNulls(count: number): void {
    this.#validity.appendNulls(count);
    const at = this.#data.reserve(count * 16);
    this.#data.bytes.fill(0, at, this.#data.length);
  }

  finish(): ArrowNode {
    const node = leaf(this.#validity, [this.#data.view()]);
    this.#validity.reset();
    this.#data.reset();
    return node;
  }
}

/** Sign-extends `count` little-endian integers of `size` bytes to four 32-bit words each. */
function widen(source: Uint8Array, size: 2 | 4 | 8 | 16, out: Int32Array, count: number): void {
  if (size === 16) {
    out.set(new Int32Array(source.buffer, source.byteOffset, count * 4));
  } else if (size === 8) {
    const words = new Int32Array(source.buffer, source.byteOffset, count * 2);
    for (let i = 0; i < count; i++) {
      const high = words[2 * i + 1] as number;
      out[4 * i] = words[2 * i] as number;
      out[4 * i + 1] = high;
      out[4 * i + 2] = out[4 * i + 3] = high >> 31;
    }
  } else {
    const words =
      size === 4
        ? new Int32Array(source.buffer, source.byteOffset, count)
        : new Int16Array(source.buffer, source.byteOffset, count);
    for (let i = 0; i < count; i++) {
      const low = words[i] as number;
      out[4 * i] = low;
      out[4 * i + 1] = out[4 * i + 2] = out[4 * i + 3] = low >> 31;
    }
  }
}

function leaf(validity: ValidityBuilder, buffers: readonly Uint8Array[]): ArrowNode {
  return { length: validity.length, nulls: validity.nulls, validity: validity.view(), buffers, children: [] };
}
