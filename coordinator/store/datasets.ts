import type { Kysely } from 'kysely';
import type { DatasetRecord } from '../catalog/types.ts';
import type { Tables } from './schema.ts';

/** Datasets by name; names are one and the same when they differ only in case, as in SQL. */
export class DatasetStore {
  readonly #db: Kysely<Tables>;

  constructor(db: Kysely<Tables>) {
    this.#db = db;
  }

  /** All records, by name. */
  async list(): Promise<DatasetRecord[]> {
    const rows = await this.#db.selectFrom('datasets').select('record').orderBy('key').execute();
    return rows.map((row) => JSON.parse(row.record) as DatasetRecord);
  }

  async get(name: string): Promise<DatasetRecord | undefined> {
    const row = await this.#db.selectFrom('datasets').select('record').where('key', '=', name.toLowerCase()).executeTakeFirst();
    return row && (JSON.parse(row.record) as DatasetRecord);
  }

  /** Adds a record; a name in use is an error of the caller's. */
  async insert(record: DatasetRecord): Promise<void> {
    await this.#db
      .insertInto('datasets')
      .values({
        key: record.name.toLowerCase(),
        name: record.name,
        version: record.version,
        owner: record.owner,
        rows: record.rows,
        created_at_ms: record.createdAtMs,
        record: JSON.stringify(record),
      })
      .execute();
  }

  /** True when there was one. */
  async remove(name: string): Promise<boolean> {
    const done = await this.#db.deleteFrom('datasets').where('key', '=', name.toLowerCase()).executeTakeFirst();
    return done.numDeletedRows > 0n;
  }
}
