/**
 * What may interrupt an attempt between slices: cancel, its deadline, the CPU share. Every long loop of an attempt awaits
 * `breathe`; messages to the slot get in while it waits.
 */
import type { Failure } from '../../shared/failure.ts';

/** Thrown out of `breathe` and `sleep` when the attempt must end; carries why. */
export class AttemptStopped extends Error {
  override name = 'AttemptStopped';
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

export interface AttemptControlOptions {
  readonly maxRunMs: number;
  /** Part of the time that this slot may compute, above 0 and at most 1; read anew each time. */
  readonly share: () => number;
  readonly nowMs: () => number;
}

/** Going through the event loop costs tens of microseconds: not more often than this. */
const BREATH_MS = 10;
/** Shorter pauses are saved up, since timers are no finer than a few milliseconds. */
const SHORTEST_PAUSE_MS = 8;

export class AttemptControl {
  readonly #options: AttemptControlOptions;
  readonly #channel = new MessageChannel();
  #startedMs: number;
  /** When computing went on after the last breath or pause. */
  #workingSinceMs: number;
  /** Computing time that no pause has paid for yet. */
  #unpaidMs = 0;
  #canceled: Failure | undefined;
  #wake: (() => void) | undefined;

  constructor(options: AttemptControlOptions) {
    this.#options = options;
    this.#startedMs = options.nowMs();
    this.#workingSinceMs = this.#startedMs;
    this.#channel.port1.onmessage = () => this.#wake?.();
  }

  /** The attempt begins now: it may have waited for its turn. */
  start(): void {
    this.#startedMs = this.#options.nowMs();
    this.#workingSinceMs = this.#startedMs;
  }

  /** Milliseconds since the attempt began. */
  get elapsedMs(): number {
    return this.#options.nowMs() - this.#startedMs;
  }

  get maxRunMs(): number {
    return this.#options.maxRunMs;
  }

  cancel(why: string): void {
    this.#canceled ??= { reason: 'released', code: 'released', message: why };
    this.#wake?.();
  }

  /** Throws AttemptStopped when the attempt was cancelled or is past its deadline. */
  check(): void {
    if (this.#canceled) throw new AttemptStopped(this.#canceled);
    if (this.elapsedMs <= this.#options.maxRunMs) return;
    const message = `The task ran longer than ${Math.round(this.#options.maxRunMs / 1000)} s.`;
    throw new AttemptStopped({ reason: 'deadline', code: 'max-run', message, hint: 'Split the work into smaller pieces.' });
  }

  /** Lets messages in if the last breath is some time ago, and pauses as the CPU share demands. Throws AttemptStopped. */
  async breathe(): Promise<void> {
    this.check();
    const workedMs = this.#options.nowMs() - this.#workingSinceMs;
    if (workedMs < BREATH_MS) return;
    this.#unpaidMs += workedMs;
    const share = Math.min(1, Math.max(0.01, this.#options.share()));
    const pauseMs = (this.#unpaidMs * (1 - share)) / share;
    if (pauseMs >= SHORTEST_PAUSE_MS) {
      this.#unpaidMs = 0;
      await this.#wait(pauseMs);
    } else {
      if (share === 1) this.#unpaidMs = 0;
      await this.#yield();
    }
    this.#workingSinceMs = this.#options.nowMs();
    this.check();
  }

  /** Waits until the attempt is `ms` old. Throws AttemptStopped. */
  async waitUntilAge(ms: number): Promise<void> {
    for (let leftMs = ms - this.elapsedMs; leftMs > 0; leftMs = ms - this.elapsedMs) {
      await this.#wait(Math.min(leftMs, this.#options.maxRunMs - this.elapsedMs + 1));
      this.check();
    }
  }

  /** Frees the message channel, which would keep a Node thread alive. */
  close(): void {
    this.#channel.port1.close();
  }

  /** One turn of the event loop; a timer would wait at least 4 ms. */
  async #yield(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      this.#channel.port2.postMessage(null);
    });
    this.#wake = undefined;
  }

  async #wait(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }
}
