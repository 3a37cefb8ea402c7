import type { Kysely } from 'kysely';
import type { AcceptedJob, AcceptedJobs } from '../jobs/accepted.ts';
import type { Tables } from './schema.ts';

export class AcceptedStore implements AcceptedJobs {
  readonly #db: Kysely<Tables>;

  constructor(db: Kysely<Tables>) {
    this.#db = db;
  }

  /** Oldest first. */
  async list(): Promise<AcceptedJob[]> {
    const rows = await this.#db.selectFrom('accepted_jobs').select('body').orderBy('seq').execute();
    return rows.map((row) => JSON.parse(row.body) as AcceptedJob);
  }

  async add(job: AcceptedJob): Promise<void> {
    await this.#db
      .insertInto('accepted_jobs')
      .values({ job_id: job.jobId, body: JSON.stringify(job) })
      .execute();
  }
}
