import type { Kysely } from 'kysely';
import type { AcceptedJob, AcceptedJobs } from '../jobs/accepted.ts';
import type { Tables } from './schema.ts';
import type { StoreThread } from './thread-client.ts';

const INSERT = 'INSERT INTO accepted_jobs (job_id, body) VALUES (?, ?)';

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
    await this.#thread.run([{ sql: INSERT, sets: [[job.jobId, JSON.stringify(job)]] }]);
  }
}
