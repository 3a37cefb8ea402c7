/** A guest's memory as the host reads it: every access names what it is for, and stays within bounds. */
import { authorError, type GuestError } from '../../shared/guest/guest-error.ts';

/** The most rows, elements or bytes of text that one emit may have: bits and bytes of so many are counted in 32 bits. */
export const COUNT_MAX = 2 ** 30;

export const emitError = (message: string, hint?: string): GuestError => authorError('guest-emit', `emit: ${message}`, hint);

export class GuestView {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;

  constructor(memory: ArrayBuffer) {
    this.bytes = new Uint8Array(memory);
    this.#view = new DataView(memory);
  }

  /** Throws unless `bytes` bytes from `at` are in the memory. Address 0 is never valid. */
  check(at: number, bytes: number, what: string): void {
    if (at !== 0 && at + bytes <= this.bytes.length) return;
    const where = at === 0 ? 'a null pointer' : `${bytes} bytes from ${at}`;
    throw emitError(`${what} is ${where}; the memory has ${this.bytes.length} bytes`);
  }

  /** Must lie within what was checked. */
  u32(at: number): number {
    return this.#view.getUint32(at, true);
  }

  /** An int64 that must be a count, 0 to COUNT_MAX; with `unknown`, -1 is allowed as well. Must lie within what was checked. */
  count(at: number, what: string, unknown = false): number {
    const value = this.#view.getBigInt64(at, true);
    if (value > BigInt(COUNT_MAX) || value < (unknown ? -1n : 0n)) throw emitError(`${what} is ${value}`);
    return Number(value);
  }

  /** UTF-8 that ends with a zero byte, at most `longest` bytes of it. */
  text(at: number, longest: number, what: string): string {
    this.check(at, 1, what);
    const end = at + this.bytes.subarray(at, at + longest + 1).indexOf(0);
    if (end < at) throw emitError(`${what} does not end with a zero byte within ${longest} bytes`);
    return this.decode(at, end - at, what);
  }

  decode(at: number, bytes: number, what: string): string {
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(this.bytes.subarray(at, at + bytes));
    } catch {
      throw emitError(`${what} is no UTF-8`);
    }
  }
}
