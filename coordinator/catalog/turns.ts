import { CatalogError } from './errors.ts';

/** Lets at most `width` pieces of work with the same key run at once; others wait in order of arrival. */
export class Turns {
  readonly #width: number;
  readonly #running = new Map<string, number>();
  readonly #waiting = new Map<string, (() => void)[]>();

  constructor(width: number) {
    this.#width = width;
  }

  /** @throws CatalogError `ingest-cancelled` when the signal comes before the turn does */
  async run<T>(key: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    await this.#enter(key);
    try {
      if (signal?.aborted) throw new CatalogError({ code: 'ingest-cancelled', message: 'It was cancelled while it waited.' });
      return await work();
    } finally {
      this.#leave(key);
    }
  }

  #enter(key: string): Promise<void> {
    const running = this.#running.get(key) ?? 0;
    if (running < this.#width) {
      this.#running.set(key, running + 1);
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const queue = this.#waiting.get(key) ?? [];
      queue.push(resolve);
      this.#waiting.set(key, queue);
    });
  }

  /** The place passes straight to who waits longest, so nobody slips in between. */
  #leave(key: string): void {
    const queue = this.#waiting.get(key);
    const next = queue?.shift();
    if (queue?.length === 0) this.#waiting.delete(key);
    if (next) {
      next();
      return;
    }
    const left = (this.#running.get(key) ?? 1) - 1;
    if (left > 0) this.#running.set(key, left);
    else this.#running.delete(key);
  }
}
