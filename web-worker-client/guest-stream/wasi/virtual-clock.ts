/** 2023-11-14T22:13:20Z: the beginning of every guest's time. */
export const GUEST_EPOCH_NANOS = 1_700_000_000_000_000_000n;
/** What one look at a clock costs; so a loop that waits for a time ends. */
const NANOS_PER_READ = 1_000n;

const REALTIME = 0;
const CLOCKS = 4;

/** Moves only when it is read, and when the guest waits. */
export class VirtualClock {
  #nanos = 0n;

  known(clock: number): boolean {
    return clock >= 0 && clock < CLOCKS;
  }

  read(clock: number): bigint {
    this.#nanos += NANOS_PER_READ;
    return this.now(clock);
  }

  /** As read, but free. */
  now(clock: number): bigint {
    return BigInt.asUintN(64, clock === REALTIME ? GUEST_EPOCH_NANOS + this.#nanos : this.#nanos);
  }

  advance(nanos: bigint): void {
    this.#nanos += nanos;
  }
}
