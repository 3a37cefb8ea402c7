import type { Clock } from '../../shared/clock.ts';

/** Held back for the time when nothing comes. */
const RESERVE_BYTES = 1024;

/**
 * The same bytes, but never silent for long: the last few are held back until more have come, and given one by one meanwhile. So
 * clients and proxies that give up on a silent connection (Node's fetch after 300 s) don't, in whatever format.
 */
export async function* keptAlive(
  body: AsyncIterable<Uint8Array>,
  clock: Clock,
  everyMs: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = body[Symbol.asyncIterator]();
  let held: Uint8Array = new Uint8Array(0);
  try {
    for (;;) {
      const next = iterator.next();
      while (held.length > 0 && !(await comesWithin(next, clock, everyMs))) {
        yield held.subarray(0, 1);
        held = held.subarray(1);
      }
      const { done, value } = await next;
      if (held.length > 0) yield held;
      if (done) return;
      // At least the first byte goes out, and with it the head of the answer.
      const kept = Math.min(RESERVE_BYTES, Math.max(0, value.length - 1));
      if (kept < value.length) yield value.subarray(0, value.length - kept);
      held = value.subarray(value.length - kept);
    }
  } finally {
    await iterator.return?.();
  }
}

/** Also true when it fails: whoever awaits it then will know. */
async function comesWithin(promise: Promise<unknown>, clock: Clock, ms: number): Promise<boolean> {
  let cancel: () => void = () => undefined;
  const late = new Promise<boolean>((resolve) => {
    cancel = clock.after(ms, () => resolve(false));
  });
  const came = promise.then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([came, late]);
  } finally {
    cancel();
  }
}
