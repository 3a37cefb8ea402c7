/** A guest's clock and random numbers: equal for equal recipes, whoever runs them (B-50 and following). */
import { Prng } from '../prng.ts';

/** 2000-01-01T00:00:00Z in nanoseconds since 1970. */
const CLOCK_START_NANOS = 946_684_800_000_000_000n;
const CLOCK_STEP_NANOS = 1_000n;

/** Goes on by a microsecond at each reading. */
export class VirtualClock {
  #nanos = 0n;

  /** Nanoseconds since 1970 for the real-time clock, else since the guest began. */
  read(realTime: boolean): bigint {
    this.#nanos += CLOCK_STEP_NANOS;
    return realTime ? CLOCK_START_NANOS + this.#nanos : this.#nanos;
  }

  /** As if the guest had slept. */
  advance(nanos: bigint): void {
    if (nanos > 0n) this.#nanos += nanos;
  }
}

/** Bytes from a 64-bit seed. Not for secrets. */
export class SeededRandom {
  readonly #low: Prng;
  readonly #high: Prng;

  constructor(seed: bigint) {
    this.#low = new Prng(Number(BigInt.asUintN(32, seed)));
    this.#high = new Prng(Number(BigInt.asUintN(32, seed >> 32n)) ^ 0x5bd1e995);
  }

  u32(): number {
    return (this.#low.u32() ^ this.#high.u32()) >>> 0;
  }

  fill(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += 4) {
      let word = this.u32();
      for (let i = at; i < Math.min(at + 4, bytes.length); i++, word >>>= 8) bytes[i] = word & 0xff;
    }
  }
}
