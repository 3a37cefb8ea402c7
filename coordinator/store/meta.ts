import type { Kysely } from 'kysely';
import type { Tables } from './schema.ts';

/** Single values under a name: the signing key, the grid's own id. */
export class MetaStore {
  readonly #db: Kysely<Tables>;

  constructor(db: Kysely<Tables>) {
    this.#db = db;
  }

  async get(key: string): Promise<string | undefined> {
    const row = await this.#db.selectFrom('meta').select('value').where('key', '=', key).executeTakeFirst();
    return row?.value;
  }

  async set(key: string, value: string): Promise<void> {
    await this.#db
      .insertInto('meta')
      .values({ key, value })
      .onConflict((conflict) => conflict.column('key').doUpdateSet({ value }))
      .execute();
  }

  /** The value under `key`; `make` gives it the first time, and every caller gets that same one ever after. */
  async getOrCreate(key: string, make: () => string): Promise<string> {
    await this.#db
      .insertInto('meta')
      .values({ key, value: make() })
      .onConflict((conflict) => conflict.column('key').doNothing())
      .execute();
    const row = await this.#db.selectFrom('meta').select('value').where('key', '=', key).executeTakeFirstOrThrow();
    return row.value;
  }

  async remove(key: string): Promise<void> {
    await this.#db.deleteFrom('meta').where('key', '=', key).execute();
  }
}
