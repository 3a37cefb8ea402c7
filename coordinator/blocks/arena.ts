/** Hands out runs of a fixed memory, first fit: so that as little of it as possible is ever used. */
import { invariant } from '../../shared/assert.ts';

const UNIT_BYTES = 16 * 1024;

export class Arena {
  readonly #at: number;
  /** Which units are taken; the number of them at the first of each run. */
  readonly #taken: Uint8Array;
  readonly #runs: Uint32Array;

  /** `at` is the address of the first of `bytes` bytes. */
  constructor(at: number, bytes: number) {
    const units = Math.floor(bytes / UNIT_BYTES);
    this.#at = at;
    this.#taken = new Uint8Array(units);
    this.#runs = new Uint32Array(units);
  }

  /** Bytes that are handed out. */
  get usedBytes(): number {
    return this.#runs.reduce((sum, units) => sum + units, 0) * UNIT_BYTES;
  }

  /** Address of at least `bytes` bytes; undefined when there is no such run. */
  take(bytes: number): number | undefined {
    const units = Math.max(1, Math.ceil(bytes / UNIT_BYTES));
    let from = this.#taken.indexOf(0);
    while (from >= 0 && from + units <= this.#taken.length) {
      const next = this.#taken.indexOf(1, from);
      if (next < 0 || next - from >= units) {
        this.#taken.fill(1, from, from + units);
        this.#runs[from] = units;
        return this.#at + from * UNIT_BYTES;
      }
      from = this.#taken.indexOf(0, next);
    }
    return undefined;
  }

  /** Keeps only the first `bytes` of what lies at `at`. */
  trim(at: number, bytes: number): void {
    const first = this.#first(at);
    const [units, kept] = [this.#runs[first] ?? 0, Math.max(1, Math.ceil(bytes / UNIT_BYTES))];
    invariant(kept <= units, 'a run was trimmed to more than it had');
    this.#taken.fill(0, first + kept, first + units);
    this.#runs[first] = kept;
  }

  give(at: number): void {
    const first = this.#first(at);
    this.#taken.fill(0, first, first + (this.#runs[first] ?? 0));
    this.#runs[first] = 0;
  }

  #first(at: number): number {
    const first = (at - this.#at) / UNIT_BYTES;
    invariant((this.#runs[first] ?? 0) > 0, 'no run of the arena begins here');
    return first;
  }
}
