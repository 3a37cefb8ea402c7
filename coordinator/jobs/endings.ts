/**
 * What was written down for an accepted job's sake goes once those who waited have their answer: it costs them nothing then, and a start
 * that still finds it beside the job's record drops it.
 */
import type { JobId } from '../../shared/ids.ts';
import type { JobStorePort } from './ports.ts';

export interface EndingsOptions {
  readonly store: Pick<JobStorePort, 'end'>;
  readonly log: (error: unknown, what: string) => void;
}

export class Endings {
  readonly #options: EndingsOptions;
  readonly #writing = new Set<Promise<void>>();

  constructor(options: EndingsOptions) {
    this.#options = options;
  }

  /** Of a job whose record is written down. */
  end(jobId: JobId): void {
    const { store, log } = this.#options;
    const writing = new Promise<void>((resolve) => setImmediate(resolve))
      .then(() => store.end(jobId))
      .catch((error: unknown) => log(error, `the journal of job ${jobId} could not be deleted`))
      .finally(() => this.#writing.delete(writing));
    this.#writing.add(writing);
  }

  /** Resolves when all of them are written. */
  async written(): Promise<void> {
    await Promise.all(this.#writing);
  }
}
