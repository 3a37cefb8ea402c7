import type { Clock } from '../../shared/clock.ts';

/** Why a transfer stopped before its end. */
export class TransferStopped extends Error {
  override name = 'TransferStopped';
  readonly why: 'timeout' | 'aborted' | 'closed';

  constructor(why: 'timeout' | 'aborted' | 'closed') {
    super(`transfer ${why}`);
    this.why = why;
  }
}

/** What a sender may still send for one fetch. One taker at a time; a taker that waits longer than `idleMs` is given up. */
export class Credit {
  #bytes: number;
  #stopped: TransferStopped | undefined;
  #waiting: { readonly resolve: () => void; readonly reject: (error: unknown) => void; readonly cancel: () => void } | undefined;
  readonly #clock: Clock;
  readonly #idleMs: number;

  constructor(bytes: number, clock: Clock, idleMs: number) {
    this.#bytes = bytes;
    this.#clock = clock;
    this.#idleMs = idleMs;
  }

  add(bytes: number): void {
    this.#bytes = Math.min(Number.MAX_SAFE_INTEGER, this.#bytes + bytes);
    if (bytes > 0) this.#wake((waiting) => waiting.resolve());
  }

  stop(why: TransferStopped['why']): void {
    this.#stopped ??= new TransferStopped(why);
    this.#wake((waiting) => waiting.reject(this.#stopped));
  }

  /** Takes at least 1 and at most `wanted` bytes, as soon as there are any. Rejects with TransferStopped. */
  async take(wanted: number): Promise<number> {
    if (this.#bytes === 0 && !this.#stopped) await this.#wait();
    if (this.#stopped) throw this.#stopped;
    const taken = Math.min(wanted, this.#bytes);
    this.#bytes -= taken;
    return taken;
  }

  #wait(): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.after(this.#idleMs, () => this.stop('timeout'));
      this.#waiting = { resolve, reject, cancel };
    });
  }

  #wake(act: (waiting: { resolve: () => void; reject: (error: unknown) => void }) => void): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.cancel();
    if (waiting) act(waiting);
  }
}
