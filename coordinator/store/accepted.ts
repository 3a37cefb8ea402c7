import type { Kysely } from 'kysely';
import type { AcceptedJob, AcceptedJobs } from '../jobs/accepted.ts';
import type { Tables } from './schema.ts';
import type { StoreThread } from './thread-client.ts';
import { stepOf } from './thread-dialect.ts';

export class AcceptedStore implements AcceptedJobs {
  readonly #db: Kysely<Tables>;

  readonly #thread: StoreThread;

  constructor(db: Kysely<Tables>, thread: StoreThread) {
    this.#db = db;
    this.#thread = thread;
  }

  /** Oldest first. */
  async list(): Promise<AcceptedJob[]> {
    const rows = await this.#db.selectFrom('accepted_jobs').select('body').orderBy('seq').execute();
    return rows.map((row) => JSON.parse(row.body) as AcceptedJob);
  }

  async add(job: AcceptedJob): Promise<void> {
    const row = { job_id: job.jobId, body: JSON.stringify(job) };
    await this.#thread.run([stepOf(this.#db.insertInto('accepted_jobs').values(row))]);
  }
}
