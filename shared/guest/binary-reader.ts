/** Reads the WebAssembly binary format within bounds: https://webassembly.github.io/spec/core/binary/ */
import { AdmissionError } from './admission-problem.ts';

const MORE = 0x80;

export class BinaryReader {
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;

  constructor(bytes: Uint8Array, at = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  get done(): boolean {
    return this.at >= this.end;
  }

  /** Refuses the module as damaged, at where the reader stands. */
  damaged(what: string): never {
    throw new AdmissionError({
      code: 'malformed',
      message: `${what} at byte ${this.at}`,
      hint: 'Upload the .wasm file as the compiler wrote it.',
      offset: this.at,
    });
  }

  u8(): number {
    if (this.at >= this.end) this.damaged('the module ends too early');
    return this.bytes[this.at++] as number;
  }

  /** An unsigned LEB128 number of at most 32 bits. */
  u32(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.u8();
      value += (byte & 0x7f) * 2 ** shift;
      if ((byte & MORE) === 0) {
        if (value > 0xffffffff) this.damaged('a number is too large');
        return value;
      }
    }
    return this.damaged('a number is too long');
  }

  /** A count of things that each take at least `bytesEach` bytes of what is left. */
  count(bytesEach = 1): number {
    const count = this.u32();
    if (count * bytesEach > this.end - this.at) this.damaged('a count is larger than what follows');
    return count;
  }

  /** Passes over a LEB128 number of any sign and at most 64 bits. */
  skipLeb(): void {
    for (let i = 0; i < 10; i++) if ((this.u8() & MORE) === 0) return;
    this.damaged('a number is too long');
  }

  skip(bytes: number): void {
    if (bytes > this.end - this.at) this.damaged('the module ends too early');
    this.at += bytes;
  }

  name(): string {
    const length = this.count();
    const from = this.at;
    this.at += length;
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(this.bytes.subarray(from, this.at));
    } catch {
      return this.damaged('a name is no UTF-8');
    }
  }
}

/** Unsigned LEB128. */
export function leb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 ? low | MORE : low);
  } while (rest > 0);
  return bytes;
}
