import type { Kysely } from 'kysely';
import type { ModuleRecord } from '../modules/module-record.ts';
import type { Tables } from './schema.ts';

/** Guest modules by digest and owner: two authors who upload the same bytes each have them. */
export class ModuleStore {
  readonly #db: Kysely<Tables>;

  constructor(db: Kysely<Tables>) {
    this.#db = db;
  }

  /** Oldest first. */
  async list(): Promise<ModuleRecord[]> {
    const rows = await this.#db.selectFrom('modules').select('record').orderBy('created_at_ms').orderBy('digest').execute();
    return rows.map((row) => JSON.parse(row.record) as ModuleRecord);
  }

  /** Adds a record, or replaces the owner's one of that digest. */
  async put(module: ModuleRecord): Promise<void> {
    const row = {
      digest: module.digest,
      owner: module.owner,
      name: module.name ?? null,
      created_at_ms: module.createdAtMs,
      record: JSON.stringify(module),
    };
    await this.#db
      .insertInto('modules')
      .values(row)
      .onConflict((conflict) => conflict.columns(['digest', 'owner']).doUpdateSet(row))
      .execute();
  }

  /** True when there was one. */
  async remove(digest: string, owner: string): Promise<boolean> {
    const done = await this.#db.deleteFrom('modules').where('digest', '=', digest).where('owner', '=', owner).executeTakeFirst();
    return done.numDeletedRows > 0n;
  }
}
