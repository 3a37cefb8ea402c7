/**
 * Access tokens. The store keeps SHA-256 hashes only; the plain text of the admin token and of the join tokens lies in
 * files of mode 0600 in the data directory, so that the command line on this machine finds them.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TokenStore } from '../store/tokens.ts';
import { ADMIN_NAME, type Identity, type Role } from './identity.ts';

export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

const FILES: { readonly [R in Role]: string } = {
  admin: 'admin.token',
  author: 'author.token',
  volunteer: 'volunteer.token',
};
/** Owner's name of what comes in with a join token. */
const NAMES: { readonly [R in Role]: string } = { admin: ADMIN_NAME, author: 'class', volunteer: 'volunteer' };

export class Tokens {
  readonly #dataDir: string;
  readonly #store: TokenStore;
  readonly #byHash = new Map<string, Identity>();

  private constructor(dataDir: string, store: TokenStore) {
    this.#dataDir = dataDir;
    this.#store = store;
  }

  /** `adminToken` replaces the one in the data directory, there too. */
  static async open(options: { dataDir: string; store: TokenStore; adminToken?: string | undefined }): Promise<Tokens> {
    const tokens = new Tokens(options.dataDir, options.store);
    for (const { hash, role, name } of await options.store.list()) tokens.#byHash.set(hash, { role, name });
    await tokens.#settleAdmin(options.adminToken);
    return tokens;
  }

  identify(token: string): Identity | undefined {
    return token.length > 512 ? undefined : this.#byHash.get(hashToken(token));
  }

  /** The join token of a role: made once, then the same for ever. */
  async joinToken(role: 'author' | 'volunteer'): Promise<string> {
    const found = await this.#readFile(role);
    if (found !== undefined && this.#byHash.get(hashToken(found))?.role === role) return found;
    return this.#make(role, undefined);
  }

  /** Another token, for a named author (tests, later administration). Returns its plain text; only the hash is kept. */
  async issue(role: Role, name: string): Promise<string> {
    if (name === ADMIN_NAME && role !== 'admin') throw new TypeError(`the name ${ADMIN_NAME} is the administrator's`);
    const token = newToken(role);
    await this.#keep(token, { role, name });
    return token;
  }

  async #settleAdmin(wanted: string | undefined): Promise<void> {
    const found = await this.#readFile('admin');
    const token = wanted ?? found;
    const known = token !== undefined && this.#byHash.get(hashToken(token))?.role === 'admin';
    if (token !== undefined && known && token === found) return;
    for (const [hash, identity] of this.#byHash) {
      if (identity.role !== 'admin') continue;
      this.#byHash.delete(hash);
      await this.#store.remove(hash);
    }
    await this.#make('admin', token);
  }

  async #make(role: Role, given: string | undefined): Promise<string> {
    const token = given ?? newToken(role);
    await mkdir(this.#dataDir, { recursive: true });
    await writeFile(join(this.#dataDir, FILES[role]), `${token}\n`, { mode: 0o600 });
    await this.#keep(token, { role, name: NAMES[role] });
    return token;
  }

  async #keep(token: string, identity: Identity): Promise<void> {
    const hash = hashToken(token);
    await this.#store.put({ hash, ...identity, createdAtMs: Date.now() });
    this.#byHash.set(hash, identity);
  }

  async #readFile(role: Role): Promise<string | undefined> {
    try {
      const text = (await readFile(join(this.#dataDir, FILES[role]), 'utf8')).trim();
      return text === '' ? undefined : text;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }
}

function newToken(role: Role): string {
  return `muster-${role}-${randomBytes(24).toString('base64url')}`;
}
