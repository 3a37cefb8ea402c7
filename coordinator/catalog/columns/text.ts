/**
 * VARCHAR and BLOB. The engine keeps a string as 16 bytes: a length, then up to 12 bytes in place, or 4 bytes of prefix and a
 * pointer. Reading through a pointer costs a call, so neighbours in memory are read together.
 */
import { GrowingBytes } from './growing.ts';
import type { ArrowNode, ColumnBuilder, EngineVector } from './node.ts';
import { isSet, ValidityBuilder } from './validity.ts';
import { behindPointer, vectorData } from './vectors.ts';

const INLINE_BYTES = 12;
/**
 * Strings this close in memory are read in one call, the gap between them too (and thrown away). A gap smaller than a page of
 * memory lies wholly in pages that hold a part of one of the two strings, so reading it can't fault.
 */
const MAX_GAP = 4095;
/** A run longer than this is cut, so that one call never copies much more than it must. */
const MAX_RUN = 1 << 20;

export class TextBuilder implements ColumnBuilder {
  readonly #offsets: GrowingBytes;
  readonly #data: GrowingBytes;
  readonly #validity: ValidityBuilder;

  constructor(rows: number) {
    this.#offsets = new GrowingBytes((rows + 1) * 4);
    this.#offsets.reserve(4);
    this.#data = new GrowingBytes(rows * 8);
    this.#validity = new ValidityBuilder(rows);
  }

  get length(): number {
    return this.#validity.length;
  }

  append(vector: EngineVector, first: number, count: number): void {
    const valid = this.#validity.append(vector, first, count);
    const source = vectorData(vector, (first + count) * 16);
    const words = new Uint32Array(source.buffer, source.byteOffset, (first + count) * 4);
    let total = 0;
    for (let i = first; i < first + count; i++) if (!valid || isSet(valid, i)) total += words[i * 4] as number;
    const offsetsAt = this.#offsets.reserve(count * 4);
    const offsets = new Int32Array(this.#offsets.bytes.buffer, offsetsAt, count);
    let at = this.#data.reserve(total);
    const out = this.#data.bytes;
    let i = first;
    const end = first + count;
    while (i < end) {
      const length = valid && !isSet(valid, i) ? 0 : (words[i * 4] as number);
      if (length > INLINE_BYTES) {
        const next = this.#copyRun({ source, words, valid, end }, i, at, offsets, first);
        at = next.at;
        i = next.row;
        continue;
      }
      const from = i * 16 + 4;
      for (let k = 0; k < length; k++) out[at + k] = source[from + k] as number;
      at += length;
      offsets[i - first] = at;
      i++;
    }
  }

  appendNulls(count: number): void {
    this.#validity.appendNulls(count);
    const offsetsAt = this.#offsets.reserve(count * 4);
    new Int32Array(this.#offsets.bytes.buffer, offsetsAt, count).fill(this.#data.length);
  }

  finish(): ArrowNode {
    const validity = this.#validity;
    const node = {
      length: validity.length,
      nulls: validity.nulls,
      validity: validity.view(),
      buffers: [this.#offsets.view(), this.#data.view()],
      children: [],
    };
    validity.reset();
    this.#offsets.reset();
    this.#offsets.reserve(4);
    this.#data.reset();
    return node;
  }

  /** Copies strings from `row` on that follow one another in memory; short ones and NULLs between them come along. */
  #copyRun(strings: Strings, row: number, start: number, offsets: Int32Array, first: number): { row: number; at: number } {
    const { source, words, valid, end } = strings;
    const base = pointerOf(words, row);
    let stop = base + (words[row * 4] as number);
    let last = row + 1;
    for (let i = row + 1; i < end; i++) {
      const length = valid && !isSet(valid, i) ? 0 : (words[i * 4] as number);
      if (length <= INLINE_BYTES) continue;
      const pointer = pointerOf(words, i);
      if (pointer < stop || pointer - stop > MAX_GAP || pointer + length - base > MAX_RUN) break;
      stop = pointer + length;
      last = i + 1;
    }
    const memory = behindPointer(source, row * 16 + 8, stop - base);
    const out = this.#data.bytes;
    let at = start;
    for (let i = row; i < last; i++) {
      const length = valid && !isSet(valid, i) ? 0 : (words[i * 4] as number);
      const from = length > INLINE_BYTES ? pointerOf(words, i) - base : i * 16 + 4;
      const bytes = length > INLINE_BYTES ? memory : source;
      if (length > 64) out.set(bytes.subarray(from, from + length), at);
      else for (let k = 0; k < length; k++) out[at + k] = bytes[from + k] as number;
      at += length;
      offsets[i - first] = at;
    }
    return { row: last, at };
  }
}

interface Strings {
  readonly source: Uint8Array;
  readonly words: Uint32Array;
  readonly valid: Uint8Array | undefined;
  readonly end: number;
}

/** Addresses have 48 bits at most and so are exact in a double. */
function pointerOf(words: Uint32Array, row: number): number {
  return (words[row * 4 + 2] as number) + (words[row * 4 + 3] as number) * 2 ** 32;
}
