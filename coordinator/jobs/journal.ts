/**
 * Accepted jobs that are not settled, so that a coordinator killed at any moment runs them again. One value in the store,
 * written as a whole; writes that come while one is under way share the next.
 */
import type { JobId } from '../../shared/ids.ts';
import type { AuthorPlan } from '../../shared/plan/author-plan.ts';
import type { JobOptions } from '../core/events.ts';
import type { MetaStore } from '../store/meta.ts';

export interface AcceptedJob {
  readonly jobId: JobId;
  readonly owner: string;
  readonly name?: string;
  readonly sql: string;
  /** Of a job of several relations; `sql` is then words for people. */
  readonly relations?: AuthorPlan;
  readonly options: JobOptions;
  /** Wall clock, ms since the epoch; what now() means in the query. */
  readonly submittedAtMs: number;
  /** As planned first: the job must not go on over other data. */
  readonly datasets: readonly { readonly name: string; readonly version: string }[];
}

const META_KEY = 'jobs-accepted';

export class JobJournal {
  readonly #meta: Pick<MetaStore, 'get' | 'set'>;
  readonly #jobs = new Map<JobId, AcceptedJob>();
  #writing: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  private constructor(meta: Pick<MetaStore, 'get' | 'set'>) {
    this.#meta = meta;
  }

  static async open(meta: Pick<MetaStore, 'get' | 'set'>): Promise<JobJournal> {
    const journal = new JobJournal(meta);
    const text = await meta.get(META_KEY);
    for (const job of text === undefined ? [] : (JSON.parse(text) as AcceptedJob[])) journal.#jobs.set(job.jobId, job);
    return journal;
  }

  list(): readonly AcceptedJob[] {
    return [...this.#jobs.values()];
  }

  /** Resolves once it is written. */
  add(job: AcceptedJob): Promise<void> {
    this.#jobs.set(job.jobId, job);
    return this.#write();
  }

  remove(jobId: JobId): Promise<void> {
    return this.#jobs.delete(jobId) ? this.#write() : Promise.resolve();
  }

  #write(): Promise<void> {
    if (!this.#writing) {
      this.#writing = this.#meta.set(META_KEY, JSON.stringify([...this.#jobs.values()])).finally(() => {
        this.#writing = undefined;
      });
      return this.#writing;
    }
    this.#next ??= this.#writing
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return this.#write();
      });
    return this.#next;
  }
}
