/** Sources that this page has had compiled: the same text again is not compiled again, as long as the coordinator has its module. */
import { type GuestModule, type Modules, ProblemError } from '../../client/index.ts';

const KEPT = 50;

export class CompiledSources {
  readonly #modules: () => Pick<Modules, 'compile' | 'get'>;
  /** Source -> digest, oldest use first. */
  readonly #digests = new Map<string, Promise<string>>();

  /** `modules`: asked each time, since another token makes another connection. */
  constructor(modules: () => Pick<Modules, 'compile' | 'get'>) {
    this.#modules = modules;
  }

  /** The digest of a module that the coordinator has now. Throws ProblemError, with `diagnostics` where the source does not compile. */
  digestOf(source: string, name: string): Promise<string> {
    const digest = this.#digest(this.#digests.get(source), source, name);
    this.#digests.delete(source);
    this.#digests.set(source, digest);
    for (const oldest of this.#digests.keys()) {
      if (this.#digests.size <= KEPT) break;
      this.#digests.delete(oldest);
    }
    return digest;
  }

  async #digest(before: Promise<string> | undefined, source: string, name: string): Promise<string> {
    const known = await before?.catch(() => undefined);
    if (known !== undefined && (await this.#isThere(known))) return known;
    const made: GuestModule = await this.#modules().compile(source, { name });
    return made.digest;
  }

  async #isThere(digest: string): Promise<boolean> {
    try {
      return (await this.#modules().get(digest)).digest === digest;
    } catch (error) {
      if (error instanceof ProblemError && error.status === 404) return false;
      throw error;
    }
  }
}
