import type { Kysely } from 'kysely';
import type { Tables } from './schema.ts';

export type TokenRole = 'admin' | 'author' | 'volunteer';

/** A token as it is kept: only its hash, so that a copy of the file gives nobody access. */
export interface TokenRecord {
  /** sha256 of the token, 64 hex digits. */
  readonly hash: string;
  readonly role: TokenRole;
  readonly name: string;
  /** Wall clock, ms since the epoch. */
  readonly createdAtMs: number;
}

export class TokenStore {
  readonly #db: Kysely<Tables>;

  constructor(db: Kysely<Tables>) {
    this.#db = db;
  }

  async list(): Promise<TokenRecord[]> {
    const rows = await this.#db.selectFrom('tokens').selectAll().orderBy('created_at_ms').orderBy('hash').execute();
    return rows.map((row) => ({
      hash: row.hash,
      role: row.role as TokenRole,
      name: row.name,
      createdAtMs: row.created_at_ms,
    }));
  }

  async find(hash: string): Promise<TokenRecord | undefined> {
    const row = await this.#db.selectFrom('tokens').selectAll().where('hash', '=', hash).executeTakeFirst();
    return row && { hash: row.hash, role: row.role as TokenRole, name: row.name, createdAtMs: row.created_at_ms };
  }

  /** Adds a token, or changes the role and name of one with the same hash. */
  async put(token: TokenRecord): Promise<void> {
    const { hash, role, name, createdAtMs } = token;
    await this.#db
      .insertInto('tokens')
      .values({ hash, role, name, created_at_ms: createdAtMs })
      .onConflict((conflict) => conflict.column('hash').doUpdateSet({ role, name }))
      .execute();
  }

  /** True when there was one. */
  async remove(hash: string): Promise<boolean> {
    const done = await this.#db.deleteFrom('tokens').where('hash', '=', hash).executeTakeFirst();
    return done.numDeletedRows > 0n;
  }
}
