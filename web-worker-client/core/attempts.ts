/**
 * The leases of one tab. Per slot they form a queue in the order of arrival: one runs while the others fetch.
 * Invariant: at most one attempt of a slot is `running` or `stopping`.
 */
export interface Attempt {
  readonly attemptId: string;
  readonly slot: number;
  readonly blockId: string;
  readonly title: string;
  /** `following`: an orphan makes the same block; its outcome will be this one's. */
  state: 'fetching' | 'ready' | 'running' | 'stopping' | 'following';
  /** The coordinator has been told how it ended, or has given it up: nobody waits for its outcome. */
  settled: boolean;
  startedAtMs: number;
  /** It runs though its session was lost at this time: its block is worth telling late. */
  orphanedAtMs: number | undefined;
}

export class Attempts {
  readonly #byId = new Map<string, Attempt>();

  get(attemptId: string): Attempt | undefined {
    return this.#byId.get(attemptId);
  }

  all(): readonly Attempt[] {
    return [...this.#byId.values()];
  }

  ofSlot(slot: number): readonly Attempt[] {
    return this.all().filter((a) => a.slot === slot);
  }

  add(lease: Pick<Attempt, 'attemptId' | 'slot' | 'blockId' | 'title'>): Attempt {
    const attempt: Attempt = { ...lease, state: 'fetching', settled: false, startedAtMs: 0, orphanedAtMs: undefined };
    this.#byId.set(attempt.attemptId, attempt);
    return attempt;
  }

  remove(attemptId: string): void {
    this.#byId.delete(attemptId);
  }

  occupies(attempt: Attempt): boolean {
    return attempt.state === 'running' || attempt.state === 'stopping';
  }

  /** The attempt that the slot should run now: the oldest ready one, if nothing occupies the slot. */
  next(slot: number): Attempt | undefined {
    const queue = this.ofSlot(slot);
    if (queue.some((a) => this.occupies(a))) return undefined;
    return queue.find((a) => a.state === 'ready');
  }

  /** The orphan that makes this block, while it still runs. */
  orphanOf(blockId: string): Attempt | undefined {
    return this.all().find((a) => a.orphanedAtMs !== undefined && a.state === 'running' && a.blockId === blockId);
  }

  followersOf(orphan: Attempt): readonly Attempt[] {
    return this.all().filter((a) => a.state === 'following' && a.blockId === orphan.blockId);
  }

  /** Attempts whose outcome the coordinator still waits for. */
  unsettled(): readonly Attempt[] {
    return this.all().filter((a) => !a.settled);
  }
}
