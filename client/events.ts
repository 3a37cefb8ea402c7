/** The coordinator's event stream, kept alive: it reconnects with Last-Event-ID, waiting longer after each failure. */
import type { Http } from './http.ts';
import { ProblemError } from './problem.ts';
import { readSse } from './sse.ts';
import type { GridEvent } from './types.ts';

/** Options of `events`. */
export interface EventsOptions {
  /** Ends the iteration. */
  readonly signal?: AbortSignal;
  /** Told when the stream opens and when it is lost (with why), so that pages can say so. */
  readonly onConnection?: (state: 'open' | 'lost', why?: ProblemError) => void;
  /** Pause before the first reconnect; doubles up to 30 times that. */
  readonly firstRetryMs?: number;
  /** Waits; for tests. */
  readonly delay?: (ms: number, signal?: AbortSignal) => Promise<void>;
}

/** Resolves after `ms`, or at once when `signal` aborts. */
export function delay(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve();
      return;
    }
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done);
  });
}

/** Refusals that waiting does not mend. */
function isFinal(error: unknown): boolean {
  return error instanceof ProblemError && [400, 401, 403, 404].includes(error.status);
}

function asProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  return new ProblemError({ code: 'stream-lost', title: 'The event stream broke off', detail: String(error), status: 0 });
}

/**
 * Yields events until `signal` aborts. Throws ProblemError when the coordinator refuses (401, 403 and the like); every other
 * failure is waited out.
 */
export async function* events(http: Http, options: EventsOptions = {}): AsyncGenerator<GridEvent> {
  const first = options.firstRetryMs ?? 1_000;
  const wait = options.delay ?? delay;
  const aborted = (): boolean => options.signal?.aborted === true;
  let lastId: string | undefined;
  let retryMs = first;
  while (!aborted()) {
    try {
      const response = await http.send('GET', '/v1/events', {
        headers: { accept: 'text/event-stream', ...(lastId === undefined ? {} : { 'last-event-id': lastId }) },
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      });
      options.onConnection?.('open');
      retryMs = first;
      if (response.body === null)
        throw new ProblemError({ code: 'stream-lost', title: 'The event stream was empty', detail: '', status: 0 });
      for await (const message of readSse(response.body)) {
        lastId = message.id ?? lastId;
        if (message.retryMs !== undefined) retryMs = message.retryMs;
        yield { type: message.type, data: JSON.parse(message.data), ...(message.id === undefined ? {} : { id: message.id }) };
      }
      if (!aborted()) options.onConnection?.('lost');
    } catch (error) {
      if (aborted()) return;
      if (isFinal(error)) throw error;
      options.onConnection?.('lost', asProblem(error));
    }
    // Spread out, so that thirty pages do not come back in the same instant.
    await wait(retryMs * (0.75 + Math.random() / 2), options.signal);
    retryMs = Math.min(retryMs * 2, first * 30);
  }
}
