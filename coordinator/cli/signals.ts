/** Waits for Ctrl-C or a polite kill. A second one ends the process at once. */
export interface Stopped {
  /** Resolves with the signal's name. */
  readonly promise: Promise<NodeJS.Signals>;
  readonly signal: AbortSignal;
  release(): void;
}

const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const EXIT_CODES: { readonly [signal: string]: number } = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

export function onceStopped(): Stopped {
  const abort = new AbortController();
  let stop: (signal: NodeJS.Signals) => void = () => {};
  const promise = new Promise<NodeJS.Signals>((resolve) => {
    stop = resolve;
  });
  const handle = (signal: NodeJS.Signals) => {
    if (abort.signal.aborted) process.exit(EXIT_CODES[signal] ?? 1);
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
