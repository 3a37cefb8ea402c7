/** Which relations of the coordinator's cache a connection's chains have made. */
import type { Http } from '../http.ts';
import type { RelationNode } from '../plan/relation-node.ts';
import { ProblemError } from '../problem.ts';
import type { CacheJson } from '../types.ts';

interface Named {
  readonly jobId: string;
  readonly name: string;
}

export class KeptRelations {
  readonly #http: Http;
  /** The job that named a step's relation last, and the name. */
  readonly #named = new WeakMap<RelationNode, Named>();

  constructor(http: Http) {
    this.#http = http;
  }

  /** A job was accepted whose plan keeps these. */
  submitted(jobId: string, kept: ReadonlyMap<RelationNode, string>): void {
    for (const [node, name] of kept) this.#named.set(node, { jobId, name });
  }

  /** Lets a step's blocks go. Nothing happens where no job has made them, or where they are gone already. */
  async release(node: RelationNode): Promise<void> {
    const named = this.#named.get(node);
    if (named === undefined) return;
    const { relations } = await this.#http.json<CacheJson>('GET', '/v1/cache');
    const found = relations.find(({ jobId, name }) => jobId === named.jobId && name === named.name);
    if (found === undefined) return;
    try {
      await this.#http.send('DELETE', `/v1/cache/${encodeURIComponent(found.id)}`);
    } catch (error) {
      if (!(error instanceof ProblemError && error.status === 404)) throw error;
    }
  }
}
