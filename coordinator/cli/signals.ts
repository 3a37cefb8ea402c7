/**
 * Waits for Ctrl-C or a polite kill. A later second one ends the process at once; one that comes right behind the first is the
 * same: npm passes on to its child what the terminal has already sent to both.
 */
export interface Stopped {
  /** Resolves with the signal's name. */
  readonly promise: Promise<NodeJS.Signals>;
  readonly signal: AbortSignal;
  release(): void;
}

const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const SAME_MS = 1_000;
const EXIT_CODES: { readonly [signal: string]: number } = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

export function onceStopped(): Stopped {
  const abort = new AbortController();
  let firstMs = 0;
  let stop: (signal: NodeJS.Signals) => void = () => {};
  const promise = new Promise<NodeJS.Signals>((resolve) => {
    stop = resolve;
  });
  const handle = (signal: NodeJS.Signals) => {
    const now = performance.now();
    if (abort.signal.aborted && now - firstMs > SAME_MS) process.exit(EXIT_CODES[signal] ?? 1);
    if (abort.signal.aborted) return;
    firstMs = now;
    abort.abort();
    stop(signal);
  };
  for (const signal of SIGNALS) process.on(signal, handle);
  return {
    promise,
    signal: abort.signal,
    release() {
      for (const signal of SIGNALS) process.removeListener(signal, handle);
    },
  };
}
