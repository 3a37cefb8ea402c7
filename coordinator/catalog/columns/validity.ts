import type { EngineVector } from './node.ts';
import { vectorValidity } from './vectors.ts';

/** Collects validity bits. As long as no NULL was met it only counts, which is the common case. */
export class ValidityBuilder {
  #bits: Uint8Array<ArrayBuffer>;
  length = 0;
  nulls = 0;

  constructor(rows: number) {
    this.#bits = new Uint8Array((rows + 7) >> 3);
  }

  /** Appends the validity of values `first` to `first + count`; answers their bitmap, or undefined when all are valid. */
  append(vector: EngineVector, first: number, count: number): Uint8Array | undefined {
    const source = vectorValidity(vector, first + count);
    const from = this.length;
    this.length += count;
    if (!source || allSet(source, first, count)) {
      if (this.nulls > 0) this.#fill(from, count);
      return undefined;
    }
    this.#startNulls(from);
    const bits = this.#grown(this.length);
    for (let i = 0; i < count; i++) {
      const at = first + i;
      if (((source[at >> 3] as number) >> (at & 7)) & 1)
        bits[(from + i) >> 3] = (bits[(from + i) >> 3] as number) | (1 << ((from + i) & 7));
      else this.nulls++;
    }
    return source;
  }

  appendNulls(count: number): void {
    if (count === 0) return;
    this.#startNulls(this.length);
    this.length += count;
    this.nulls += count;
    this.#grown(this.length);
  }

  appendValid(count: number): void {
    const from = this.length;
    this.length += count;
    if (this.nulls > 0) this.#fill(from, count);
  }

  /** The bitmap: empty without nulls, with zero bits past the end. */
  view(): Uint8Array {
    return this.nulls === 0 ? new Uint8Array(0) : this.#bits.subarray(0, (this.length + 7) >> 3);
  }

  /** The last view stays whole: the next column with NULLs gets memory of its own. */
  reset(): void {
    if (this.nulls > 0) this.#bits = new Uint8Array(this.#bits.length);
    this.length = 0;
    this.nulls = 0;
  }

  /** Before the first NULL nothing was written: set the bits of the values so far. */
  #startNulls(before: number): void {
    if (this.nulls === 0) this.#fill(0, before);
  }

  #fill(from: number, count: number): void {
    const bits = this.#grown(from + count);
    let i = from;
    const end = from + count;
    for (; i < end && (i & 7) !== 0; i++) bits[i >> 3] = (bits[i >> 3] as number) | (1 << (i & 7));
    const whole = end >> 3;
    if (i >> 3 < whole) {
      bits.fill(255, i >> 3, whole);
      i = whole << 3;
    }
    for (; i < end; i++) bits[i >> 3] = (bits[i >> 3] as number) | (1 << (i & 7));
  }

  #grown(values: number): Uint8Array {
    const needed = (values + 7) >> 3;
    if (needed > this.#bits.length) {
      const bigger = new Uint8Array(Math.max(needed, this.#bits.length * 2));
      bigger.set(this.#bits);
      this.#bits = bigger;
    }
    return this.#bits;
  }
}

export function isSet(bits: Uint8Array, index: number): boolean {
  return (((bits[index >> 3] as number) >> (index & 7)) & 1) === 1;
}

function allSet(bits: Uint8Array, first: number, count: number): boolean {
  const end = first + count;
  let i = first;
  for (; i < end && (i & 7) !== 0; i++) if (!isSet(bits, i)) return false;
  for (; i + 8 <= end; i += 8) if (bits[i >> 3] !== 255) return false;
  for (; i < end; i++) if (!isSet(bits, i)) return false;
  return true;
}
